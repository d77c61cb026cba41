"""The application factory."""

from __future__ import annotations

import importlib
import importlib.util
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import structlog
from flask import Flask, Request, g, request
from flask.sessions import SecureCookieSessionInterface
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map
from werkzeug.wrappers import Response

import web.uploads  # noqa: F401 (its sentences)
from core import mail, sealing
from core.custom_fields.definitions import begin_defining, end_defining
from core.masks import NOTHING, begin_showing, end_showing
from core.scope import begin_viewing, end_viewing
from web import compression, errors, filters, i18n, limits, navigation, permissions, preferences, static_files
from web.csrf import MaskedTokens
from web.custom_fields import names as _custom_names  # noqa: F401 (its sentences)
from web.custom_fields.forms import known_references
from web.history.records import history_address, history_here
from web.http import new_idempotency_key
from web.lists import place
from web.lists.address import export_address, here_with
from web.requests import ReadableRequest
from web.talk.files import size_text
from web.talk.records import talk_of
from web.talk.texts import said

ActorLoader = Callable[[Request], Any]

AREAS: Final = (
    "web.home",
    "web.customers",
    "web.contacts",
    "web.opportunities",
    "web.quotations",
    "web.orders",
    "web.activities",
    "web.products",
    "web.stock",
    "web.warehouses",
    "web.suppliers",
    "web.shipments",
    "web.invoices",
    "web.payments",
    "web.ledger",
    "web.reports",
    "web.approvals",
    "web.search",
    "web.settings",
    "web.users",
    "web.history",
    "web.talk",
    "web.notices",
    "web.sign_in",
    "web.account",
    "web.setup",
    "web.health",
    "web.menu",
    "web.help",
    "web.lists",
    "web.exports",
    "web.imports",
    "web.reveal",
    "web.undo",
    "web.api",
)

CONTENT_SECURITY_POLICY: Final = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
SECURITY_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=(), payment=(), usb=()",
}
FORM_LIFETIME_SECONDS: Final = 12 * 3600
LARGEST_BODY_BYTES: Final = 16 * 1024 * 1024
# Files to be brought in, at most two of them.
LARGEST_BODIES: Final = {"imports.create": 42_000_000, "api.create_import": 42_000_000}

csrf = MaskedTokens()


class GuardedSessions(SecureCookieSessionInterface):
    """Signed session cookies that are marked Secure whenever the request came by https."""

    def open_session(self, app: Flask, request: Request) -> Any:
        """The session of the cookie; a call of the API has none, whatever cookies come with it."""
        if request.path.startswith("/api/"):
            return self.session_class()
        return super().open_session(app, request)

    def get_cookie_name(self, app: Flask) -> str:
        """By https the browser itself holds the cookie to this host: a neighbour below the same domain plants none
        with a form's token, or a way to a provider, that he knows."""
        name = super().get_cookie_name(app)
        return f"__Host-{name}" if request.is_secure else name

    def get_cookie_secure(self, app: Flask) -> bool:
        return request.is_secure


class RecordId(IntegerConverter):
    """A whole number that the database can hold; anything larger is an address that does not exist."""

    def __init__(self, url_map: Map, *arguments: Any, **named: Any) -> None:
        super().__init__(url_map, *arguments, **{"max": 2**63 - 1, **named})


def create_app(settings: Any = None, *, load_actor: ActorLoader | None = None) -> Flask:
    """Build the application. Raises `web.permissions.UndeclaredRoute` when any route lacks a permission.

    `settings` is what `core.config` answers (default: read from the environment). `load_actor` replaces the sign-
    in, for tests and the style guide.
    """
    app = Flask(__name__, static_folder=None, template_folder=str(Path(__file__).parent.parent / "templates"))
    app.request_class = ReadableRequest
    app.url_map.converters["int"] = RecordId
    app.extensions["settings"] = settings = settings if settings is not None else _read_settings()
    _configure(app, settings)
    mail.configure(settings)
    sealing.configure(settings.secret_key)
    compression.install(app)  # first, so that it sees what all others have made of an answer
    limits.install(app, settings)
    _load_requests(app, load_actor)
    i18n.install(app)
    csrf.init_app(app)
    filters.install(app)
    _install_template_names(app)
    errors.install(app)
    static_files.install(app)
    preferences.install(app)
    place.install(app)
    for name in AREAS:
        _register(app, name)
    if not _is_production(settings):
        _register(app, "web.styleguide")
    permissions.verify(app, _known_permissions())
    return app


def _read_settings() -> Any:
    from core.config import load_settings

    return load_settings()


def _is_production(settings: Any) -> bool:
    return str(getattr(settings, "environment", "production")) == "production"


def _configure(app: Flask, settings: Any) -> None:
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=FORM_LIFETIME_SECONDS,
        MAX_CONTENT_LENGTH=LARGEST_BODY_BYTES,
        PROVIDE_AUTOMATIC_OPTIONS=False,
        TEMPLATES_AUTO_RELOAD=not _is_production(settings),
    )
    app.session_interface = GuardedSessions()
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    # Without this everybody behind the proxy would be one address, and https would not be seen.
    proxies = int(getattr(settings, "trusted_proxies", 0))
    if proxies:
        proxied = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)
        app.wsgi_app = proxied  # type: ignore[method-assign]


def _load_requests(app: Flask, load_actor: ActorLoader | None) -> None:
    """What happens around each request: number, actor, permission before; headers after."""
    by_session = load_actor or _find("web.sign_in.session", "load_actor")
    by_token = load_actor or _find("web.api.auth", "load_actor")

    @app.before_request
    def begin() -> Any:
        g.request_id = secrets.token_hex(8)
        g.actor = None
        if request.endpoint in LARGEST_BODIES:  # before anything reads the form
            request.max_content_length = LARGEST_BODIES[request.endpoint]
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id, method=request.method, path=request.path)
        if request.endpoint != "assets.file":
            loader = by_token if permissions.is_api_request() else by_session
            g.actor = loader(request) if loader else None
        g.viewing = begin_viewing(g.actor.viewer if g.actor else None)
        g.showing = begin_showing(g.actor.permissions if g.actor else NOTHING)
        g.defining = begin_defining(g.actor.custom_fields_version if g.actor else None)
        refused = permissions.guard(app)
        if refused is None:
            limits.hold_back(app)
        return refused

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        defined = g.pop("defining", None)
        if defined is not None:
            end_defining(defined)
        shown = g.pop("showing", None)
        if shown is not None:
            end_showing(shown)
        token = g.pop("viewing", None)
        if token is not None:
            end_viewing(token)

    @app.after_request
    def finish(response: Response) -> Response:
        present = {name.lower() for name, _ in response.headers}
        missing = [(name, value) for name, value in SECURITY_HEADERS.items() if name.lower() not in present]
        response.headers.extend(missing)  # one look instead of one per header: this runs on every call of the API
        if request.is_secure:
            response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
        response.headers["X-Request-ID"] = getattr(g, "request_id", "")
        if request.endpoint != "assets.file":
            response.headers.setdefault("Cache-Control", "no-store")
            if not permissions.is_api_request():
                response.vary.update(["Cookie", "HX-Request"])
        return response


def _find(module: str, name: str) -> Any:
    """A function of a module that may not be there."""
    return getattr(importlib.import_module(module), name) if _exists(module) else None


def _exists(module: str) -> bool:
    try:
        spec = importlib.util.find_spec(module)
    except ModuleNotFoundError:
        return False
    return spec is not None and spec.origin is not None


def _register(app: Flask, module: str) -> None:
    if not _exists(module):
        return
    loaded = importlib.import_module(module)
    app.register_blueprint(loaded.area)
    if module == "web.api":
        csrf.exempt(loaded.area)


def _known_permissions() -> frozenset[str] | None:
    """All names of `core.permissions`."""
    names = _find("core.permissions", "PERMISSIONS")
    return None if names is None else frozenset(str(name) for name in names)


def _install_template_names(app: Flask) -> None:
    app.jinja_env.globals.update(
        may=permissions.may,
        may_uncover=permissions.may_uncover,
        sees_some=permissions.sees_some,
        language=i18n.language,
        language_names=i18n.LANGUAGE_NAMES,
        new_idempotency_key=new_idempotency_key,
        nav_sections=navigation.sections,
        nav_settings=navigation.settings_items,
        nav_new=navigation.new_items,
        nav_tabs=navigation.tabs,
        known_references=known_references,
        link=navigation.link,
        here_with=here_with,
        export_address=export_address,
        history_address=history_address,
        history_here=history_here,
        place_here=place.place_here,
        talk_of=talk_of,
        said=said,
        size_text=size_text,
        bell_count=navigation.waiting("notices"),
        has_endpoint=lambda endpoint: endpoint in app.view_functions,
    )
