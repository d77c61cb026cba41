"""What was done: the rows of the audit trail, of one record and of all, for those who may see what they are about.

Whoever reads the trail sees rows about records that his permissions open (`types`), and of customers and all that is
theirs only those whose rows he sees. The values of fields come out through `shown_values`, one place for those that
somebody may not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from core.custom_fields.definitions import PREFIX, mask_names
from core.masks import shown_part, shown_record
from core.queries.paging import Key, Listing
from core.queries.reading import read
from core.statements import statement


class AuditRecord(NamedTuple):
    """One row. `changes` maps a field to [before, after], or to what was given first."""

    id: int
    recorded_at: datetime
    actor_id: int | None
    actor_name: str
    action: str
    record_type: str
    record_id: int
    record_label: str | None
    changes: dict[str, Any]
    route: str | None
    address: str | None
    channel: str | None
    request_id: str | None
    reason: str | None


class ToldChange(NamedTuple):
    """Who changed which fields of a record, and when; not from what to what."""

    recorded_at: datetime
    actor_id: int | None
    actor_name: str
    fields: list[str]


class ChainState(NamedTuple):
    """How far the chain has come: the last place and its time, and how many of the newest rows wait for theirs."""

    position: int
    sealed_at: datetime | None


# Records with an owner, and those that are seen with their customer.
OWNED = ("opportunity", "quotation", "sales_order", "invoice", "credit_note", "payment", "shipment")
HANGING = ("contact", "address", "activity", "customer_share", "ledger_task")
# Records that are seen with their invoice.
ON_INVOICES = ("write_off",)
SELECT = """
    SELECT row.id, row.recorded_at, row.actor_id, row.actor_name, row.action, row.record_type, row.record_id,
           row.record_label, row.changes, row.route, row.address, row.channel, row.request_id, row.reason
      FROM audit_row AS row
"""
_SEEN = " ".join(
    [
        "WHEN 'customer' THEN EXISTS (SELECT FROM customer WHERE customer.id = row.record_id "
        "AND visible(customer, customer.id))",
        *(
            f"WHEN '{table}' THEN EXISTS (SELECT FROM {table} WHERE {table}.id = row.record_id AND visible({table}))"
            for table in OWNED
        ),
        *(
            f"WHEN '{table}' THEN EXISTS (SELECT FROM {table} JOIN customer ON customer.id = {table}.customer_id "
            f"WHERE {table}.id = row.record_id AND visible(customer, customer.id))"
            for table in HANGING
        ),
        *(
            f"WHEN '{table}' THEN EXISTS (SELECT FROM {table} JOIN invoice ON invoice.id = {table}.invoice_id "
            f"WHERE {table}.id = row.record_id AND visible(invoice))"
            for table in ON_INVOICES
        ),
    ]
)
WHERE = f"""row.record_type = ANY (%(types)s::text[])
    AND (%(viewer_sees_all)s::boolean OR CASE row.record_type {_SEEN} ELSE true END)"""
TABLES = " ".join(("audit_row", "customer", *OWNED, *HANGING, *ON_INVOICES))
TRAIL = Listing(
    "audit.trail",
    SELECT,
    TABLES,
    AuditRecord,
    filters={
        "actor_id": "row.actor_id = %(actor_id)s::bigint",
        "action": "row.action = %(action)s",
        "record_type": "row.record_type = %(record_type)s",
        "record_id": "row.record_id = %(record_id)s::bigint",
        "since": "row.recorded_at >= %(since)s::timestamptz",
        "until": "row.recorded_at < %(until)s::timestamptz",
    },
    where=WHERE,
    keys=(Key("recorded_at", "row.recorded_at", "timestamptz"), Key("id", "row.id", "bigint")),
)
CHAIN = statement(
    "audit.chain",
    "SELECT position, sealed_at FROM audit_seal ORDER BY position DESC LIMIT 1",
    tables="audit_seal",
    scope="system",
    fact=ChainState,
)
# What ids of fields mean, where the thing itself is open to everybody who may read the trail.
NAMES = statement(
    "audit.names",
    """
    SELECT id, name::text FROM app_user WHERE id = ANY (%(ids)s::bigint[])
    UNION ALL SELECT id, name::text FROM org_unit WHERE id = ANY (%(ids)s::bigint[])
    UNION ALL SELECT id, name::text FROM warehouse WHERE id = ANY (%(ids)s::bigint[])
    UNION ALL SELECT id, name::text FROM product_category WHERE id = ANY (%(ids)s::bigint[])
    UNION ALL SELECT id, name::text FROM payment_terms WHERE id = ANY (%(ids)s::bigint[])
    UNION ALL SELECT id, sku::text FROM product WHERE id = ANY (%(ids)s::bigint[])
    UNION ALL SELECT id, name::text FROM supplier WHERE id = ANY (%(ids)s::bigint[])
    UNION ALL SELECT id, (code || ' ' || name)::text FROM account WHERE id = ANY (%(ids)s::bigint[])
    UNION ALL SELECT id, name::text FROM unit_of_measure WHERE id = ANY (%(ids)s::bigint[])
    UNION ALL SELECT id, name::text FROM role WHERE id = ANY (%(ids)s::bigint[])
    """,
    tables="app_user org_unit warehouse product_category payment_terms product supplier account unit_of_measure role",
    scope="system",
)


CUSTOMERS = statement(
    "audit.customers",
    """
    SELECT row.id, row.name::text FROM customer AS row WHERE row.id = ANY (%(ids)s::bigint[]) AND visible(row, row.id)
     UNION ALL
    SELECT row.id, row.name::text FROM contact AS row JOIN customer ON customer.id = row.customer_id
     WHERE row.id = ANY (%(ids)s::bigint[]) AND visible(customer, customer.id)
    """,
    tables="customer contact",
    scope="scoped",
)


CHANGES = statement(
    "audit.changes",
    """
    SELECT row.recorded_at, row.actor_id, row.actor_name, ARRAY(SELECT jsonb_object_keys(row.changes)) AS fields
      FROM audit_row AS row
     WHERE row.record_type = %(record_type)s AND row.record_id = %(record_id)s::bigint
     ORDER BY row.recorded_at DESC, row.id DESC LIMIT %(limit)s::int
    """,
    tables="audit_row",
    scope="by_root",
    fact=ToldChange,
)


def last_changes(record_type: str, record_id: int, most: int) -> list[ToldChange]:
    """The last changes of a record that the reader sees, the newest first."""
    [rows] = read(CHANGES(record_type=record_type, record_id=record_id, limit=most))
    return rows


def chain_state() -> ChainState:
    """How far the audit chain has come."""
    [rows] = read(CHAIN())
    return rows[0] if rows else ChainState(0, None)


def names_of(rows: Iterable[AuditRecord]) -> dict[int, str]:
    """The names behind the ids that stand in fields, as far as the reader may know them."""
    ids = {value for row in rows for value in _ids("", row.changes)}
    if not ids:
        return {}
    found, customers = read(NAMES(ids=sorted(ids)), CUSTOMERS(ids=sorted(ids)))
    return {identity: name for identity, name in [*found, *customers]}


def _ids(name: str, given: Any) -> Iterator[int]:
    """The ids in a field, in both sides of its change, and in lists and objects within it."""
    if isinstance(given, dict):
        for inner, value in given.items():
            yield from _ids(inner, value)
    elif isinstance(given, list):
        for value in given:
            yield from _ids(name, value)
    elif name.endswith(("_id", "_ids")) and type(given) is int:
        yield given


def shown_values(record_type: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The changes as the reader may see them: the one place through which values leave the trail."""
    names = mask_names(record_type) if any(name.startswith(PREFIX) for name in changes) else {}
    shown = shown_record(record_type, changes)
    return {name: shown_part(name, value, names) for name, value in shown.items()} if names else shown
