"""Imports every module that declares models, so that metadata is whole for migrations and checks."""

from __future__ import annotations

import importlib

MODULES = (
    "core.trace",
    "core.rate_limits",
    "core.organization",
    "core.credentials",
    "core.approvals.models",
    "core.parties",
    "core.leaving",
    "core.catalog",
    "core.lists.saved",
    "core.lists.bulk_models",
    "core.talk.models",
    "core.recent",
    "core.search_entries",
    "core.custom_fields.models",
    "core.mail_models",
    "core.oidc_models",
    "core.imports.models",
    "finance.models",
    "inventory.models",
    "crm.models",
)


def import_all_models() -> None:
    """Loads all models. Called by name, since core may not import what stands on it."""
    for name in MODULES:
        importlib.import_module(name)
