"""The list of the people at all customers."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, and_, or_, true

from core.lists.custom import added
from core.lists.kinds import Kind
from core.lists.source import Column, Join, Source, columns_of
from core.masks import EMAILS, PHONES, sees
from core.organization import User
from core.parties import Contact, Customer
from core.queries.words import MOST_WORDS, matches_customer
from core.scope import visible_rows


def _words(words: str) -> ColumnElement[bool]:
    """Every word stands in the person's name or title, or in a phone or address that who asks sees; or the words find
    the customer."""
    columns: list[Any] = [Contact.name, Contact.title]
    columns += [Contact.phone] if sees(PHONES) else []
    columns += [Contact.email] if sees(EMAILS) else []
    person = and_(
        true(),
        *(or_(*(column.icontains(word, autoescape=True) for column in columns)) for word in words.split()[:MOST_WORDS]),
    )
    return or_(person, matches_customer(Customer, words))


CONTACTS: Final = Source(
    name="contacts",
    root=Contact,
    identity=Contact.id,
    where=lambda: (Customer.merged_into_id.is_(None), visible_rows(Customer)),
    joins={
        "customer": Join(Customer, Customer.id == Contact.customer_id),
        "owner": Join(User, User.id == Customer.owner_id),
    },
    columns=columns_of(
        Column(
            name="name", kind=Kind.TEXT, value=Contact.name, order=Contact.name,
            also=("customer", "do_not_call", "is_active"),
        ),
        Column(name="title", kind=Kind.TEXT, value=Contact.title),
        Column(
            name="customer", kind=Kind.REFERENCE, value=Contact.customer_id, label=Customer.name, refers="customer",
            groups=True,
        ),
        Column(name="phone", kind=Kind.TEXT, value=Contact.phone, mask=PHONES, also=("do_not_call",)),
        Column(name="email", kind=Kind.TEXT, value=Contact.email, mask=EMAILS),
        Column(name="decision_power", kind=Kind.TEXT, value=Contact.decision_power, groups=True),
        Column(name="preferred_channel", kind=Kind.CHOICE, value=Contact.preferred_channel, groups=True),
        Column(name="do_not_call", kind=Kind.FLAG, value=Contact.do_not_call, groups=True),
        Column(
            name="owner", kind=Kind.REFERENCE, value=Customer.owner_id, label=User.name, refers="user",
            needs=("owner",), groups=True,
        ),
        Column(name="industry", kind=Kind.TEXT, value=Customer.industry, groups=True),
        Column(name="city", kind=Kind.TEXT, value=Customer.city, groups=True),
        Column(name="country", kind=Kind.TEXT, value=Customer.country, groups=True),
        Column(name="is_active", kind=Kind.FLAG, value=Contact.is_active, groups=True),
        Column(name="created_at", kind=Kind.MOMENT, value=Contact.created_at, order=Contact.created_at, groups=True),
    ),
    added=added("contact", Contact.id),
    matches=_words,
    always=("customer",),
)  # fmt: skip
