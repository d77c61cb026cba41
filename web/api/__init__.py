"""The JSON API: the same domain functions as the pages, under /api/v1. Operations are declared beside their handlers
and described from there at /api/v1/openapi.json."""

from web.api import (
    banks,
    categories,
    customers,
    documentation,
    invoices,
    ledger,
    opportunities,
    orders,
    payments,
    periods,
    products,
    quotations,
    sentences,
    stock,
    tasks,
    users,
)
from web.api.operation import area

__all__ = [
    "area",
    "banks",
    "categories",
    "customers",
    "documentation",
    "invoices",
    "ledger",
    "opportunities",
    "orders",
    "payments",
    "periods",
    "products",
    "quotations",
    "sentences",
    "stock",
    "tasks",
    "users",
]
