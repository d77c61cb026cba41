"""Bank accounts and cash boxes of the company."""

from __future__ import annotations

from typing import Any

from core.masks import BankDetail
from finance.banks import KINDS, change_bank_account, create_bank_account
from finance.queries.banks import list_bank_accounts
from web.api.fields import Body, Choice, Flag, Id, Integer, Text
from web.api.operation import Call, operation

SHAPE = {
    "id": int, "name": str, "kind": str, "number": BankDetail | None, "account_id": int,
    "is_default": bool, "is_active": bool, "version": int,
}  # fmt: skip


@operation(
    "GET", "/bank-accounts", "payments.read", summary="Bank accounts and cash boxes, archived ones too",
    answer=[SHAPE | {"account": str}],
)  # fmt: skip
def list_bank_accounts_call(call: Call) -> Any:
    return {"items": [row._asdict() for row in list_bank_accounts()], "next_cursor": None}


@operation(
    "POST", "/bank-accounts", "banks.write", summary="Open a bank account or a cash box", answer=SHAPE, status=201,
    body=Body(
        name=Text(required=True, limit=120), kind=Choice(choices=KINDS), number=Text(limit=60), is_default=Flag(),
        account_id=Id(help="Its ledger account; a new sub-account when left out."),
    ),
    refusals=("duplicate_name", "account_taken", "not_a_money_account"),
)  # fmt: skip
def create_bank_account_call(call: Call) -> Any:
    return call.run(create_bank_account, call.body)


@operation(
    "PATCH", "/bank-accounts/{bank_account_id}", "banks.write", summary="Rename, archive or restore a bank account",
    body=Body(
        name=Text(limit=120), number=Text(limit=60), is_default=Flag(), is_active=Flag(), version=Integer(smallest=1)
    ),
    answer=SHAPE,
    refusals=("duplicate_name", "edit_conflict", "bank_account_is_default", "bank_account_not_empty"),
)  # fmt: skip
def change_bank_account_call(call: Call, bank_account_id: int) -> Any:
    version = call.body.pop("version", None)
    return call.run(change_bank_account, bank_account_id, call.body, version=version)
