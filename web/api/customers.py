"""Customers: records, and everything that happened with one."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from core import database as db
from core.customers import create_customer
from core.errors import FieldErrors
from core.masks import Email, Phone
from core.parties import Lifecycle
from core.queries.reading import today
from core.queries.words import customer_wish, is_met_often
from crm.owners import change_customer
from crm.queries.timeline import GROUPS, timeline
from finance.queries.customer_record import CUSTOMERS, CustomerRecord, get_customer
from web.api.custom_fields import Custom, CustomAnswer, page_with_custom, with_custom
from web.api.fields import Amount, Body, Choice, Id, Integer, Text
from web.api.operation import PAGING, Call, operation

VALUES: dict[str, Any] = {
    "legal_name": Text(limit=200),
    "tax_id": Text(limit=40),
    "phone": Text(limit=60),
    "email": Text(limit=200),
    "industry": Text(limit=80),
    "region": Text(limit=80),
    "city": Text(limit=80),
    "country": Text(limit=2, help="Two letters; the company's own when left out."),
    "size": Text(limit=40),
    "source": Text(limit=80),
    "website": Text(limit=200),
    "note": Text(limit=4000),
    "lifecycle": Choice(choices=tuple(Lifecycle)),
    "owner_id": Id(help="Who the customer belongs to; the caller when left out."),
    "payment_terms_id": Id(help="Needs the permission customers.credit."),
    "credit_limit": Amount(help="None is no limit. Needs the permission customers.credit."),
    "currency": Text(limit=3),
    "code": Text(limit=20),
    "custom": Custom(record_type="customer"),
}
NEW = Body(name=Text(required=True, limit=200), **VALUES)
CHANGE = Body(name=Text(limit=200), **VALUES, version=Integer(smallest=1, help="The version that was read."))
SHAPE = {
    "id": int,
    "code": str,
    "name": str,
    "phone": Phone | None,
    "email": Email | None,
    "owner": {"id": int, "name": str},
    "credit_limit": Decimal | None,
    "currency": str,
    "balance": Decimal,
    "open_receivables": Decimal,
    "unapplied": Decimal,
    "uninvoiced": Decimal,
    "exposure": Decimal,
    "overdue": Decimal,
    "payment_status": str,
    "oldest_due_on": date | None,
    "last_payment_on": date | None,
    "last_payment_amount": Decimal | None,
    "last_order_on": date | None,
    "order_count": int,
    "version": int,
    "custom": CustomAnswer("customer"),
}
HAPPENED = {
    "at": str, "group": str, "kind": str, "record_id": int, "number": str | None, "amount": Decimal | None,
    "who": str | None, "text": str | None, "detail": str | None,
}  # fmt: skip
SAVED = {
    "id": int, "code": str, "name": str, "owner_id": int, "credit_limit": Decimal | None, "version": int,
    "custom": CustomAnswer("customer"),
}  # fmt: skip
CREDIT_FIELDS = ("credit_limit", "payment_terms_id")


def shape(row: CustomerRecord) -> dict[str, Any]:
    """A customer as JSON data."""
    values = row._asdict()
    values["owner"] = {"id": values.pop("owner_id"), "name": values.pop("owner_name")}
    return values


def _check_credit_fields(call: Call) -> None:
    """Limits and terms are finance's to set; leaving them out, or empty on a new customer, asks for nothing."""
    touched = [name for name in CREDIT_FIELDS if name in call.body]
    if any(call.body[name] is not None for name in touched) or (touched and call.operation.method == "PATCH"):
        call.require("customers.credit")


@operation(
    "POST", "/customers", "customers.write", summary="Create a customer", body=NEW, answer=SAVED, status=201,
    refusals=("duplicate_customer", "duplicate_code"),
)  # fmt: skip
def create_customer_call(call: Call) -> Any:
    _check_credit_fields(call)
    return call.run(create_customer, call.body)


@operation(
    "GET", "/customers", "customers.read", summary="Find customers",
    query=Body(
        q=Text(limit=100, help="Words of the name, pinyin, initials; of phone or e-mail where the caller sees them."),
        owner_id=Id(),
        code=Text(limit=20),
    ) | PAGING,
    answer=[SHAPE],
)  # fmt: skip
def list_customers(call: Call) -> Any:
    text = call.query.pop("q", None)
    if text is not None and text.strip():
        call.query["q_often" if is_met_often(text) else "q"] = customer_wish(text)
    return page_with_custom("customer", call.page(CUSTOMERS, shape, today=today()))


@operation(
    "GET", "/customers/{customer_id}", "customers.read", summary="One customer with balance and status", answer=SHAPE
)
def get_customer_call(call: Call, customer_id: int) -> Any:
    return with_custom("customer", [shape(get_customer(customer_id))])[0]


@operation(
    "PATCH", "/customers/{customer_id}", "customers.write", summary="Change a customer", body=CHANGE, answer=SAVED,
    refusals=("duplicate_customer", "edit_conflict"),
)  # fmt: skip
def change_customer_call(call: Call, customer_id: int) -> Any:
    _check_credit_fields(call)
    version = call.body.pop("version", None)
    return call.run(change_customer, customer_id, call.body, version=version)


@operation(
    "GET", "/customers/{customer_id}/timeline", "customers.read",
    summary="Everything that happened with a customer, the latest first",
    query=Body(group=Choice(choices=GROUPS), cursor=PAGING.fields["cursor"]), answer=[HAPPENED],
)  # fmt: skip
def list_customer_timeline(call: Call, customer_id: int) -> Any:
    get_customer(customer_id)
    before = _moment(call.query.get("cursor"))
    with db.current().reading() as connection:
        page = timeline(connection, customer_id, group=call.query.get("group") or "all", before=before)
    items = [{name: value for name, value in entry._asdict().items() if name != "id"} for entry in page.entries]
    return {"items": items, "next_cursor": page.older}


def _moment(cursor: str | None) -> datetime | None:
    """The moment a cursor of the timeline stands for. Raises InvalidInput for one that is none."""
    if cursor is None:
        return None
    errors = FieldErrors()
    try:
        moment = datetime.fromisoformat(cursor.replace(" ", "+"))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        errors.add("cursor", "bad_cursor")
        errors.raise_if_any()
    return moment
