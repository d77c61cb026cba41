"""Invoices and credit notes, read."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from core.queries.reading import today
from crm.orders.fiscal import LONGEST_NUMBER, record_fiscal_invoice
from finance.queries.invoice_record import (
    CREDIT_NOTES,
    INVOICES,
    InvoiceRecord,
    get_credit_note,
    get_invoice,
    payment_status,
)
from finance.write_offs import LONGEST_REASON, reverse_write_off, write_off
from web.api.fields import Amount, Body, Day, Flag, Id, Text
from web.api.operation import PAGING, Call, operation

AMOUNTS = {"amount_net": Decimal, "amount_tax": Decimal, "amount_total": Decimal}
SHAPE = {
    "id": int, "number": str, "customer_id": int, "customer_name": str, "issued_on": date, "due_on": date | None,
    "currency": str, **AMOUNTS, "amount_open": Decimal, "amount_allocated": Decimal, "amount_credited": Decimal,
    "amount_written_off": Decimal, "payment_status": str,
    "origin": str | None, "fiscal_number": str | None, "fiscal_issued_on": date | None,
}  # fmt: skip
LINE = {"position": int, "product_id": int | None, "description": str, "quantity": Decimal, "tax_rate": Decimal}
ALLOCATION = {
    "id": int, "payment_id": int | None, "credit_note_id": int | None, "write_off_id": int | None, "number": str,
    "amount": Decimal, "effective_on": date, "reverses_id": int | None, "reversed_by_id": int | None,
}  # fmt: skip
CREDIT_NOTE = {
    "id": int, "number": str, "invoice_id": int, "customer_id": int, "issued_on": date, "currency": str, **AMOUNTS,
    "amount_unapplied": Decimal, "reason": str | None, "origin": str | None,
}  # fmt: skip


def shape(row: InvoiceRecord, day: date) -> dict[str, Any]:
    """An invoice as JSON data, its payment status as of a day."""
    return {**row._asdict(), "payment_status": payment_status([row], day)}


@operation(
    "GET", "/invoices", "invoices.read", summary="Find invoices", answer=[SHAPE],
    query=Body(
        customer_id=Id(), number=Text(limit=24), origin=Text(limit=40), open=Flag(), due_before=Day()
    ) | PAGING,
)  # fmt: skip
def list_invoices(call: Call) -> Any:
    day = today()
    return call.page(INVOICES, lambda row: shape(row, day))


@operation(
    "GET", "/invoices/{invoice_id}", "invoices.read", summary="One invoice with lines, allocations and credit notes",
    answer=SHAPE | {
        "lines": [LINE | {"unit_price": Decimal, "amount_net": Decimal, "amount_tax": Decimal}],
        "allocations": [ALLOCATION],
        "credit_notes": [CREDIT_NOTE],
    },
)  # fmt: skip
def get_invoice_call(call: Call, invoice_id: int) -> Any:
    whole = get_invoice(invoice_id)
    return {
        **shape(whole.invoice, today()),
        "lines": [row._asdict() for row in whole.lines],
        "allocations": [row._asdict() for row in whole.allocations],
        "credit_notes": [row._asdict() for row in whole.credit_notes],
    }


@operation(
    "POST", "/invoices/{invoice_id}/fiscal", "orders.bill",
    summary="Record the fiscal invoice; VAT not yet recognised by shipping falls due",
    body=Body(
        number=Text(required=True, limit=LONGEST_NUMBER), issued_on=Day(help="Today when left out."),
        was_number=Text(limit=LONGEST_NUMBER, help="The number that was read: refused where another stands there now."),
        was_issued_on=Day(help="The day that was read, together with `was_number`; null where there was none."),
    ),
    answer={
        "id": int, "number": str, "fiscal_number": str, "fiscal_issued_on": date, "tax_recognised": Decimal,
    },
    refusals=("changed_since", "invoice_credited", "period_closed"), previewable=True,
)  # fmt: skip
def record_fiscal_invoice_call(call: Call, invoice_id: int) -> Any:
    body = call.body
    seen = (body.get("was_number"), body.get("was_issued_on")) if "was_number" in body else None
    named = {"number": body["number"], "issued_on": body.get("issued_on"), "seen": seen}
    return call.run(record_fiscal_invoice, invoice_id, **named)


WRITTEN_OFF = {"id": int, "number": str, "invoice_id": int, "amount": Decimal, "amount_open": Decimal}


@operation(
    "POST", "/invoices/{invoice_id}/write-off", "invoices.write_off", previewable=True, status=201,
    summary="Write off what will not be paid, gross of tax",
    body=Body(amount=Amount(required=True), reason=Text(required=True, limit=LONGEST_REASON)),
    answer=WRITTEN_OFF | {"allocation_id": int},
    refusals=("approval_required", "nothing_to_write_off", "period_closed", "plan_changed"),
)  # fmt: skip
def write_off_call(call: Call, invoice_id: int) -> Any:
    return call.run(write_off, invoice_id, amount=call.body["amount"], reason=call.body["reason"])


@operation(
    "POST", "/write-offs/{write_off_id}/reverse", "invoices.write_off", previewable=True,
    summary="Take a write-off back: the invoice is open again",
    body=Body(reason=Text(required=True, limit=LONGEST_REASON)), answer=WRITTEN_OFF,
    refusals=("period_closed", "plan_changed"),
)  # fmt: skip
def reverse_write_off_call(call: Call, write_off_id: int) -> Any:
    return call.run(reverse_write_off, write_off_id, reason=call.body["reason"])


@operation(
    "GET", "/credit-notes", "invoices.read", summary="Find credit notes", answer=[CREDIT_NOTE],
    query=Body(customer_id=Id(), invoice_id=Id(), origin=Text(limit=40)) | PAGING,
)  # fmt: skip
def list_credit_notes(call: Call) -> Any:
    return call.page(CREDIT_NOTES, lambda row: row._asdict())


@operation(
    "GET", "/credit-notes/{credit_note_id}", "invoices.read", summary="One credit note",
    answer=CREDIT_NOTE | {"lines": [LINE | {"amount_net": Decimal, "amount_tax": Decimal}]},
)  # fmt: skip
def get_credit_note_call(call: Call, credit_note_id: int) -> Any:
    note, lines = get_credit_note(credit_note_id)
    return {**note._asdict(), "lines": [row._asdict() for row in lines]}
