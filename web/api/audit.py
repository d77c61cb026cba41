"""The audit trail and the history of a record, as data."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.queries.history import TRAIL, AuditRecord, chain_state, shown_values
from web.api.fields import Body, Id, Text
from web.api.operation import PAGING, Call, operation
from web.history.records import AUDIT, kind_of, open_types

ROW = {
    "id": int, "recorded_at": datetime, "actor_id": int | None, "actor_name": str, "action": str, "record_type": str,
    "record_id": int, "record_label": str | None, "changes": object, "route": str | None, "address": str | None,
    "channel": str | None, "request_id": str | None, "reason": str | None,
}  # fmt: skip


def _shape(row: AuditRecord) -> dict[str, Any]:
    return {**row._asdict(), "changes": shown_values(row.record_type, row.changes)}


@operation(
    "GET", "/audit", AUDIT, summary="The audit trail, newest first: rows about what the caller may see",
    query=Body(actor_id=Id(), action=Text(limit=60), record_type=Text(limit=40), record_id=Id()) | PAGING,
    answer=[ROW],
)  # fmt: skip
def list_audit(call: Call) -> Any:
    return call.page(TRAIL, _shape, types=open_types())


@operation(
    "GET", "/audit/chain", AUDIT, summary="How far the audit chain has come",
    answer={"position": int, "sealed_at": datetime | None},
)  # fmt: skip
def get_chain(call: Call) -> Any:
    return chain_state()._asdict()


@operation(
    "GET", "/history", AUDIT, summary="The history of one record, newest first", answer=[ROW],
    query=Body(
        record_type=Text(required=True, limit=40, help="For example `customer`, `sales_order`, `product`."),
        record_id=Id(required=True),
    ) | PAGING,
)  # fmt: skip
def get_history(call: Call) -> Any:
    kind_of(call.query["record_type"]).find(call.query["record_id"])
    return call.page(TRAIL, _shape, types=open_types())
