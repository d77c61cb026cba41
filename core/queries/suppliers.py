"""Suppliers: one record, and who can be chosen."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, select

from core.masks import Email, Phone
from core.parties import Supplier
from core.queries.products import Choice
from core.queries.reading import get_record


class SupplierRecord(NamedTuple):
    """A supplier with all that is kept about it."""

    id: int
    code: str
    name: str
    contact_name: str | None
    contact_title: str | None
    phone: Phone | None
    email: Email | None
    website: str | None
    street: str | None
    city: str | None
    region: str | None
    postal_code: str | None
    country: str
    created_at: datetime
    version: int


_RECORD = tuple(getattr(Supplier, name) for name in SupplierRecord._fields)


def get_supplier(connection: Connection, supplier_id: int) -> SupplierRecord:
    """One supplier. Raises NotFound."""
    return get_record(
        connection, select(*_RECORD).where(Supplier.id == supplier_id), SupplierRecord, "supplier", supplier_id
    )


def supplier_choices(connection: Connection) -> list[Choice]:
    """All suppliers by name."""
    return [Choice(*row) for row in connection.execute(select(Supplier.id, Supplier.name).order_by(Supplier.name))]
