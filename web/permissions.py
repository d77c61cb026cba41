"""Every route says who may use it.

`Area` is the Blueprint of this product: its `route` demands a permission. `verify` walks all endpoints and methods
of an application and refuses
one that nobody declared; `guard` enforces the declaration before each request and denies whatever it does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from flask import Blueprint, Flask, abort, g, redirect, request, url_for
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.wrappers import Response

from core.errors import DomainError, PermissionDenied
from core.masks import sees

PUBLIC: Final = "public"
"""Anybody, signed in or not."""
SIGNED_IN: Final = "signed in"
"""Any signed-in user, whatever the role."""

# Every endpoint that may be public, so that a slip of the keyboard opens no door.
PUBLIC_ENDPOINTS: Final = frozenset(
    {
        "assets.file",
        "preferences.save",
        "sign_in.form",
        "sign_in.submit",
        "sign_in.second",
        "sign_in.finish",
        "sign_in.second_options",
        "sign_in.second_passkey",
        "sign_in.passkey_options",
        "sign_in.by_passkey",
        # Who forgot his password, and who comes from a provider, is nobody yet.
        "sign_in.forgot",
        "sign_in.send_reset",
        "sign_in.reset",
        "sign_in.set_password",
        "sign_in.oidc_start",
        "sign_in.oidc_callback",
        "setup.form",
        "setup.submit",
        "health.healthz",
        "health.readyz",
        "api.openapi",
        "api.docs",
    }
)

# What is open to somebody who must set up a second factor and has not yet: that, signing out, how pages look.
ENROLMENT_ENDPOINTS: Final = frozenset(
    {
        "account.index",
        "account.prove",
        "account.prove_submit",
        "account.authenticator",
        "account.authenticator_begin",
        "account.authenticator_confirm",
        "account.authenticator_picture",
        "account.passkey_new",
        "account.passkey_options",
        "account.passkey_register",
        "sign_in.sign_out",
        "preferences.save",
    }
)

_UNSAFE_FREE: Final = frozenset({"HEAD", "OPTIONS"})
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
# All that somebody may do while he looks at the product as another person sees it.
WHILE_VIEWING_AS: Final = frozenset({"users.stop_viewing", "sign_in.sign_out"})


class UndeclaredRoute(RuntimeError):
    """A route without a permission, or a public one that is not on the public list. The application does not start."""


@dataclass(frozen=True, slots=True)
class RouteRow:
    """One line of the permission matrix."""

    rule: str
    method: str
    endpoint: str
    permission: str


class Area(Blueprint):
    """A Blueprint whose routes must declare a permission: a name of `core.permissions`, `PUBLIC` or `SIGNED_IN`."""

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Callable[..., Any] | None = None,
        provide_automatic_options: bool | None = None,
        *,
        permission: str | None = None,
        limit: str | None = None,
        **options: Any,
    ) -> None:
        """Register a rule; `limit` is its kind in `web.limits`. Raises `UndeclaredRoute` when `permission` is
        missing."""
        name = endpoint or (view_func.__name__ if view_func else rule)
        if not permission:
            raise UndeclaredRoute(f"{self.name}.{name} ({rule}) declares no permission")
        super().add_url_rule(rule, endpoint, view_func, provide_automatic_options, **options)
        methods = options.get("methods") or ("GET",)
        self.record(
            lambda state: declare(
                state.app, f"{state.name_prefix}.{state.name}.{name}".lstrip("."), methods, permission, limit
            )
        )


def declare(app: Any, endpoint: str, methods: Iterable[str], permission: str, limit: str | None = None) -> None:
    """Write down who may call an endpoint by these methods, and how often. Raises `UndeclaredRoute` on a
    contradiction."""
    declared: dict[tuple[str, str], str] = app.extensions.setdefault("route_permissions", {})
    limits: dict[tuple[str, str], str] = app.extensions.setdefault("route_limits", {})
    for method in methods:
        key = (endpoint, method.upper())
        if limit:
            limits[key] = limit
        if declared.setdefault(key, permission) != permission:
            raise UndeclaredRoute(f"{endpoint} {method} is declared both {declared[key]!r} and {permission!r}")


def route_matrix(app: Flask) -> list[RouteRow]:
    """All routes with their permission, sorted; an undeclared one has an empty permission."""
    declared = app.extensions.get("route_permissions", {})
    rows = {
        RouteRow(rule.rule, method, rule.endpoint, declared.get((rule.endpoint, method), ""))
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - _UNSAFE_FREE
    }
    return sorted(rows, key=lambda row: (row.rule, row.method))


def verify(app: Flask, known: Iterable[str] | None = None) -> None:
    """Raise `UndeclaredRoute` naming every route that lacks a permission, names an unknown one, or is public without
    being listed.
    """
    names = None if known is None else set(known) | {PUBLIC, SIGNED_IN}
    faults = []
    for row in route_matrix(app):
        if not row.permission:
            faults.append(f"{row.method} {row.rule} ({row.endpoint}): no permission")
        elif row.permission == PUBLIC and row.endpoint not in PUBLIC_ENDPOINTS:
            faults.append(f"{row.method} {row.rule} ({row.endpoint}): public, but not on the public list")
        elif names is not None and row.permission not in names:
            faults.append(f"{row.method} {row.rule} ({row.endpoint}): unknown permission {row.permission!r}")
    if faults:
        raise UndeclaredRoute("; ".join(faults))


def required_permission(app: Flask, endpoint: str, method: str) -> str:
    """The permission declared for an endpoint and method, empty when there is none."""
    method = "GET" if method == "HEAD" else method
    return app.extensions.get("route_permissions", {}).get((endpoint, method), "")


def may_uncover(kind: str) -> bool:
    """Whether who is signed in may uncover masked values of a kind, one by one and on record."""
    return may(f"{kind}.unmask")


def sees_some(kind: str) -> bool:
    """Whether values of a kind are worth a column: seen in the clear, or uncovered by a click."""
    return sees(kind) or may_uncover(kind)


def may(permission: str, actor: Any = None) -> bool:
    """Whether the actor (default: who is signed in) has the permission. Anything unclear is no."""
    if permission == PUBLIC:
        return True
    actor = actor if actor is not None else getattr(g, "actor", None)
    if actor is None:
        return False
    if permission == SIGNED_IN:
        return True
    return bool(permission) and bool(actor.may(permission))


def must_enrol() -> bool:
    """Whether who is signed in must set up a second factor before anything else (the company's setting)."""
    return bool(getattr(getattr(g.actor, "preferences", None), "must_enrol", False))


def is_api_request() -> bool:
    """Whether the answer is for a machine (problem+json) instead of a person."""
    return request.path.startswith("/api/")


def guard(app: Flask) -> Response | None:
    """Before each request: let through, send to sign-in, or refuse (401 for the API, 403)."""
    if request.endpoint is None or request.routing_exception is not None:
        return None
    permission = required_permission(app, request.endpoint, request.method)
    if not permission:
        abort(403)
    if g.actor is not None and g.actor.read_only and not _changes_nothing():
        raise DomainError("viewing_as", http_status=403, name=g.actor.name)
    if permission != PUBLIC and must_enrol() and request.endpoint not in ENROLMENT_ENDPOINTS:
        return redirect(url_for("account.index"), 303)
    if may(permission):
        return None
    if g.actor is not None:
        if is_api_request():
            raise PermissionDenied(permission)
        abort(403, description=permission)
    if is_api_request():
        abort(401, www_authenticate=WWWAuthenticate("bearer"))
    if "sign_in.form" not in app.view_functions:
        abort(401)
    return redirect(url_for("sign_in.form", next=_return_address()), 303)


def _changes_nothing() -> bool:
    return request.method in SAFE or request.endpoint in WHILE_VIEWING_AS


def _return_address() -> str | None:
    """Where to go back to after sign-in: the page asked for, or for a post the page it came from is unknown, so the
    start.
    """
    return request.full_path.rstrip("?") if request.method in {"GET", "HEAD"} else None
