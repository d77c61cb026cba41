"""How the product looks for one person on one browser: theme, contrast, density, language, single-key shortcuts.

Kept in a cookie, so that it works before sign-in and costs no query; the language is also kept with the user, for
mails and other browsers.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Flask, g, request
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

from core.command import run
from core.context import Context
from core.users import change_preferences
from web.http import safe_target
from web.i18n import LANGUAGE_COOKIE, LANGUAGES
from web.permissions import PUBLIC, Area

area = Area("preferences", __name__, url_prefix="/preferences")

CHOICES: Final = {
    "theme": ("auto", "light", "dark"),
    "contrast": ("normal", "high"),
    "density": ("normal", "compact", "roomy"),
    "shortcuts": ("on", "off"),
}
COOKIE: Final = "display"
ONE_YEAR_SECONDS: Final = 365 * 24 * 3600


def display() -> dict[str, str]:
    """The choices in force: the signed-in user's own, else the cookie's; anything unknown is the first choice."""
    values = (request.cookies.get(COOKIE) or "").split(".")
    chosen = dict(zip(CHOICES, values, strict=False))
    own = getattr(getattr(g, "actor", None), "preferences", None)
    if own is not None:
        chosen = {name: getattr(own, name) for name in ("theme", "contrast", "density")}
        chosen["shortcuts"] = "on" if own.shortcuts else "off"
    return {name: chosen[name] if chosen.get(name) in allowed else allowed[0] for name, allowed in CHOICES.items()}


@area.route("", permission=PUBLIC, methods=["POST"])
def save() -> Response:
    """Remember the choices, in the cookie and with the signed-in user, and go back to where they were made."""
    wishes = {name: wish for name, allowed in CHOICES.items() if (wish := request.form.get(name)) in allowed}
    chosen = display() | wishes
    response = redirect(safe_target(request.form.get("next")), 303)
    _remember(response, COOKIE, ".".join(chosen[name] for name in CHOICES))
    language = request.form.get("language")
    if language in LANGUAGES:
        _remember(response, LANGUAGE_COOKIE, language)
    if getattr(g.actor, "preferences", None) is not None:
        values: dict[str, Any] = {name: wish for name, wish in wishes.items() if name != "shortcuts"}
        if "shortcuts" in wishes:
            values["shortcuts"] = wishes["shortcuts"] == "on"
        if language in LANGUAGES:
            values["language"] = language
        # What was chosen last is what counts, so that sending it twice is no harm: this form needs no key.
        run(change_preferences, values, context=_context())
    return response


def _context() -> Context:
    return Context(
        actor=g.actor, address=request.remote_addr, request_id=g.request_id, route="POST preferences.save",
        channel="browser",
    )  # fmt: skip


def _remember(response: Response, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=ONE_YEAR_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure,
    )


def install(app: Flask) -> None:
    """Offer `display` to templates."""
    app.jinja_env.globals["display"] = display
    app.register_blueprint(area)
