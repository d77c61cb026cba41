"""Contacts and addresses of a customer."""

from __future__ import annotations

from typing import NamedTuple

from core.masks import Email, Phone
from core.queries.paging import Listing
from core.statements import statement


class ContactRecord(NamedTuple):
    """One contact. `do_not_call` is shown wherever a call could start."""

    id: int
    customer_id: int
    name: str
    title: str | None
    decision_power: str | None
    phone: Phone | None
    email: Email | None
    preferred_channel: str | None
    do_not_call: bool
    note: str | None
    is_active: bool
    version: int


CONTACTS = Listing(
    "contacts.list",
    """
    SELECT row.id, row.customer_id, row.name, row.title, row.decision_power, row.phone, row.email,
           row.preferred_channel, row.do_not_call, row.note, row.is_active, row.version
      FROM contact AS row JOIN customer ON customer.id = row.customer_id AND customer.merged_into_id IS NULL
    """,
    "contact customer",
    ContactRecord,
    filters={
        "customer_id": "row.customer_id = %(customer_id)s::bigint",
        "is_active": "row.is_active = %(is_active)s::boolean",
    },
    descending=False,
    scoped_by="customer, customer.id",
)


class AddressRecord(NamedTuple):
    """One address. `kind` is billing or shipping; an archived one (not active) is taken by no new document."""

    id: int
    customer_id: int
    kind: str
    name: str | None
    street: str
    postal_code: str | None
    city: str | None
    region: str | None
    country: str
    is_default: bool
    is_active: bool
    version: int


ADDRESSES = Listing(
    "addresses.list",
    """
    SELECT row.id, row.customer_id, row.kind, row.name, row.street, row.postal_code, row.city, row.region, row.country,
           row.is_default, row.is_active, row.version
      FROM address AS row JOIN customer ON customer.id = row.customer_id AND customer.merged_into_id IS NULL
    """,
    "address customer",
    AddressRecord,
    filters={
        "customer_id": "row.customer_id = %(customer_id)s::bigint",
        "kind": "row.kind = %(kind)s",
        "is_active": "row.is_active = %(is_active)s::boolean",
    },
    descending=False,
    scoped_by="customer, customer.id",
)
LIVE_CUSTOMER = statement(
    "contacts.live_customer",
    """
    SELECT id FROM customer
     WHERE id = %(customer_id)s::bigint AND merged_into_id IS NULL AND visible(customer, customer.id)
    """,
    tables="customer",
    scope="scoped",
)
