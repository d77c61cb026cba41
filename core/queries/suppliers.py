"""Suppliers: the list, one record, and who can be chosen."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, func, or_, select

from core.catalog import Product
from core.masks import Email, Phone
from core.parties import Supplier
from core.queries.paging import AnySelect, Page, Window, fetch_page
from core.queries.products import Choice
from core.queries.reading import get_record


class SupplierRow(NamedTuple):
    """One line of the list of suppliers."""

    id: int
    code: str
    name: str
    contact_name: str | None
    phone: Phone | None
    city: str | None
    country: str
    products: int


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
_PRODUCTS = select(Product.supplier_id, func.count().label("number")).group_by(Product.supplier_id).subquery("supplied")


def list_suppliers(connection: Connection, window: Window, *, search: str = "") -> Page[SupplierRow]:
    """Suppliers whose name, code, contact or town holds every word of `search`."""
    query: AnySelect = select(
        Supplier.id,
        Supplier.code,
        Supplier.name,
        Supplier.contact_name,
        Supplier.phone,
        Supplier.city,
        Supplier.country,
        func.coalesce(_PRODUCTS.c.number, 0).label("products"),
    ).outerjoin(_PRODUCTS, _PRODUCTS.c.supplier_id == Supplier.id)
    for word in search.split()[:8]:
        columns = (Supplier.name, Supplier.code, Supplier.contact_name, Supplier.city)
        query = query.where(or_(*[column.icontains(word, autoescape=True) for column in columns]))
    sorting = window.sorting({"name": Supplier.name}, Supplier.id)
    return fetch_page(connection, query, SupplierRow, sorting, window)


def get_supplier(connection: Connection, supplier_id: int) -> SupplierRecord:
    """One supplier. Raises NotFound."""
    return get_record(
        connection, select(*_RECORD).where(Supplier.id == supplier_id), SupplierRecord, "supplier", supplier_id
    )


def supplier_choices(connection: Connection) -> list[Choice]:
    """All suppliers by name."""
    return [Choice(*row) for row in connection.execute(select(Supplier.id, Supplier.name).order_by(Supplier.name))]
