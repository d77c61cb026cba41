"""The modules whose consumers act on events: named in one place for the worker, which applies them, and for the
integrity check, which looks whether they were applied."""

from __future__ import annotations

import importlib

CONSUMER_MODULES = (
    "inventory.alerts",
    "crm.notices",
    "crm.departure_job",
    "crm.imports",
    "core.approvals.notices",
    "core.lists.bulk",
    "crm.lists.activities",
    "crm.lists.editing",
    "crm.lists.orders",
    "crm.lists.quotations",
    "core.lists.suppliers",
    "inventory.lists.products",
    "finance.lists.tasks",
    "core.mail",
    "core.digest",
    "core.password_links",
    "web.mails",
)


def load() -> None:
    """Registers all consumers of this installation in `core.outbox.CONSUMERS`."""
    for module in CONSUMER_MODULES:
        importlib.import_module(module)
