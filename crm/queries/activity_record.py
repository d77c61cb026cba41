"""Activities and the stages of the pipeline as data."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from core.queries.paging import Key, Listing


class ActivityRecord(NamedTuple):
    """Something done (`done_at`) or planned (`due_on`) with a customer."""

    id: int
    kind: str
    customer_id: int
    customer_name: str
    contact_id: int | None
    opportunity_id: int | None
    owner_id: int
    subject: str
    result: str | None
    due_on: date | None
    done_at: datetime | None
    created_at: datetime
    version: int


class StageRecord(NamedTuple):
    """A stage; `exit_criteria` names what must be filled before it may be left."""

    id: int
    code: str
    name: str
    name_zh: str
    position: int
    probability: int
    kind: str
    exit_criteria: list[str]


ACTIVITIES = Listing(
    "activities.list",
    """
    SELECT row.id, row.kind, row.customer_id, customer.name, row.contact_id, row.opportunity_id, row.owner_id,
           row.subject, row.result, row.due_on, row.done_at, row.created_at, row.version
      FROM activity AS row JOIN customer ON customer.id = row.customer_id AND customer.merged_into_id IS NULL
    """,
    "activity customer",
    ActivityRecord,
    filters={
        "customer_id": "row.customer_id = %(customer_id)s::bigint",
        "opportunity_id": "row.opportunity_id = %(opportunity_id)s::bigint",
        "owner_id": "row.owner_id = %(owner_id)s::bigint",
        "open": "(row.done_at IS NULL) = %(open)s::boolean",
        "due_before": "row.due_on < %(due_before)s::date AND row.done_at IS NULL",
    },
    scoped_by="customer, customer.id",
)
STAGES = Listing(
    "pipeline_stages.list",
    """
    SELECT row.id, row.code, row.name, row.name_zh, row.position, row.probability, row.kind,
           coalesce(string_to_array(row.exit_criteria, ' '), '{}')
      FROM pipeline_stage AS row
    """,
    "pipeline_stage",
    StageRecord,
    keys=(Key("position", "row.position", "bigint"), Key("id", "row.id", "bigint")),
    descending=False,
)
