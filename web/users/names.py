"""What permissions, roles and scopes are called."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from flask_babel import gettext as _

from core.permissions import PERMISSIONS
from web.i18n import language

# Areas in the order in which they are shown; each holds the permissions whose names begin so.
AREAS = {
    "general": ("imports", "home", "api", "exports", "views", "comments", "files"),
    "customers": ("customers", "activities"),
    "sales": ("opportunities", "quotations", "orders"),
    "goods": ("products", "stock", "warehouses", "suppliers"),
    "money": ("invoices", "payments", "banks", "ledger", "periods", "reports"),
    "confidential": ("phones", "emails", "costs", "margins", "bank_details"),
    "administration": ("company", "custom_fields", "users", "audit", "approvals"),
}


class AreaOfPermissions(NamedTuple):
    """Permissions that belong together."""

    key: str
    label: str
    permissions: list[str]


def permission_text(name: str) -> str:
    """What a permission lets one do, in the language of the request; its name where it is no permission any more."""
    return _(PERMISSIONS[name]) if name in PERMISSIONS else name


def areas() -> list[AreaOfPermissions]:
    """All permissions by area."""
    labels = {
        "general": _("Basics"),
        "customers": _("Customers"),
        "sales": _("Sell"),
        "goods": _("Stock"),
        "money": _("Money"),
        "confidential": _("Confidential data"),
        "administration": _("Administration"),
    }
    return [
        AreaOfPermissions(key, labels[key], [name for name in PERMISSIONS if name.split(".")[0] in prefixes])
        for key, prefixes in AREAS.items()
    ]


def role_name(role: Any) -> str:
    """A role's name in the language of the request."""
    return role.name_zh if language() == "zh" else role.name


def listed(texts: Iterable[str]) -> str:
    """Names in a row, as the language writes it."""
    return ("、" if language() == "zh" else ", ").join(texts)


def role_names(roles: Iterable[Any]) -> str:
    """Names of roles, in a row."""
    return listed(role_name(role) for role in roles)


def scope_name(scope: str) -> str:
    """Whose records a role shows, in two words."""
    return {"own": _("Own"), "team": _("Team"), "region": _("Sales region"), "all": _("All")}[scope]


def scope_text(scope: str) -> str:
    """The same in a sentence."""
    return {
        "own": _("Customers one owns, with all that is theirs, and those shared with one."),
        "team": _("Also what colleagues of one's team, and of teams below it, own."),
        "region": _("Also what everybody in one's sales region owns."),
        "all": _("Every customer and every document."),
    }[scope]
