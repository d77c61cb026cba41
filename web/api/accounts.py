"""Accounts of the chart, added and changed."""

from __future__ import annotations

from typing import Any

from finance.accounts import change_account, create_account
from finance.models import AccountKind
from web.api.fields import Body, Choice, Flag, Integer, Text
from web.api.operation import Call, operation

SHAPE = {
    "id": int, "code": str, "name": str, "name_zh": str, "kind": str, "role": str | None, "is_active": bool,
    "version": int,
}  # fmt: skip
KIND = Choice(nullable=False, choices=tuple(AccountKind))


@operation(
    "POST", "/accounts", "ledger.post", summary="Add an account to the chart", answer=SHAPE, status=201,
    body=Body(
        code=Text(required=True, limit=20), name=Text(required=True, limit=120), name_zh=Text(limit=120), kind=KIND
    ),
)  # fmt: skip
def create_account_call(call: Call) -> Any:
    return call.run(create_account, call.body)


@operation(
    "PATCH", "/accounts/{account_id}", "ledger.post",
    summary="Rename, archive or restore an account; code and kind while nothing stands on it",
    body=Body(
        code=Text(nullable=False, limit=20), name=Text(nullable=False, limit=120), name_zh=Text(limit=120), kind=KIND,
        is_active=Flag(), version=Integer(smallest=1),
    ),
    answer=SHAPE, refusals=("account_in_use", "edit_conflict"),
)  # fmt: skip
def change_account_call(call: Call, account_id: int) -> Any:
    version = call.body.pop("version", None)
    return call.run(change_account, account_id, call.body, version=version)
