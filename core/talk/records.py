"""The types of records that people comment on, follow and put files beside: each is named once, here.

A type says which permission its page demands, what a record is called, which customer it hangs on, and who follows it
without having asked to. A record is found as its page finds it, so that a foreign id answers like a missing one; and
whether somebody else may see it is asked of the same two: his roles' permissions, and the customer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from core.context import Actor
from core.errors import NotFound
from core.plan import Plan
from core.queries.reading import read
from core.statements import Statement, statement


class Found(NamedTuple):
    """A record that the actor sees: its label, its customer, and who follows it by what they are (some may be None)."""

    label: str
    customer_id: int | None
    people: list[int | None]


class Person(NamedTuple):
    """Somebody by his sign-in name, and whether he may see the record."""

    id: int
    login: str
    name: str
    may_see: bool


class Reader(NamedTuple):
    """Somebody who is to be told of something, may see it, and wants to be told so (`way`)."""

    id: int
    language: str
    address: str | None
    way: str


class RecordType(NamedTuple):
    """One type. `find`: as the actor sees it; `people`: who of some sign-in names may see it; `readers`: who of some
    people are told of it, and how; `labels`: what several of them are called, as far as the reader sees them."""

    table: str
    permission: str
    find: Statement
    people: Statement
    readers: Statement
    labels: Statement
    is_talked: bool


RECORDS: Final[dict[str, RecordType]] = {}
_HELD = """
    EXISTS (SELECT FROM user_role AS held JOIN role ON role.id = held.role_id
             WHERE held.user_id = person.id AND {permission} = ANY (role.permissions))
"""
# What arrives for somebody who left goes to his delegate.
_PERSON = """
    app_user AS asked JOIN app_user AS person ON person.id = CASE WHEN asked.is_active THEN asked.id ELSE
        (SELECT delegate_id FROM departure WHERE user_id = asked.id ORDER BY started_at DESC, id DESC LIMIT 1) END
      LEFT JOIN notice_setting AS setting ON setting.user_id = person.id
"""
_READER = """
    DISTINCT ON (person.id) person.id, person.language, person.email,
           coalesce(setting.choices ->> %(kind)s, %(usual)s)
"""
_WANTED = "asked.id = ANY (%(people)s::bigint[]) AND person.is_active"
# Who is told of something that is about no record.
READERS = statement(
    "talk.readers",
    f"SELECT {_READER} FROM {_PERSON} WHERE {_WANTED} ORDER BY person.id",  # noqa: S608 (no values)
    tables="app_user departure notice_setting",
    scope="system",
    fact=Reader,
)


def talked(
    table: str,
    permission: str,
    label: str = "row.number",
    *,
    customer: str | None = "row.customer_id",
    people: str = "",
    where: str = "true",
    has_owner: bool = True,
    is_talked: bool = True,
) -> None:
    """Registers a type. `label`, `customer` and `people` are SQL over `row`; without a customer, permission alone says
    who sees a record. `has_owner`: rows have one, as their customer has; else they are seen with the customer they
    name. With `is_talked` off it is only named in notices."""
    joined, tables, seen = "", table, "true"
    if table == "customer":
        seen = "visible(row, row.id)"
    elif not has_owner:  # seen with the customer it names, if it names one
        joined, tables = "LEFT JOIN customer ON customer.id = row.customer_id", f"{table} customer"
        seen = "(row.customer_id IS NULL OR visible(customer, customer.id))"
    elif customer is not None:
        seen = "visible(row)"
    held = _HELD.format(permission=f"'{permission}'")
    sees = "true" if customer is None else f"({customer} IS NULL OR sees_customer({{who}}, {customer}))"
    may = f"{held} AND {sees.format(who='person.id')}"
    # What is still on its way to a delegate is his to hear of, though he does not see it yet.
    told = f"{held} AND ({sees.format(who='person.id')} OR (NOT asked.is_active AND {sees.format(who='asked.id')}))"
    found = f"({label})::text, {customer or 'NULL'}::bigint, ARRAY[{people}]::bigint[]"
    scope: Any = "scoped" if "visible" in seen else "system"
    others = "app_user user_role role departure notice_setting"
    row = f"{table} AS row ON row.id = %(record_id)s::bigint"
    RECORDS[table] = RecordType(
        table,
        permission,
        statement(
            f"talk.find[{table}]",
            f"SELECT {found} FROM {table} AS row {joined} "  # noqa: S608 (names of tables and columns, no values)
            f"WHERE row.id = %(record_id)s::bigint AND {where} AND {seen}",
            tables=tables,
            scope=scope,
            fact=Found,
        ),
        statement(
            f"talk.people[{table}]",
            f"SELECT person.id, person.login, person.name, {may} FROM app_user AS person JOIN {row} "  # noqa: S608
            "WHERE person.is_active AND person.login = ANY (%(logins)s::text[]) ORDER BY person.name, person.id",
            tables=f"{table} {others}",
            scope="system",
            fact=Person,
        ),
        statement(
            f"talk.readers[{table}]",
            f"SELECT {_READER} FROM {_PERSON} JOIN {row} WHERE {_WANTED} AND {told} ORDER BY person.id",  # noqa: S608
            tables=f"{table} {others}",
            scope="system",
            fact=Reader,
        ),
        statement(
            f"talk.labels[{table}]",
            f"SELECT row.id, ({label})::text, {customer or 'NULL'}::bigint FROM {table} AS row {joined} "  # noqa: S608
            f"WHERE row.id = ANY (%(ids)s::bigint[]) AND {where} AND {seen}",
            tables=tables,
            scope=scope,
        ),
        is_talked,
    )


_ALIVE = "row.merged_into_id IS NULL"
_SOLD = "row.owner_id, row.salesperson_id"
talked("customer", "customers.read", "row.name", customer="row.id", people="row.owner_id", where=_ALIVE)
talked("opportunity", "opportunities.read", "row.name", people=_SOLD)
talked("quotation", "quotations.read", people=_SOLD)
talked("sales_order", "orders.read", people=_SOLD)
talked("shipment", "stock.read", people="row.owner_id, row.actor_id")
talked("invoice", "invoices.read", people=_SOLD)
talked("credit_note", "invoices.read", people="row.owner_id")
talked("payment", "payments.read", people="row.owner_id")
talked("product", "products.read", "row.sku || ' ' || row.name", customer=None)
talked("supplier", "suppliers.read", "row.name", customer=None)
# Named in notices only.
talked("activity", "customers.read", "left(row.subject, 120)", has_owner=False, is_talked=False)
talked("approval_request", "approvals.read", "row.subject_label", has_owner=False, is_talked=False)


def record_type(name: str) -> RecordType:
    """The type that people talk about by that name. Raises NotFound for none, as for a record that is not there."""
    found = RECORDS.get(name)
    if found is None or not found.is_talked:
        raise NotFound(name)
    return found


def _asked_for(actor: Actor, name: str, record_id: int) -> RecordType:
    kind = record_type(name)
    if not actor.may(kind.permission):
        raise NotFound(name, record_id)
    return kind


def find_record(plan: Plan, name: str, record_id: int, *more: Any) -> tuple[Found, list[list[Any]]]:
    """The record as the plan's actor sees it, and the rows of `more`, in one round trip. Raises NotFound."""
    rows, *others = plan.fetch(_asked_for(plan.actor, name, record_id).find(record_id=record_id), *more)
    if not rows:
        raise NotFound(name, record_id)
    return rows[0], others


def read_record(actor: Actor, name: str, record_id: int) -> Found:
    """The record as a reader sees it. Raises NotFound."""
    [rows] = read(_asked_for(actor, name, record_id).find(record_id=record_id))
    if not rows:
        raise NotFound(name, record_id)
    found: Found = rows[0]
    return found


def who_may_see(name: str, record_id: int, logins: Sequence[str]) -> Any:
    """The query for people by sign-in name, about a record that the actor has been shown to see."""
    return record_type(name).people(record_id=record_id, logins=list(logins))
