"""Opportunities: written, changed, moved along the pipeline."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from crm.models import StageKind
from crm.pipeline import change_opportunity, create_opportunity, move_opportunity
from crm.queries.activity_record import STAGES
from crm.queries.opportunity_record import OPPORTUNITIES, get_opportunity
from web.api.custom_fields import Custom, CustomAnswer, page_with_custom, with_custom
from web.api.fields import Amount, Body, Choice, Day, Field, Id, Integer, Text
from web.api.operation import PAGING, Call, operation

VALUES: dict[str, Field] = {
    "expected_close_on": Day(),
    "budget": Amount(),
    "schedule": Text(limit=200),
    "source": Text(limit=80),
    "note": Text(limit=4000),
    "contact_id": Id(),
    "competitor": Text(limit=120),
    "custom": Custom(record_type="opportunity"),
}
STAGE = Text(limit=30, help="Code of a stage, e.g. contact, needs, proposal, negotiation, contract, won, lost.")
SHAPE = {
    "id": int, "number": str, "name": str, "customer_id": int, "stage": str, "amount": Decimal, "currency": str,
    "expected_close_on": date | None, "custom": CustomAnswer("opportunity"),
}  # fmt: skip
RECORD = SHAPE | {"stage_kind": str, "probability": int, "budget": Decimal | None, "owner_id": int, "version": int}


@operation(
    "POST", "/opportunities", "opportunities.write", summary="Create an opportunity", status=201, answer=SHAPE,
    body=Body(
        customer_id=Id(required=True), name=Text(required=True, limit=200), amount=Amount(required=True), stage=STAGE,
        **VALUES,
    ),
)  # fmt: skip
def create_opportunity_call(call: Call) -> Any:
    values = dict(call.body)
    return call.run(create_opportunity, values.pop("customer_id"), values, stage=values.pop("stage", None))


@operation(
    "GET", "/opportunities", "opportunities.read", summary="Find opportunities", answer=[RECORD],
    query=Body(customer_id=Id(), owner_id=Id(), stage=STAGE, stage_kind=Choice(choices=tuple(StageKind))) | PAGING,
)  # fmt: skip
def list_opportunities(call: Call) -> Any:
    return page_with_custom("opportunity", call.page(OPPORTUNITIES, lambda row: row._asdict()))


@operation(
    "GET", "/opportunities/{opportunity_id}", "opportunities.read", summary="One opportunity", answer=RECORD
)  # fmt: skip
def get_opportunity_call(call: Call, opportunity_id: int) -> Any:
    return with_custom("opportunity", [get_opportunity(opportunity_id)._asdict()])[0]


@operation(
    "PATCH", "/opportunities/{opportunity_id}", "opportunities.write", summary="Change an opportunity",
    body=Body(
        name=Text(limit=200), amount=Amount(), **VALUES, lost_reason=Text(limit=200), version=Integer(smallest=1)
    ),
    answer={
        "id": int, "number": str, "name": str, "amount": Decimal, "version": int,
        "custom": CustomAnswer("opportunity"),
    },
    refusals=("edit_conflict",),
)  # fmt: skip
def change_opportunity_call(call: Call, opportunity_id: int) -> Any:
    version = call.body.pop("version", None)
    return call.run(change_opportunity, opportunity_id, call.body, version=version)


@operation(
    "POST", "/opportunities/{opportunity_id}/move", "opportunities.write", summary="Move to a stage",
    body=Body(
        stage=Text(required=True, limit=30, help=STAGE.help),
        lost_reason=Text(limit=200, help="Needed for a lost one."),
        competitor=Text(limit=120),
    ),
    answer={
        "id": int, "number": str, "name": str, "stage": str, "stage_kind": str, "stage_before": str, "version": int,
    },
    refusals=("exit_criteria", "opportunity_ordered"),
)  # fmt: skip
def move_opportunity_call(call: Call, opportunity_id: int) -> Any:
    body = call.body
    return call.run(
        move_opportunity,
        opportunity_id,
        body["stage"],
        lost_reason=body.get("lost_reason"),
        competitor=body.get("competitor"),
    )


@operation(
    "GET", "/pipeline-stages", "opportunities.read", summary="The stages of the pipeline in order", query=PAGING,
    answer=[{
        "id": int, "code": str, "name": str, "name_zh": str, "position": int, "probability": int, "kind": str,
        "exit_criteria": [str],
    }],
)  # fmt: skip
def list_pipeline_stages(call: Call) -> Any:
    return call.page(STAGES, lambda row: row._asdict())
