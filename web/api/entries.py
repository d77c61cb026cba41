"""Journal entries one by one: read, posted by hand, reversed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from finance.manual import LONGEST_MEMO, ManualLine, post_manual_entry, reverse_manual_entry
from finance.queries.book_record import get_entry
from web.api.fields import Amount, Body, Day, Id, Many, Text
from web.api.ledger import ENTRY
from web.api.operation import Call, operation

POSTED = {"id": int, "number": str, "effective_on": date, "amount": Decimal}
LINES = Many(
    required=True,
    item=Body(account_id=Id(required=True), debit=Amount(help="Either a debit or a credit."), credit=Amount()),
    make=ManualLine,
)


@operation(
    "GET", "/journal-entries/{entry_id}", "ledger.read", summary="One journal entry",
    answer=ENTRY | {"reversed_by_id": int | None},
)  # fmt: skip
def get_journal_entry(call: Call, entry_id: int) -> Any:
    entry, reversed_by_id = get_entry(entry_id)
    return {**entry._asdict(), "reversed_by_id": reversed_by_id}


@operation(
    "POST", "/journal-entries", "ledger.post", previewable=True, summary="Post an entry by hand", status=201,
    body=Body(effective_on=Day(required=True), memo=Text(required=True, limit=LONGEST_MEMO), lines=LINES),
    answer=POSTED, refusals=("entry_not_balanced", "period_closed", "period_missing", "plan_changed"),
)  # fmt: skip
def create_journal_entry(call: Call) -> Any:
    body = call.body
    return call.run(post_manual_entry, effective_on=body["effective_on"], memo=body["memo"], lines=body["lines"])


@operation(
    "POST", "/journal-entries/{entry_id}/reverse", "ledger.post", previewable=True, status=201,
    summary="Post the opposite of an entry that was posted by hand",
    body=Body(
        effective_on=Day(help="Today when left out."),
        memo=Text(limit=LONGEST_MEMO, help="The reversed entry's number when left out."),
    ),
    answer=POSTED, refusals=("entry_of_document", "entry_reversed", "period_closed", "plan_changed"),
)  # fmt: skip
def reverse_journal_entry(call: Call, entry_id: int) -> Any:
    body = call.body
    return call.run(reverse_manual_entry, entry_id, effective_on=body.get("effective_on"), memo=body.get("memo"))
