"""Uncovering one masked value by a click: the record says who looked at what, before the value is answered.

Each package registers the records it keeps such values in (`uncoverable`): the permission one needs to see the record
at all, the kinds of its fields, and a statement that reads them as far as the viewer sees the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from core.audit import record
from core.context import Actor
from core.errors import NotFound, PermissionDenied
from core.masks import BANK_DETAILS, EMAILS, PHONES
from core.needs import for_anybody
from core.plan import Plan
from core.queries.reading import read
from core.statements import Statement, statement


class Uncoverable(NamedTuple):
    """A type of record: `query` answers its label and then the fields of `kinds`, in their order."""

    permission: str
    kinds: Mapping[str, str]
    query: Statement


RECORDS: Final[dict[str, Uncoverable]] = {}


class Uncovered(NamedTuple):
    """A value in the clear with the record it is from."""

    record_type: str
    record_id: int
    label: str
    field: str
    kind: str
    value: Any


def uncoverable(
    record_type: str, permission: str, kinds: Mapping[str, str], text: str, *, tables: str, scoped: bool = False
) -> None:
    """Registers a type of record; `text` selects over `%(record_id)s`."""
    query = statement(f"uncover.{record_type}", text, tables=tables, scope="scoped" if scoped else "system")
    RECORDS[record_type] = Uncoverable(permission, kinds, query)


@for_anybody  # which permission it needs depends on the field, and is asked for below
def uncover(plan: Plan, record_type: str, record_id: int, field: str) -> dict[str, Any]:
    """Writes down that the actor looks at a masked value, which `read_uncovered` then answers; the value itself is not
    in the answer, which is kept for a repeat.

    Raises NotFound, also for a record the actor does not see, and PermissionDenied.
    """
    kept, kind = _asked_for(plan.actor, record_type, record_id, field)
    [rows] = plan.fetch(kept.query(record_id=record_id))
    if not rows:
        raise NotFound(record_type, record_id)
    changes = {"field": field, "kind": kind}
    record(plan, "field.unmasked", record_type, record_id, label=rows[0][0], changes=changes)
    return {"record_type": record_type, "record_id": record_id, "field": field, "kind": kind}


def read_uncovered(actor: Actor, record_type: str, record_id: int, field: str) -> Uncovered:
    """The value, for who has just been written down. Raises what `uncover` raises."""
    kept, kind = _asked_for(actor, record_type, record_id, field)
    [rows] = read(kept.query(record_id=record_id))
    if not rows:
        raise NotFound(record_type, record_id)
    label, *values = rows[0]
    return Uncovered(record_type, record_id, label, field, kind, values[list(kept.kinds).index(field)])


def _asked_for(actor: Actor, record_type: str, record_id: int, field: str) -> tuple[Uncoverable, str]:
    kept = RECORDS.get(record_type)
    if kept is None or field not in kept.kinds:
        raise NotFound(record_type, record_id)
    kind = kept.kinds[field]
    for permission in (kept.permission, f"{kind}.unmask"):
        if not actor.may(permission):
            raise PermissionDenied(permission)
    return kept, kind


CONTACT_DATA: Final = {"phone": PHONES, "email": EMAILS}
uncoverable(
    "customer",
    "customers.read",
    CONTACT_DATA,
    """
    SELECT name, phone, email FROM customer
     WHERE id = %(record_id)s::bigint AND merged_into_id IS NULL AND visible(customer, customer.id)
    """,
    tables="customer",
    scoped=True,
)
uncoverable(
    "contact",
    "customers.read",
    CONTACT_DATA,
    """
    SELECT contact.name, contact.phone, contact.email FROM contact JOIN customer ON customer.id = contact.customer_id
     WHERE contact.id = %(record_id)s::bigint AND customer.merged_into_id IS NULL AND visible(customer, customer.id)
    """,
    tables="contact customer",
    scoped=True,
)
uncoverable(
    "supplier",
    "suppliers.read",
    CONTACT_DATA,
    "SELECT name, phone, email FROM supplier WHERE id = %(record_id)s::bigint",
    tables="supplier",
)
uncoverable(
    "app_user",
    "users.manage",
    {"email": EMAILS},
    "SELECT name, email FROM app_user WHERE id = %(record_id)s::bigint",
    tables="app_user",
)
uncoverable(
    "company",
    "company.write",
    {"bank_account": BANK_DETAILS},
    "SELECT name, bank_account FROM company WHERE id = %(record_id)s::bigint",
    tables="company",
)
