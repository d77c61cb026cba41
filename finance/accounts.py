"""Accounts of the chart: added, renamed, archived. What entries or posting rules stand on keeps its code and kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from core.constraints import means
from core.errors import DomainError, FieldErrors, NotFound
from core.needs import needs
from core.normalise import clean
from core.plan import Plan
from finance.models import Account, AccountKind, BankAccount, JournalLine

TEXT_LIMITS = {"code": 20, "name": 120, "name_zh": 120}
means("uq_account_code", "duplicate_code", field="code")


@needs("ledger.post")
def create_account(plan: Plan, values: Mapping[str, Any]) -> dict[str, Any]:
    """Adds an account: code, name, name_zh (the name where left out), kind. Raises InvalidInput beside the field."""
    data = _checked(plan, values, None)
    row = Account(**data, is_active=True)
    plan.session.add(row)
    plan.session.flush()
    return account_answer(row)


@needs("ledger.post")
def change_account(
    plan: Plan, account_id: int, values: Mapping[str, Any], *, version: int | None = None
) -> dict[str, Any]:
    """Changes the fields given: name, name_zh, is_active, and while nothing stands on it code and kind.

    Locks the row. Raises NotFound, `edit_conflict`, InvalidInput beside the field (`account_fixed` for code and kind),
    `account_in_use` when it is to be archived and a posting rule, a bank account or a balance stands on it.
    """
    row = plan.session.get(Account, account_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("account", account_id)
    if version is not None and row.version != version:
        raise DomainError("edit_conflict", version=row.version)
    current = {name: getattr(row, name) for name in ("code", "name", "name_zh", "kind")}
    data = _checked(plan, current | dict(values), row)
    if values.get("is_active") is False and row.is_active:
        _refuse_archiving(plan, row)
    for name, value in data.items():
        setattr(row, name, value)
    if values.get("is_active") is not None:
        row.is_active = bool(values["is_active"])
    plan.session.flush()
    return account_answer(row)


def account_answer(row: Account) -> dict[str, Any]:
    names = ("id", "code", "name", "name_zh", "kind", "role", "is_active", "version")
    return {name: getattr(row, name) for name in names}


def _checked(plan: Plan, values: Mapping[str, Any], row: Account | None) -> dict[str, Any]:
    errors = FieldErrors()
    data: dict[str, Any] = {name: clean(values.get(name)) for name in TEXT_LIMITS}
    data["name_zh"] = data["name_zh"] or data["name"]
    for name, limit in TEXT_LIMITS.items():
        if not data[name]:
            errors.add(name, "required")
        elif len(data[name]) > limit:
            errors.add(name, "too_long", limit=limit)
    kinds = [kind.value for kind in AccountKind]
    if values.get("kind") not in kinds:
        errors.add("kind", "unknown_choice", choices=kinds)
    else:
        data["kind"] = AccountKind(values["kind"])
    taken = select(Account.id).where(Account.code == data["code"], Account.id != (row.id if row else 0))
    if plan.session.execute(taken).first():
        errors.add("code", "duplicate_code")
    changed = [name for name in ("code", "kind") if row is not None and data.get(name) != getattr(row, name)]
    if row is not None and changed and (row.role or _has_entries(plan, row)):
        for name in changed:
            errors.add(name, "account_fixed", account=row.code)
    errors.raise_if_any()
    return data


def _has_entries(plan: Plan, row: Account) -> bool:
    return (
        plan.session.execute(select(JournalLine.id).where(JournalLine.account_id == row.id).limit(1)).first()
        is not None
    )


def _refuse_archiving(plan: Plan, row: Account) -> None:
    balance = plan.session.execute(
        select(func.coalesce(func.sum(JournalLine.debit - JournalLine.credit), 0)).where(
            JournalLine.account_id == row.id
        )
    ).scalar_one()
    bank = plan.session.execute(
        select(BankAccount.name).where(BankAccount.account_id == row.id, BankAccount.is_active)
    ).scalar()
    reason = "role" if row.role else "bank" if bank else "balance" if balance else None
    if reason:
        raise DomainError("account_in_use", account=row.code, reason=reason, balance=balance, bank=bank)
