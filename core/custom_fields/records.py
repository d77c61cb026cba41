"""Which types of records may have custom fields: each declares itself once, and has them then everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from core.catalog import Product
from core.parties import Contact, Customer, Supplier


@dataclass(frozen=True)
class RecordType:
    """A type of records: its table's name and model, and the permissions that read and write a record of it."""

    name: str
    model: Any
    read: str
    write: str


RECORD_TYPES: Final[dict[str, RecordType]] = {}


def has_custom_fields(model: Any, read: str, write: str) -> RecordType:
    """Declares that records of a model may have custom fields. Its commands take and answer `custom`, by
    `core.custom_fields.writing`; its pages, calls and lists ask by the name of its table."""
    declared = RecordType(model.__tablename__, model, read, write)
    RECORD_TYPES[declared.name] = declared
    return declared


CUSTOMER = has_custom_fields(Customer, "customers.read", "customers.write")
CONTACT = has_custom_fields(Contact, "customers.read", "customers.write")
PRODUCT = has_custom_fields(Product, "products.read", "products.write")
SUPPLIER = has_custom_fields(Supplier, "suppliers.read", "suppliers.write")
