"""Quotations: priced offers on an opportunity or alone; ordered in one step, which wins the opportunity."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from core.approvals.require import Subject
from core.audit import only_changed, record
from core.constraints import means
from core.errors import DomainError, FieldErrors, NotFound
from core.needs import needs
from core.normalise import clean
from core.plan import Plan
from core.statements import statement
from crm.basis import basis_for, check_basis, salesperson_of
from crm.discounts import require_for_discount
from crm.models import Quotation, QuotationLine, QuotationState, StageKind
from crm.orders.create import create_order
from crm.pipeline import OPPORTUNITY_FOR_UPDATE, STAGES, OpportunityFact, enter_stage, missing_criteria
from crm.pricing import PRODUCTS, LineRequest, Priced, PricedLine, price_lines

DEFAULT_VALID_DAYS = 30
means("uq_sales_order_quotation_id", "done_meanwhile")


class QuotationFact(NamedTuple):
    """A quotation under lock."""

    id: int
    number: str
    customer_id: int
    opportunity_id: int | None
    state: str
    valid_until: date | None
    amount_net: Decimal
    amount_tax: Decimal
    tax_rounding: str
    note: str | None
    version: int


QUOTATION_FOR_UPDATE = statement(
    "quotations.quotation_for_update",
    """
    SELECT id, number, customer_id, opportunity_id, state, valid_until, amount_net, amount_tax, tax_rounding, note,
           version
      FROM quotation WHERE id = %(quotation_id)s::bigint AND visible(quotation) FOR NO KEY UPDATE
    """,
    tables="quotation",
    scope="scoped",
    fact=QuotationFact,
)
OPPORTUNITY_OF_QUOTATION_FOR_UPDATE = statement(
    "quotations.opportunity_for_update",
    OPPORTUNITY_FOR_UPDATE.text.replace(
        "WHERE deal.id = %(opportunity_id)s::bigint",
        "WHERE deal.id = (SELECT opportunity_id FROM quotation WHERE id = %(quotation_id)s::bigint)",
    ),
    tables="opportunity pipeline_stage quotation sales_order",
    scope="scoped",
    fact=OpportunityFact,
)
QUOTATION_LINES = statement(
    "quotations.lines",
    """
    SELECT line.position, line.product_id, product.sku, product.kind = 'service', line.description, line.quantity,
           line.unit_price, line.discount_percent, line.tax_rate, line.amount_net, line.amount_tax, 'refuse',
           coalesce(line.list_price, line.unit_price)
      FROM quotation_line AS line JOIN product ON product.id = line.product_id
     WHERE line.quotation_id = %(quotation_id)s::bigint ORDER BY line.position
    """,
    tables="quotation_line product",
    scope="by_root",
    fact=PricedLine,
)
OLD_LINES = statement(
    "quotations.old_lines",
    """
    SELECT line.id, product.sku, line.quantity, line.unit_price, line.discount_percent, line.description
      FROM quotation_line AS line JOIN product ON product.id = line.product_id
     WHERE line.quotation_id = %(quotation_id)s::bigint ORDER BY line.position
    """,
    tables="quotation_line product",
    scope="by_root",
)


@needs("quotations.write")
def create_quotation(
    plan: Plan,
    *,
    lines: Sequence[LineRequest],
    opportunity_id: int | None = None,
    customer_id: int | None = None,
    valid_until: date | None = None,
    note: str | None = None,
) -> dict[str, Any]:
    """Writes a quotation for an opportunity (and its customer), or for a customer alone.

    Valid for 30 days unless said. Raises NotFound, InvalidInput per line and field.
    """
    if opportunity_id is not None:
        [deals] = plan.fetch(OPPORTUNITY_FOR_UPDATE(opportunity_id=opportunity_id))
        if not deals:
            raise NotFound("opportunity", opportunity_id)
        customer_id = deals[0].customer_id
    if customer_id is None:
        raise NotFound("customer")
    [basis], products = plan.fetch(basis_for(customer_id), PRODUCTS(ids=[line.product_id for line in lines]))
    check_basis(basis, customer_id, None)
    errors = FieldErrors()
    valid_until = valid_until or plan.today + timedelta(days=DEFAULT_VALID_DAYS)
    _check_validity(plan, valid_until, errors)
    priced = price_lines(lines, products, currency=basis.currency, tax_rounding=basis.tax_rounding, errors=errors)
    number = plan.number("QT", plan.today)
    quotation_id = plan.insert(
        Quotation,
        number=number,
        customer_id=customer_id,
        opportunity_id=opportunity_id,
        owner_id=basis.owner_id,
        salesperson_id=salesperson_of(plan, basis),
        quoted_on=plan.today,
        valid_until=valid_until,
        currency=basis.currency,
        tax_rounding=basis.tax_rounding,
        amount_net=priced.amount_net,
        amount_tax=priced.amount_tax,
        amount_total=priced.amount_total,
        note=clean(note),
        recorded_at=number.recorded_at,
    )
    _insert_lines(plan, quotation_id, priced)
    record(
        plan,
        "quotation.created",
        "quotation",
        quotation_id,
        label=number,
        changes={"amount_total": priced.amount_total, "valid_until": valid_until, "lines": _told_lines(priced)},
    )
    return {
        "id": quotation_id,
        "number": number,
        "state": QuotationState.DRAFT,
        "customer_id": customer_id,
        "opportunity_id": opportunity_id,
        "valid_until": valid_until,
        "currency": basis.currency,
        "amount_net": priced.amount_net,
        "amount_tax": priced.amount_tax,
        "amount_total": priced.amount_total,
    }


def _check_validity(plan: Plan, valid_until: date | None, errors: FieldErrors) -> None:
    """A quotation is not offered until a day that is over; one that was, is left as it stands."""
    errors.day("valid_until", valid_until, plan.today)
    if valid_until is not None and valid_until < plan.today:
        errors.add("valid_until", "in_the_past", today=plan.today)


@needs("quotations.write")
def change_quotation(
    plan: Plan,
    quotation_id: int,
    *,
    lines: Sequence[LineRequest] | None,
    valid_until: date | None = None,
    note: str | None = None,
    version: int | None = None,
) -> dict[str, Any]:
    """Replaces lines (None keeps them as they were priced), validity and note of a quotation that is not ordered yet.

    Raises NotFound, InvalidInput per line and field, `quotation_state`, `edit_conflict`.
    """
    quotations, old_lines, products = plan.fetch(
        QUOTATION_FOR_UPDATE(quotation_id=quotation_id),
        OLD_LINES(quotation_id=quotation_id),
        PRODUCTS(ids=[line.product_id for line in lines or ()]),
    )
    quotation = _open_quotation(quotations, quotation_id)
    if version is not None and version != quotation.version:
        raise DomainError("edit_conflict", number=quotation.number, version=quotation.version)
    errors = FieldErrors()
    if valid_until != quotation.valid_until:
        _check_validity(plan, valid_until, errors)
    priced, told = Priced([], quotation.amount_net, quotation.amount_tax), dict[str, Any]()
    if lines is None:
        errors.raise_if_any()
    else:
        [[basis]] = plan.fetch(basis_for(quotation.customer_id))
        priced = price_lines(
            lines, products, currency=basis.currency, tax_rounding=quotation.tax_rounding, errors=errors
        )
        for line_id, *_ in old_lines:
            plan.delete(QuotationLine, line_id)
        _insert_lines(plan, quotation_id, priced)
        told["lines"] = [[list(line[1:]) for line in old_lines], _told_lines(priced)]
    changes: dict[str, Any] = {
        "valid_until": valid_until or quotation.valid_until,
        "note": clean(note),
        "amount_net": priced.amount_net,
        "amount_tax": priced.amount_tax,
    }
    amount_total = priced.amount_total
    plan.set(Quotation, quotation_id, **changes, amount_total=amount_total, version=quotation.version + 1)
    told |= {name: [getattr(quotation, name), value] for name, value in changes.items()}
    told["amount_total"] = [quotation.amount_net + quotation.amount_tax, amount_total]
    record(plan, "quotation.changed", "quotation", quotation_id, label=quotation.number, changes=only_changed(told))
    return {
        "id": quotation_id,
        "number": quotation.number,
        "amount_total": priced.amount_total,
        "version": quotation.version + 1,
    }


@needs("quotations.write")
def mark_quotation(plan: Plan, quotation_id: int, state: QuotationState) -> dict[str, Any]:
    """Marks a quotation as sent or declined."""
    [quotations] = plan.fetch(QUOTATION_FOR_UPDATE(quotation_id=quotation_id))
    quotation = _open_quotation(quotations, quotation_id)
    plan.set(Quotation, quotation_id, state=state, version=quotation.version + 1)
    record(
        plan,
        "quotation.marked",
        "quotation",
        quotation_id,
        label=quotation.number,
        changes={"state": [quotation.state, state]},
    )
    return {"id": quotation_id, "number": quotation.number, "state": state}


@needs("orders.write")
def order_quotation(
    plan: Plan,
    quotation_id: int,
    *,
    requested_on: date | None = None,
    ship_to: str | None = None,
    carrier: str | None = None,
    customer_reference: str | None = None,
) -> dict[str, Any]:
    """Makes a draft order of a quotation as it was priced, and wins its opportunity in the same transaction.

    Exit criteria that are not met are a named warning in the preview here, not a refusal. Locks opportunity, quotation.
    Raises `quotation_state` when it was ordered or declined, `quotation_expired` after its last day,
    `approval_required` for a discount.
    """
    deals, quotations, lines, stages = plan.fetch(
        OPPORTUNITY_OF_QUOTATION_FOR_UPDATE(quotation_id=quotation_id),
        QUOTATION_FOR_UPDATE(quotation_id=quotation_id),
        QUOTATION_LINES(quotation_id=quotation_id),
        STAGES(),
    )
    quotation = _open_quotation(quotations, quotation_id)
    if quotation.valid_until is not None and quotation.valid_until < plan.today:
        raise DomainError("quotation_expired", number=quotation.number, valid_until=quotation.valid_until)
    require_for_discount(plan, Subject("quotation", quotation.id, quotation.number, quotation.customer_id), lines)
    answer = create_order(
        plan,
        customer_id=quotation.customer_id,
        lines=[],
        priced=Priced(lines, quotation.amount_net, quotation.amount_tax),
        opportunity_id=quotation.opportunity_id,
        quotation_id=quotation.id,
        requested_on=requested_on,
        customer_reference=customer_reference,
        note=quotation.note,
        ship_to=ship_to,
        carrier=carrier,
    )
    plan.set(Quotation, quotation.id, state=QuotationState.ORDERED, version=quotation.version + 1)
    if deals and deals[0].stage_kind != StageKind.WON:
        won = next(stage for stage in stages if stage.kind == StageKind.WON)
        if missing := missing_criteria(deals[0], stages, won):
            plan.warn("exit_criteria", number=deals[0].number, missing=missing)
        enter_stage(plan, deals[0], won)
    record(plan, "quotation.ordered", "quotation", quotation.id, label=quotation.number)
    plan.effect("order", quotation=quotation.number, amount=quotation.amount_net + quotation.amount_tax)
    return answer


def _open_quotation(rows: list[QuotationFact], quotation_id: int) -> QuotationFact:
    if not rows:
        raise NotFound("quotation", quotation_id)
    quotation = rows[0]
    if quotation.state not in (QuotationState.DRAFT, QuotationState.SENT):
        raise DomainError("quotation_state", number=quotation.number, state=quotation.state)
    return quotation


def _told_lines(priced: Priced) -> list[list[Any]]:
    """Lines as the audit trail keeps them."""
    return [
        [line.sku, line.quantity, line.unit_price, line.discount_percent, line.description] for line in priced.lines
    ]


def _insert_lines(plan: Plan, quotation_id: int, priced: Priced) -> None:
    for line in priced.lines:
        plan.insert(
            QuotationLine,
            quotation_id=quotation_id,
            position=line.position,
            product_id=line.product_id,
            description=line.description,
            quantity=line.quantity,
            unit_price=line.unit_price,
            list_price=line.list_price,
            discount_percent=line.discount_percent,
            tax_rate=line.tax_rate,
            amount_net=line.amount_net,
            amount_tax=line.amount_tax,
        )
