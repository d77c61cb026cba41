"""From what was typed to a record with an owner, and whether another person sees it."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import current_app
from sqlalchemy import Select, select

from core import database as db
from core.errors import DomainError, FieldError
from core.parties import Customer
from core.queries.access import Access, Colleague, Reason, person_named, reasons_to_see
from core.queries.customers import find_customers
from core.scope import Owned, viewing, visible_rows
from web.ledger.documents import PAGES
from web.permissions import required_permission

NAMED = 3


class OwnedRecord(NamedTuple):
    """A record that has an owner, and the page it is read on."""

    model: Any
    id: int
    label: str
    customer_id: int
    customer: str
    owner_id: int
    endpoint: str
    argument: str

    @property
    def kind(self) -> str:
        return str(self.model.__tablename__)


class RecordAnswer(NamedTuple):
    """Whether a person may see a record: the permission of its page, and the predicate of its rows with its reasons."""

    record: OwnedRecord
    owner: Colleague | None
    permission: str
    may: bool
    sees: bool
    reasons: list[Reason]

    @property
    def allowed(self) -> bool:
        return self.may and self.sees


def find_record(text: str) -> OwnedRecord:
    """A customer or document by its number, or a customer by its name, of those the asker sees.

    Raises `record_unknown` and, naming some, `record_ambiguous`, beside `record`.
    """
    prefix = text.strip().split("-")[0].upper()
    if prefix in PAGES and issubclass(PAGES[prefix][0], Owned):
        model, endpoint, argument = PAGES[prefix]
        number = model.code if hasattr(model, "code") else model.number
        with db.current().reading() as connection:
            row = connection.execute(_records(model, number).where(number == text.strip().upper())).first()
        if row is not None:
            return _owned(model, row, endpoint, argument)
    with db.current().reading() as connection:
        found = find_customers(connection, text, NAMED + 1)
        if len(found) == 1:
            chosen = _records(Customer, Customer.name).where(Customer.id == found[0].id)
            _, endpoint, argument = PAGES["CUS"]
            return _owned(Customer, connection.execute(chosen).one(), endpoint, argument)
    if found:
        names = [customer.name for customer in found[:NAMED]]
        raise DomainError("record_ambiguous", fields={"record": FieldError("record_ambiguous", {"names": names})},
                          http_status=422, names=names)  # fmt: skip
    raise DomainError("record_unknown", fields={"record": FieldError("record_unknown")}, http_status=404)


def _owned(model: Any, row: Any, endpoint: str, argument: str) -> OwnedRecord:
    identity, label, customer_id, customer, owner_id = row
    return OwnedRecord(model, identity, label, customer_id, customer, owner_id, endpoint, argument)


def _records(model: Any, label: Any) -> Select[*tuple[Any, ...]]:
    query = select(model.id, label, Customer.id, Customer.name, model.owner_id).select_from(model)
    if model is not Customer:
        query = query.join(Customer, Customer.id == model.customer_id)
    return query.where(visible_rows(model))


def explain_record(access: Access, record: OwnedRecord) -> RecordAnswer:
    """Whether the person sees the record: asked of the database as that person, by the predicate of every list."""
    with viewing(access.viewer), db.current().reading() as connection:
        row = select(record.model.id).where(record.model.id == record.id, visible_rows(record.model))
        sees = connection.execute(row).first() is not None
    permission = required_permission(current_app, record.endpoint, "GET")
    reasons = reasons_to_see(access, owner_id=record.owner_id, customer_id=record.customer_id) if sees else []
    return RecordAnswer(record, person_named(record.owner_id), permission, access.may(permission), sees, reasons)
