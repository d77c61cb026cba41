"""Money in: payments, their matching to invoices and its undoing; money out: refunds."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from core.errors import NotFound
from finance.corrections import refund, unmatch
from finance.models import PaymentKind
from finance.payments import Wanted, match, record_payment
from finance.queries.payment_record import PAYMENTS, get_payment
from web.api.fields import Amount, Body, Choice, Day, Flag, Id, Many, Text
from web.api.operation import PAGING, Call, operation

ALLOCATIONS = Many(item=Body(invoice_id=Id(required=True), amount=Amount(required=True)), make=Wanted)
AUTO = Flag(help="Match by the product's rules: the invoices named in the reference, an equal amount, then the oldest.")
ALLOCATION_SHAPE = {"id": int, "invoice_id": int | None, "number": str, "amount": Decimal}
NEW = Body(
    customer_id=Id(required=True),
    amount=Amount(required=True),
    currency=Text(limit=3),
    received_on=Day(help="Today when left out."),
    reference=Text(limit=200),
    allocations=ALLOCATIONS,
    auto=AUTO,
    bank_account_id=Id(help="The default account when left out."),
)
SHAPE = {
    "id": int, "number": str, "customer_id": int, "currency": str, "received_on": date, "amount": Decimal,
    "reference": str | None, "amount_unapplied": Decimal,
}  # fmt: skip


@operation(
    "POST", "/payments", "payments.write", previewable=True, summary="Record money from a customer, and match it",
    body=NEW, answer=SHAPE | {"allocations": [ALLOCATION_SHAPE], "payment_status": str}, status=201,
    refusals=("allocation_exceeds_invoice", "allocation_exceeds_credit", "period_closed", "plan_changed"),
)  # fmt: skip
def create_payment(call: Call) -> Any:
    body = {name: value for name, value in call.body.items() if name != "preview_digest"}
    return call.run(record_payment, **body)


@operation(
    "GET", "/payments", "payments.read", summary="Find payments and refunds",
    query=Body(
        customer_id=Id(), number=Text(limit=24), kind=Choice(choices=tuple(PaymentKind)), unapplied=Flag()
    ) | PAGING,
    answer=[SHAPE | {"kind": str}],
)  # fmt: skip
def list_payments(call: Call) -> Any:
    return call.page(PAYMENTS, lambda row: row._asdict())


@operation(
    "GET", "/payments/{payment_id}", "payments.read", summary="One payment with its allocations",
    answer=SHAPE | {"kind": str, "allocations": [ALLOCATION_SHAPE | {"effective_on": date, "reverses_id": int | None}]},
)  # fmt: skip
def get_payment_call(call: Call, payment_id: int) -> Any:
    payment, allocations = get_payment(payment_id)
    return {**payment._asdict(), "allocations": [row._asdict() for row in allocations]}


MATCH = Body(allocations=ALLOCATIONS, auto=AUTO, effective_on=Day())
MATCHED = {
    "id": int, "number": str, "amount_unapplied": Decimal, "allocations": [ALLOCATION_SHAPE], "payment_status": str
}  # fmt: skip
MATCH_REFUSALS = (
    "nothing_unapplied", "nothing_to_match", "allocation_exceeds_invoice", "allocation_exceeds_credit", "period_closed",
    "plan_changed",
)  # fmt: skip


def _match(call: Call, source: str, source_id: int) -> Any:
    body = call.body
    return call.run(
        match,
        source,
        source_id,
        allocations=body.get("allocations"),
        auto=body.get("auto", False),
        effective_on=body.get("effective_on"),
    )


@operation(
    "POST", "/payments/{payment_id}/match", "payments.write", previewable=True,
    summary="Put unapplied money on invoices", body=MATCH, answer=MATCHED, refusals=MATCH_REFUSALS,
)  # fmt: skip
def match_payment(call: Call, payment_id: int) -> Any:
    return _match(call, "payment", payment_id)


@operation(
    "POST", "/credit-notes/{credit_note_id}/match", "payments.write", previewable=True,
    summary="Put a credit note's rest on invoices", body=MATCH, answer=MATCHED, refusals=MATCH_REFUSALS,
)  # fmt: skip
def match_credit_note(call: Call, credit_note_id: int) -> Any:
    return _match(call, "credit_note", credit_note_id)


UNMATCH = Body(reason=Text(limit=300), effective_on=Day())
UNMATCH_REFUSALS = ("correction_not_unmatched", "credit_used_elsewhere", "period_closed", "plan_changed")
UNMATCHED = {"id": int, "number": str, "invoice_id": int, "amount_unapplied": Decimal, "payment_status": str}


@operation(
    "POST", "/payment-allocations/{allocation_id}/unmatch", "payments.write", previewable=True,
    summary="Take matched money off its invoice", body=UNMATCH, answer=UNMATCHED,
    refusals=UNMATCH_REFUSALS,
)  # fmt: skip
def unmatch_allocation(call: Call, allocation_id: int) -> Any:
    return _unmatch(call, allocation_id)


@operation(
    "POST", "/payments/{payment_id}/allocations/{allocation_id}/unmatch", "payments.write", previewable=True,
    summary="Take matched money of one payment off its invoice", body=UNMATCH, answer=UNMATCHED,
    refusals=UNMATCH_REFUSALS,
)  # fmt: skip
def unmatch_payment(call: Call, payment_id: int, allocation_id: int) -> Any:
    _, allocations = get_payment(payment_id)
    if not any(row.id == allocation_id and row.payment_id == payment_id for row in allocations):
        raise NotFound("allocation", allocation_id)
    return _unmatch(call, allocation_id)


def _unmatch(call: Call, allocation_id: int) -> Any:
    return call.run(unmatch, allocation_id, reason=call.body.get("reason"), effective_on=call.body.get("effective_on"))


@operation(
    "POST", "/refunds", "payments.write", previewable=True, summary="Give unapplied money back", status=201,
    body=Body(
        customer_id=Id(required=True), amount=Amount(required=True), refunded_on=Day(), reference=Text(limit=200),
        bank_account_id=Id(),
    ),
    answer={"id": int, "number": str, "customer_id": int, "amount": Decimal, "amount_unapplied": Decimal},
    refusals=("refund_exceeds_credit", "period_closed", "plan_changed"),
)  # fmt: skip
def create_refund(call: Call) -> Any:
    return call.run(refund, **{name: value for name, value in call.body.items() if name != "preview_digest"})
