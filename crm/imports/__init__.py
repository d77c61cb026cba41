"""The kinds of records that files bring in; importing this package declares them all."""

from __future__ import annotations

from core.imports import job as _job  # noqa: F401 (registers the worker's part)
from crm.imports import contacts, customers, orders, products, stock, suppliers  # noqa: F401
