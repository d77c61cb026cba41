"""Suppliers as data."""

from __future__ import annotations

from typing import NamedTuple

from core.errors import NotFound
from core.masks import Email, Phone
from core.queries.paging import Listing
from core.queries.reading import read_one
from core.statements import statement


class SupplierRecord(NamedTuple):
    """A supplier with the person to talk to and the address."""

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
    version: int


SELECT = """
    SELECT row.id, row.code, row.name, row.contact_name, row.contact_title, row.phone, row.email, row.website,
           row.street, row.city, row.region, row.postal_code, row.country, row.version
      FROM supplier AS row
"""
SUPPLIER = statement(
    "suppliers.record",
    SELECT + " WHERE row.id = %(supplier_id)s::bigint",
    tables="supplier",
    scope="system",
    fact=SupplierRecord,
)
SUPPLIERS = Listing(
    "suppliers.list",
    SELECT,
    "supplier",
    SupplierRecord,
    filters={
        "q": "concat_ws(' ', row.name, row.code, row.contact_name, row.city) ILIKE ALL (%(q)s::text[])",
        "code": "row.code = %(code)s",
    },
)


def get_supplier(supplier_id: int) -> SupplierRecord:
    """One supplier. Raises NotFound."""
    found: SupplierRecord | None = read_one(SUPPLIER(supplier_id=supplier_id))
    if found is None:
        raise NotFound("supplier", supplier_id)
    return found
