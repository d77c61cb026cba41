"""Quotations: written for an opportunity, ordered in one call."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from crm.models import QuotationState
from crm.pricing import LineRequest
from crm.queries.opportunity_record import QUOTATIONS, get_quotation
from crm.quotations import change_quotation, create_quotation, mark_quotation, order_quotation
from web.api.fields import Body, Choice, Day, Id, Integer, Many, Text
from web.api.operation import PAGING, Call, operation
from web.api.orders import CREATED, PRICED_LINE

LINES = Many(required=True, item=PRICED_LINE, make=LineRequest)
SHAPE = {
    "id": int, "number": str, "state": str, "customer_id": int, "opportunity_id": int | None,
    "valid_until": date | None, "currency": str, "amount_net": Decimal, "amount_tax": Decimal, "amount_total": Decimal,
}  # fmt: skip
LINE_SHAPE = {
    "position": int, "product_id": int, "sku": str, "description": str, "quantity": Decimal, "unit_price": Decimal,
    "discount_percent": Decimal, "tax_rate": Decimal, "amount_net": Decimal, "amount_tax": Decimal,
}  # fmt: skip
OFFER = Body(lines=LINES, valid_until=Day(help="30 days from today when left out."), note=Text(limit=4000))


@operation(
    "POST", "/opportunities/{opportunity_id}/quotations", "quotations.write", summary="Quote an opportunity",
    body=OFFER, answer=SHAPE, status=201,
)  # fmt: skip
def create_quotation_call(call: Call, opportunity_id: int) -> Any:
    return call.run(create_quotation, opportunity_id=opportunity_id, **call.body)


@operation(
    "POST", "/quotations", "quotations.write", summary="Quote a customer without an opportunity",
    body=Body(customer_id=Id(required=True)) | OFFER, answer=SHAPE, status=201,
)  # fmt: skip
def create_free_quotation(call: Call) -> Any:
    return call.run(create_quotation, **call.body)


@operation(
    "GET", "/quotations", "quotations.read", summary="Find quotations",
    query=Body(
        customer_id=Id(), opportunity_id=Id(), state=Choice(choices=tuple(QuotationState)), number=Text(limit=24)
    ) | PAGING,
    answer=[SHAPE],
)  # fmt: skip
def list_quotations(call: Call) -> Any:
    return call.page(QUOTATIONS, lambda row: row._asdict())


@operation(
    "GET", "/quotations/{quotation_id}", "quotations.read", summary="One quotation",
    answer=SHAPE | {"note": str | None, "order_id": int | None, "version": int, "lines": [LINE_SHAPE]},
)  # fmt: skip
def get_quotation_call(call: Call, quotation_id: int) -> Any:
    quotation, lines = get_quotation(quotation_id)
    return {**quotation._asdict(), "lines": [row._asdict() for row in lines]}


@operation(
    "PATCH", "/quotations/{quotation_id}", "quotations.write", summary="Revise a quotation that is not ordered yet",
    body=Body(
        lines=Many(nullable=False, item=PRICED_LINE, make=LineRequest), valid_until=Day(nullable=False),
        note=Text(limit=4000), version=Integer(smallest=1),
    ),
    answer={"id": int, "number": str, "amount_total": Decimal, "version": int},
    refusals=("quotation_state", "edit_conflict"),
)  # fmt: skip
def change_quotation_call(call: Call, quotation_id: int) -> Any:
    body, version = call.body, call.body.get("version")
    note = body.get("note")
    if "note" not in body:  # what is read here is kept only while it still stands so
        quotation, _lines = get_quotation(quotation_id)
        note, version = quotation.note, version or quotation.version
    return call.run(
        change_quotation,
        quotation_id,
        lines=body.get("lines"),
        valid_until=body.get("valid_until"),
        note=note,
        version=version,
    )


@operation(
    "POST", "/quotations/{quotation_id}/mark", "quotations.write", summary="Mark as sent or declined",
    body=Body(
        state=Choice(required=True, choices=(QuotationState.SENT.value, QuotationState.DECLINED.value))
    ),
    answer={"id": int, "number": str, "state": str}, refusals=("quotation_state",),
)  # fmt: skip
def mark_quotation_call(call: Call, quotation_id: int) -> Any:
    return call.run(mark_quotation, quotation_id, QuotationState(call.body["state"]))


@operation(
    "POST", "/quotations/{quotation_id}/order", "orders.write", previewable=True,
    summary="Make a draft order of it, and win its opportunity", body=Body(requested_on=Day()), answer=CREATED,
    status=201, refusals=("quotation_state", "quotation_expired", "approval_required", "plan_changed"),
)  # fmt: skip
def order_quotation_call(call: Call, quotation_id: int) -> Any:
    return call.run(order_quotation, quotation_id, requested_on=call.body.get("requested_on"))
