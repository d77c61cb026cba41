"""How the product looks for one person on one browser: theme, contrast, density, language, single-key shortcuts.

Kept in a cookie, so that it works before sign-in and costs no query; the language is also kept with the user, for
mails and other browsers.
"""

from __future__ import annotations

from typing import Final

from flask import Flask, current_app, g, request
from flask_babel import refresh
from werkzeug.utils import redirect
from werkzeug.wrappers import Response

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
    """The choices in force, from the cookie; anything unknown is the first choice."""
    values = (request.cookies.get(COOKIE) or "").split(".")
    chosen = dict(zip(CHOICES, values, strict=False))
    return {name: chosen[name] if chosen.get(name) in allowed else allowed[0] for name, allowed in CHOICES.items()}


@area.route("", permission=PUBLIC, methods=["POST"])
def save() -> Response:
    """Remember the choices and go back to where they were made."""
    chosen = display()
    for name, allowed in CHOICES.items():
        wish = request.form.get(name)
        if wish in allowed:
            chosen[name] = wish
    response = redirect(safe_target(request.form.get("next")), 303)
    _remember(response, COOKIE, ".".join(chosen.values()))
    wish = request.form.get("language")
    if wish in LANGUAGES:
        _remember(response, LANGUAGE_COOKIE, wish)
        remember_user = current_app.extensions.get("remember_language")
        if remember_user and g.actor is not None:
            remember_user(g.actor, wish)
        refresh()
    return response


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
