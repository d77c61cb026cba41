"""The list of suppliers."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, and_, func, or_, select, true

from core.catalog import Product
from core.lists.custom import added
from core.lists.edits import Editing, edit_fields
from core.lists.kinds import Kind
from core.lists.source import Column, Source, columns_of
from core.masks import EMAILS, PHONES
from core.parties import Supplier
from core.suppliers import change_supplier

MOST_WORDS: Final = 8
_products = select(func.count()).where(Product.supplier_id == Supplier.id).correlate(Supplier).scalar_subquery()


def _words(words: str) -> ColumnElement[bool]:
    """Every word stands in the name, the code, the contact or the town."""
    columns = (Supplier.name, Supplier.code, Supplier.contact_name, Supplier.city)
    return and_(
        true(),
        *(or_(*(column.icontains(word, autoescape=True) for column in columns)) for word in words.split()[:MOST_WORDS]),
    )


SUPPLIERS: Final = Source(
    name="suppliers",
    root=Supplier,
    identity=Supplier.id,
    where=lambda: (),
    joins={},
    columns=columns_of(
        Column(name="name", kind=Kind.TEXT, value=Supplier.name, order=Supplier.name),
        Column(name="code", kind=Kind.TEXT, value=Supplier.code, order=Supplier.code),
        Column(name="contact_name", kind=Kind.TEXT, value=Supplier.contact_name),
        Column(name="contact_title", kind=Kind.TEXT, value=Supplier.contact_title),
        Column(name="phone", kind=Kind.TEXT, value=Supplier.phone, mask=PHONES),
        Column(name="email", kind=Kind.TEXT, value=Supplier.email, mask=EMAILS),
        Column(name="website", kind=Kind.TEXT, value=Supplier.website),
        Column(name="street", kind=Kind.TEXT, value=Supplier.street),
        Column(name="postal_code", kind=Kind.TEXT, value=Supplier.postal_code),
        Column(name="city", kind=Kind.TEXT, value=Supplier.city, groups=True),
        Column(name="region", kind=Kind.TEXT, value=Supplier.region, groups=True),
        Column(name="country", kind=Kind.TEXT, value=Supplier.country, groups=True),
        Column(name="products", kind=Kind.NUMBER, value=_products),
        Column(name="created_at", kind=Kind.MOMENT, value=Supplier.created_at, order=Supplier.created_at, groups=True),
    ),
    added=added("supplier", Supplier.id),
    matches=_words,
)

edit_fields(
    "suppliers",
    Editing(
        Supplier,
        "suppliers.write",
        change_supplier,
        {
            name: name
            for name in (
                "contact_name",
                "contact_title",
                "phone",
                "email",
                "website",
                "street",
                "postal_code",
                "city",
                "region",
                "country",
            )
        },
        {},
    ),
)
