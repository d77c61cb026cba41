"""Contacts and addresses of a customer. Neither is ever deleted; `is_active` false archives it."""

from __future__ import annotations

from typing import Any

from core.customers import ADDRESS_KINDS, save_address, save_contact
from core.errors import NotFound
from core.masks import Email, Phone
from core.queries.contact_record import ADDRESSES, CONTACTS, LIVE_CUSTOMER
from core.queries.paging import Listing
from core.queries.reading import read_one
from web.api.custom_fields import Custom, CustomAnswer, page_with_custom
from web.api.fields import Body, Choice, Field, Flag, Integer, Text
from web.api.operation import PAGING, Call, operation

ACTIVE = Flag(help="False archives it; true takes it back into use.")
VERSION = Integer(smallest=1, help="The version that was read.")
CONTACT_VALUES: dict[str, Field] = {
    "title": Text(limit=120),
    "decision_power": Text(limit=80),
    "phone": Text(limit=60),
    "email": Text(limit=200),
    "preferred_channel": Text(limit=20),
    "do_not_call": Flag(),
    "note": Text(limit=4000),
    "custom": Custom(record_type="contact"),
}
CONTACT_SHAPE = {
    "id": int, "customer_id": int, "name": str, "title": str | None, "decision_power": str | None,
    "phone": Phone | None, "email": Email | None, "preferred_channel": str | None, "do_not_call": bool,
    "note": str | None, "is_active": bool, "version": int, "custom": CustomAnswer("contact"),
}  # fmt: skip
SAVED_CONTACT = {"id": int, "customer_id": int, "name": str, "version": int, "custom": CustomAnswer("contact")}


def _page_of(call: Call, listing: Listing, customer_id: int) -> Any:
    if read_one(LIVE_CUSTOMER(customer_id=customer_id)) is None:
        raise NotFound("customer", customer_id)
    call.query["customer_id"] = customer_id
    return call.page(listing, lambda row: row._asdict())


@operation(
    "POST", "/customers/{customer_id}/contacts", "customers.write", summary="Add a contact",
    body=Body(name=Text(required=True, limit=120), **CONTACT_VALUES), status=201, answer=SAVED_CONTACT,
)  # fmt: skip
def create_contact(call: Call, customer_id: int) -> Any:
    return call.run(save_contact, customer_id, call.body)


@operation(
    "GET", "/customers/{customer_id}/contacts", "customers.read", summary="Contacts of a customer",
    query=Body(is_active=Flag()) | PAGING, answer=[CONTACT_SHAPE],
)  # fmt: skip
def list_contacts(call: Call, customer_id: int) -> Any:
    return page_with_custom("contact", _page_of(call, CONTACTS, customer_id))


@operation(
    "PATCH", "/customers/{customer_id}/contacts/{contact_id}", "customers.write",
    summary="Change or archive a contact",
    body=Body(name=Text(nullable=False, limit=120), **CONTACT_VALUES, is_active=ACTIVE, version=VERSION),
    answer=SAVED_CONTACT, refusals=("edit_conflict",),
)  # fmt: skip
def change_contact(call: Call, customer_id: int, contact_id: int) -> Any:
    version = call.body.pop("version", None)
    return call.run(save_contact, customer_id, call.body, contact_id=contact_id, version=version)


# addresses ------------------------------------------------------------------------------------------------------------
KIND = Choice(choices=ADDRESS_KINDS)
PLACE: dict[str, Field] = {
    "name": Text(limit=200, help="Where it differs from the customer's name."),
    "postal_code": Text(limit=20),
    "city": Text(limit=80),
    "region": Text(limit=80),
    "country": Text(limit=2, help="Two letters; the customer's when left out."),
    "is_default": Flag(help="Used unless another is chosen."),
}
ADDRESS_SHAPE = {
    "id": int, "customer_id": int, "kind": str, "name": str | None, "street": str, "postal_code": str | None,
    "city": str | None, "region": str | None, "country": str, "is_default": bool, "is_active": bool, "version": int,
}  # fmt: skip
SAVED_ADDRESS = {"id": int, "customer_id": int, "version": int}


@operation(
    "POST", "/customers/{customer_id}/addresses", "customers.write", summary="Add an address", status=201,
    body=Body(kind=Choice(required=True, choices=ADDRESS_KINDS), street=Text(required=True, limit=200), **PLACE),
    answer=SAVED_ADDRESS,
)  # fmt: skip
def create_address(call: Call, customer_id: int) -> Any:
    return call.run(save_address, customer_id, call.body)


@operation(
    "GET", "/customers/{customer_id}/addresses", "customers.read", summary="Addresses of a customer",
    query=Body(kind=KIND, is_active=Flag()) | PAGING, answer=[ADDRESS_SHAPE],
)  # fmt: skip
def list_addresses(call: Call, customer_id: int) -> Any:
    return _page_of(call, ADDRESSES, customer_id)


@operation(
    "PATCH", "/customers/{customer_id}/addresses/{address_id}", "customers.write",
    summary="Change or archive an address",
    body=Body(
        kind=Choice(nullable=False, choices=ADDRESS_KINDS), street=Text(nullable=False, limit=200), **PLACE,
        is_active=ACTIVE, version=VERSION,
    ),
    answer=SAVED_ADDRESS, refusals=("edit_conflict",),
)  # fmt: skip
def change_address(call: Call, customer_id: int, address_id: int) -> Any:
    version = call.body.pop("version", None)
    return call.run(save_address, customer_id, call.body, address_id=address_id, version=version)
