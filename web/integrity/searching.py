"""What records are found by: each has its entry, with its owner and customer, and with the terms its fields ask for."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from core.database import Database
from core.search_entries import BATCH, derive
from web.cli.messages import gettext as _
from web.integrity.check import SHOWN, check, group

_RECORDS = """
    SELECT 'customer' AS kind, id, owner_id, id AS customer_id FROM customer
    UNION ALL SELECT 'contact', contact.id, customer.owner_id, customer_id
      FROM contact JOIN customer ON customer.id = contact.customer_id
    UNION ALL SELECT 'opportunity', id, owner_id, customer_id FROM opportunity
    UNION ALL SELECT 'supplier', id, NULL, NULL FROM supplier
    UNION ALL SELECT 'product', id, NULL, NULL FROM product
"""
GROUPS = (
    group(
        "customer contact opportunity supplier product search_entry",
        check(
            "I12.entries",
            "Every record that can be searched for has its entry, and who may find it may see it",
            """SELECT coalesce(record.kind || ' ' || record.id, entry.kind || ' ' || entry.id), 'found as', entry.kind, record.kind
                 FROM records AS record FULL JOIN search_entry AS entry ON entry.id = record.id
                WHERE entry.kind IS DISTINCT FROM record.kind""",
            """SELECT record.kind || ' ' || record.id, 'owner', entry.owner_id, record.owner_id
                 FROM records AS record JOIN search_entry AS entry ON entry.id = record.id
                WHERE entry.owner_id IS DISTINCT FROM record.owner_id""",
            """SELECT record.kind || ' ' || record.id, 'customer', entry.customer_id, record.customer_id
                 FROM records AS record JOIN search_entry AS entry ON entry.id = record.id
                WHERE entry.customer_id IS DISTINCT FROM record.customer_id""",
        ),
        facts={"records": _RECORDS},
    ),
)
MOST = 50_000
"""Of more records, so many are asked."""
TITLE = _("Records are found by what they say")
_KEPT = text("SELECT id, tsvector_to_array(terms) FROM search_entry WHERE id = ANY(:ids)")


def check_terms(database: Database) -> dict[str, Any]:
    """Derives the terms of records again and compares, on a snapshot of its own; answers as `run_checks`."""
    with database.snapshot() as connection:
        return answer(connection)


def answer(connection: Connection) -> dict[str, Any]:
    """The answer on what the connection shows: of every record, or of a part of many that is the same at each call."""
    records = connection.execute(text("SELECT count(*) FROM search_entry")).scalar_one()
    found, count = [], 0
    for entries in derive(connection, BATCH, every=records // MOST + 1):
        kept = {row[0]: set(row[1]) for row in connection.execute(_KEPT, {"ids": [entry.id for entry in entries]})}
        for entry in entries:
            if entry.id in kept and kept[entry.id] != set(entry.terms):
                other = sorted(kept[entry.id] ^ set(entry.terms))
                count += 1
                found.append(f"{entry.kind} {entry.id}: terms {len(kept[entry.id])} ≠ {len(entry.terms)} ({other[0]})")
    return {"code": "I12.terms", "title": TITLE, "ok": not count, "count": count, "findings": found[:SHOWN]}
