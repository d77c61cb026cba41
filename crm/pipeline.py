"""Opportunities: created, changed, moved along the pipeline's stages, won and lost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from core.audit import only_changed, record
from core.columns import check_texts
from core.custom_fields.records import has_custom_fields
from core.custom_fields.writing import take_custom
from core.errors import DomainError, FieldErrors, existing
from core.needs import needs
from core.normalise import clean
from core.notices import given_to
from core.outbox import emit
from core.plan import Plan
from core.search_entries import OPPORTUNITIES, keep_entry
from core.statements import statement
from crm.basis import basis_for, check_basis, salesperson_of
from crm.models import Opportunity, StageChange, StageKind

has_custom_fields(Opportunity, "opportunities.read", "opportunities.write")
EDITABLE = frozenset(
    (
        "name",
        "amount",
        "expected_close_on",
        "budget",
        "schedule",
        "source",
        "note",
        "contact_id",
        "competitor",
        "lost_reason",
    )
)


class StageFact(NamedTuple):
    id: int
    code: str
    name: str
    position: int
    kind: str
    exit_criteria: str | None


class OpportunityFact(NamedTuple):
    """An opportunity under lock, with its stage and whether it has a quotation."""

    id: int
    number: str
    name: str
    customer_id: int
    owner_id: int
    stage_id: int
    stage_code: str
    stage_position: int
    stage_kind: str
    exit_criteria: str | None
    amount: Decimal
    currency: str
    expected_close_on: date | None
    budget: Decimal | None
    schedule: str | None
    source: str | None
    note: str | None
    contact_id: int | None
    competitor: str | None
    lost_reason: str | None
    quotations: int
    live_order: str | None
    version: int


STAGES = statement(
    "pipeline.stages",
    "SELECT id, code, name, position, kind, exit_criteria FROM pipeline_stage ORDER BY position",
    tables="pipeline_stage",
    scope="system",
    fact=StageFact,
)
OPPORTUNITY_FOR_UPDATE = statement(
    "pipeline.opportunity_for_update",
    """
    SELECT deal.id, deal.number, deal.name, deal.customer_id, deal.owner_id, deal.stage_id, stage.code, stage.position,
           deal.stage_kind, stage.exit_criteria, deal.amount, deal.currency, deal.expected_close_on, deal.budget,
           deal.schedule, deal.source, deal.note, deal.contact_id, deal.competitor, deal.lost_reason,
           (SELECT count(*)::int FROM quotation WHERE opportunity_id = deal.id),
           (SELECT min(number) FROM sales_order WHERE opportunity_id = deal.id AND state <> 'cancelled'), deal.version
      FROM opportunity AS deal JOIN pipeline_stage AS stage ON stage.id = deal.stage_id
     WHERE deal.id = %(opportunity_id)s::bigint AND visible(deal) FOR NO KEY UPDATE OF deal
    """,
    tables="opportunity pipeline_stage quotation sales_order",
    scope="scoped",
    fact=OpportunityFact,
)
CONTACT_OF = statement(
    "pipeline.contact_of",
    "SELECT id FROM contact WHERE id = %(contact_id)s::bigint AND customer_id = %(customer_id)s::bigint",
    tables="contact",
    scope="by_root",
)


@needs("opportunities.write")
def create_opportunity(
    plan: Plan, customer_id: int, values: Mapping[str, Any], *, stage: str | None = None
) -> dict[str, Any]:
    """Creates an opportunity in the first stage, or the open one named. Raises NotFound, InvalidInput per field."""
    [basis], stages, contacts = plan.fetch(
        basis_for(customer_id), STAGES(), CONTACT_OF(contact_id=values.get("contact_id"), customer_id=customer_id)
    )
    check_basis(basis, customer_id, None)
    custom = take_custom(plan, "opportunity", values.get("custom"))
    data = _checked(values, contacts, plan.today, custom.errors)
    first = next((found for found in stages if found.code == stage), stages[0]) if stage else stages[0]
    if first.kind != StageKind.OPEN or (stage and first.code != stage):
        raise _unknown_stage(stage, stages)
    number = plan.number("OPP", plan.today)
    opportunity_id = plan.insert(
        Opportunity,
        number=number,
        customer_id=customer_id,
        owner_id=basis.owner_id,
        salesperson_id=salesperson_of(plan, basis),
        stage_id=first.id,
        stage_since=plan.now,
        currency=basis.currency,
        created_at=plan.now,
        **data,
    )
    plan.insert(
        StageChange,
        opportunity_id=opportunity_id,
        to_stage_id=first.id,
        changed_at=plan.now,
        actor_id=plan.actor.user_id,
    )
    custom.write(plan, opportunity_id)
    changes = data | custom.told
    keep_entry(plan, OPPORTUNITIES, opportunity_id, data, basis.owner_id, customer_id)
    record(plan, "opportunity.created", "opportunity", opportunity_id, label=number, changes=changes)
    given_to(plan, basis.owner_id, "opportunity", opportunity_id)
    return {
        "id": opportunity_id,
        "number": number,
        "name": data["name"],
        "customer_id": customer_id,
        "stage": first.code,
        "amount": data["amount"],
        "expected_close_on": data["expected_close_on"],
        "currency": basis.currency,
        "custom": custom.answer(),
    }


@needs("opportunities.write")
def change_opportunity(
    plan: Plan, opportunity_id: int, values: Mapping[str, Any], *, version: int | None = None
) -> dict[str, Any]:
    """Changes the fields given. Raises `edit_conflict` when somebody changed it since `version`."""
    deal = lock_opportunity(plan, opportunity_id)
    custom = take_custom(plan, "opportunity", values.get("custom"), deal.id)
    if version is not None and version != deal.version:
        now = {"custom": custom.shown_before()}
        raise DomainError("edit_conflict", number=deal.number, version=deal.version, current=now)
    current = {name: getattr(deal, name) for name in EDITABLE}
    merged = current | dict(values)
    [contacts] = plan.fetch(CONTACT_OF(contact_id=merged.get("contact_id"), customer_id=deal.customer_id))
    data = _checked(merged, contacts, plan.today, custom.errors)
    plan.set(Opportunity, deal.id, version=deal.version + 1, **data)
    keep_entry(plan, OPPORTUNITIES, deal.id, data, deal.owner_id, deal.customer_id)
    custom.write(plan, deal.id)
    changed = {name: [current[name], value] for name, value in data.items() if current[name] != value} | custom.told
    record(plan, "opportunity.changed", "opportunity", deal.id, label=deal.number, changes=changed)
    return {"id": deal.id, "number": deal.number, "version": deal.version + 1, **data, "custom": custom.answer()}


@needs("opportunities.write")
def move_opportunity(
    plan: Plan, opportunity_id: int, stage: str, *, lost_reason: str | None = None, competitor: str | None = None
) -> dict[str, Any]:
    """Moves an opportunity to a stage by code. Going forward needs what each stage left behind asks for.

    What was ordered stays won, and cannot be lost, while its order lives: `opportunity_ordered` names the order. Raises
    `exit_criteria` naming stage and fields, `lost_reason` beside the field for a loss without reason.
    """
    deal = lock_opportunity(plan, opportunity_id)
    [stages] = plan.fetch(STAGES())
    target = next((found for found in stages if found.code == stage), None)
    if target is None:
        raise _unknown_stage(stage, stages)
    if target.id == deal.stage_id:
        return _answer(deal, target)
    _check_live_order(deal, target)
    if target.kind == StageKind.LOST:
        if not clean(lost_reason):
            errors = FieldErrors()
            errors.add("lost_reason", "required")
            errors.raise_if_any()
    elif missing := missing_criteria(deal, stages, target):
        raise DomainError("exit_criteria", number=deal.number, missing=missing)
    lost = target.kind == StageKind.LOST
    told = {"lost_reason": clean(lost_reason), "competitor": clean(competitor) or deal.competitor} if lost else {}
    enter_stage(plan, deal, target, told)
    return _answer(deal, target)


@needs("opportunities.write")
def return_to_stage(
    plan: Plan, opportunity_id: int, stage: str, *, told: Mapping[str, str | None], version: int
) -> dict[str, Any]:
    """Puts an opportunity back into the stage it stood in before `version`, with what was `told` of its loss then.
    Nothing is asked for, since it stood there already.

    Raises NotFound, `edit_conflict` when it was changed since, `opportunity_ordered` while an order of it lives.
    """
    deal = lock_opportunity(plan, opportunity_id)
    if deal.version != version:
        raise DomainError("edit_conflict", number=deal.number, version=deal.version)
    [stages] = plan.fetch(STAGES())
    target = next((found for found in stages if found.code == stage), None)
    if target is None:
        raise _unknown_stage(stage, stages)
    _check_live_order(deal, target)
    enter_stage(plan, deal, target, told)
    return _answer(deal, target)


def _check_live_order(deal: OpportunityFact, target: StageFact) -> None:
    if deal.live_order and (deal.stage_kind == StageKind.WON or target.kind == StageKind.LOST):
        raise DomainError("opportunity_ordered", number=deal.number, order=deal.live_order)


def enter_stage(
    plan: Plan, deal: OpportunityFact, target: StageFact, told: Mapping[str, str | None] | None = None
) -> None:
    """Puts a locked opportunity into a stage: row (with what is `told` of a loss), stage history, audit, event."""
    closed = target.kind != StageKind.OPEN
    changed = {name: [getattr(deal, name), value] for name, value in (told or {}).items()}
    plan.set(
        Opportunity,
        deal.id,
        stage_id=target.id,
        stage_kind=target.kind,
        stage_since=plan.now,
        closed_at=plan.now if closed else None,
        version=deal.version + 1,
        **(told or {}),
    )
    plan.insert(
        StageChange,
        opportunity_id=deal.id,
        from_stage_id=deal.stage_id,
        to_stage_id=target.id,
        changed_at=plan.now,
        actor_id=plan.actor.user_id,
    )
    record(
        plan,
        "opportunity.moved",
        "opportunity",
        deal.id,
        label=deal.number,
        changes={"stage": [deal.stage_code, target.code], **only_changed(changed)},
    )
    emit(plan, "opportunity_moved", opportunity_id=deal.id, stage=target.code)
    plan.effect("opportunity", name=deal.name, stage=target.code)


def missing_criteria(deal: OpportunityFact, stages: list[StageFact], target: StageFact) -> list[dict[str, str]]:
    """What the stages between here and the target still ask for: [{stage, field}]."""
    if target.kind == StageKind.LOST or target.position <= deal.stage_position:
        return []
    has = {"budget": deal.budget is not None, "schedule": bool(deal.schedule), "quotation": deal.quotations > 0}
    return [
        {"stage": stage.code, "field": field}
        for stage in stages
        if deal.stage_position <= stage.position < target.position and stage.kind == StageKind.OPEN
        for field in (stage.exit_criteria or "").split()
        if not has.get(field, True)
    ]


def lock_opportunity(plan: Plan, opportunity_id: int) -> OpportunityFact:
    """The opportunity under lock. Raises NotFound."""
    [rows] = plan.fetch(OPPORTUNITY_FOR_UPDATE(opportunity_id=opportunity_id))
    return existing(rows, "opportunity", opportunity_id)


def _answer(deal: OpportunityFact, stage: StageFact) -> dict[str, Any]:
    return {
        "id": deal.id,
        "number": deal.number,
        "name": deal.name,
        "stage": stage.code,
        "stage_kind": stage.kind,
        "stage_before": deal.stage_code,
        "version": deal.version + (stage.id != deal.stage_id),
    }


def _unknown_stage(stage: str | None, stages: list[StageFact]) -> DomainError:
    errors = FieldErrors()
    errors.add("stage", "unknown_choice", choices=[found.code for found in stages], value=stage)
    return DomainError("invalid_input", fields=errors.found, http_status=422)


def _checked(values: Mapping[str, Any], contacts: list[Any], today: date, errors: FieldErrors) -> dict[str, Any]:
    data: dict[str, Any] = {
        name: clean(values.get(name)) for name in ("name", "schedule", "source", "note", "competitor", "lost_reason")
    }
    check_texts(errors, Opportunity, data)
    if not data["name"]:
        errors.add("name", "required")
    for name in ("amount", "budget"):
        data[name] = values.get(name)
        if data[name] is not None and (
            data[name] < 0 or data[name] >= Decimal(10) ** 15 or data[name] != data[name].quantize(Decimal("0.01"))
        ):
            errors.add(name, "not_an_amount")
    if data["amount"] is None:
        errors.add("amount", "required")
    data["expected_close_on"] = values.get("expected_close_on")
    errors.day("expected_close_on", data["expected_close_on"], today)
    data["contact_id"] = values.get("contact_id")
    if data["contact_id"] is not None and not contacts:
        errors.add("contact_id", "contact_unknown")
    errors.raise_if_any()
    return data
