"""Bank accounts and cash boxes of the company: opened with a ledger account of their own, renamed, archived."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from core.constraints import means
from core.errors import DomainError, FieldError, FieldErrors, InvalidInput, NotFound
from core.masks import without_masks
from core.money import ZERO
from core.needs import needs
from core.normalise import clean
from core.plan import Plan
from core.statements import statement
from finance.models import Account, AccountKind, BankAccount, JournalLine

KINDS = ("bank", "cash")
TEXT_LIMITS = {"name": 120, "number": 60}
MOST_SUB_ACCOUNTS = 99
LOCK_BANKS = statement(
    "banks.lock", "LOCK TABLE bank_account IN SHARE ROW EXCLUSIVE MODE", tables="bank_account", scope="system"
)
means("uq_bank_account_name", "duplicate_name", field="name")


@needs("banks.write")
def create_bank_account(plan: Plan, values: Mapping[str, Any]) -> dict[str, Any]:
    """Opens a bank account or a cash box: name, kind (`bank`, `cash`), number, is_default, account_id.

    Without `account_id` it gets a new sub-account under the chart's account for its kind, so that its balance stands
    alone. Locks all bank accounts against other changes. Raises InvalidInput beside the field, `duplicate_name`,
    `account_taken`.
    """
    errors = FieldErrors()
    data = _texts(without_masks("bank_account", values, None), errors)
    kind = values.get("kind") or KINDS[0]
    if kind not in KINDS:
        errors.add("kind", "unknown_choice", choices=list(KINDS))
    errors.raise_if_any()
    existing = _lock_all(plan)
    _refuse_same_name(existing, data["name"], None)
    account_id = values.get("account_id")
    account = _sub_account(plan, kind, data["name"]) if account_id is None else _chosen(plan, account_id, existing)
    row = BankAccount(**data, kind=kind, account_id=account.id, is_default=False, is_active=True)
    plan.session.add(row)
    plan.session.flush()
    if values.get("is_default") or not any(other.is_default for other in existing):
        _make_default(plan, row, existing)
    return bank_answer(row)


@needs("banks.write")
def change_bank_account(
    plan: Plan, bank_account_id: int, values: Mapping[str, Any], *, version: int | None = None
) -> dict[str, Any]:
    """Changes the fields given: name, number, is_default, is_active. Kind and ledger account stay what they are.

    A sub-account that was named after it follows its name. The usual one cannot be archived, nor one with money on it.
    Locks all bank accounts. Raises NotFound, `edit_conflict`, InvalidInput beside the field, `duplicate_name`,
    `bank_account_is_default`, `bank_account_not_empty`.
    """
    existing = _lock_all(plan)
    row = next((found for found in existing if found.id == bank_account_id), None)
    if row is None:
        raise NotFound("bank_account", bank_account_id)
    if version is not None and row.version != version:
        raise DomainError("edit_conflict", version=row.version)
    errors = FieldErrors()
    given = without_masks("bank_account", values, row)
    data = _texts({"name": row.name, "number": row.number} | given, errors)
    errors.raise_if_any()
    _refuse_same_name(existing, data["name"], row.id)
    is_active = row.is_active if values.get("is_active") is None else bool(values["is_active"])
    is_default = bool(values.get("is_default")) or row.is_default
    if not is_active:
        _refuse_archiving(plan, row, existing, is_default=is_default)
    _rename_account(plan, row, data["name"])
    row.name, row.number, row.is_active = data["name"], data["number"], is_active
    plan.session.flush()
    if is_default and not row.is_default:
        _make_default(plan, row, existing)
    return bank_answer(row)


def bank_answer(row: BankAccount) -> dict[str, Any]:
    names = ("id", "name", "kind", "number", "account_id", "is_default", "is_active", "version")
    return {name: getattr(row, name) for name in names}


def _texts(values: Mapping[str, Any], errors: FieldErrors) -> dict[str, Any]:
    data = {name: clean(values.get(name)) for name in TEXT_LIMITS}
    for name, limit in TEXT_LIMITS.items():
        if data[name] and len(data[name] or "") > limit:
            errors.add(name, "too_long", limit=limit)
    if not data["name"]:
        errors.add("name", "required")
    return data


def _lock_all(plan: Plan) -> Sequence[BankAccount]:
    plan.open()
    plan.fetch(LOCK_BANKS())
    return plan.session.execute(select(BankAccount).order_by(BankAccount.id)).scalars().all()


def _refuse_same_name(existing: Sequence[BankAccount], name: str, own_id: int | None) -> None:
    errors = FieldErrors()
    if any(other.name == name and other.id != own_id for other in existing):
        errors.add("name", "duplicate_name")
    errors.raise_if_any()


def _sub_account(plan: Plan, kind: str, name: str) -> Account:
    """A new account below the chart's own for this kind: `1002` gets `1002.01`, `1002.02` …"""
    parent = plan.session.execute(select(Account).where(Account.role == kind).with_for_update()).scalar_one_or_none()
    if parent is None:
        raise DomainError("account_missing", role=kind)
    taken = set(plan.session.execute(select(Account.code).where(Account.code.startswith(f"{parent.code}."))).scalars())
    free = (f"{parent.code}.{number:02d}" for number in range(1, MOST_SUB_ACCOUNTS + 1))
    code = next((code for code in free if code not in taken), None)
    if code is None:
        raise DomainError("sub_accounts_used_up", account=parent.code, limit=MOST_SUB_ACCOUNTS)
    account = Account(code=code, name=name, name_zh=name, kind=AccountKind.ASSET)
    plan.session.add(account)
    plan.session.flush()
    return account


def _chosen(plan: Plan, account_id: int, existing: Sequence[BankAccount]) -> Account:
    """An account of the chart that may stand behind money: an active asset that no posting rule has for itself."""
    account = plan.session.get(Account, account_id)
    if account is None or not _may_hold_money(account):
        raise InvalidInput({"account_id": FieldError("not_a_money_account")})
    taken_by = next((other.name for other in existing if other.account_id == account_id), None)
    if taken_by is not None:
        raise InvalidInput({"account_id": FieldError("account_taken", {"account": account.code, "bank": taken_by})})
    return account


def _may_hold_money(account: Account) -> bool:
    return account.is_active and account.kind == AccountKind.ASSET and account.role in (None, *KINDS)


def _make_default(plan: Plan, row: BankAccount, existing: Sequence[BankAccount]) -> None:
    """Exactly one is the usual one: the old one steps back first, since the index allows no two at any moment."""
    for other in existing:
        if other is not row:
            other.is_default = False
    plan.session.flush()
    row.is_default = True
    plan.session.flush()


def _refuse_archiving(plan: Plan, row: BankAccount, existing: Sequence[BankAccount], *, is_default: bool) -> None:
    if is_default:
        raise DomainError("bank_account_is_default", name=row.name)
    if any(other.account_id == row.account_id and other.is_active and other is not row for other in existing):
        return
    lines = select(func.coalesce(func.sum(JournalLine.debit - JournalLine.credit), ZERO))
    balance: Decimal = plan.session.execute(lines.where(JournalLine.account_id == row.account_id)).scalar_one()
    if balance:
        raise DomainError("bank_account_not_empty", name=row.name, balance=balance)


def _rename_account(plan: Plan, row: BankAccount, name: str) -> None:
    if name == row.name:
        return
    account = plan.session.get(Account, row.account_id, with_for_update=True, populate_existing=True)
    if account is not None and account.role is None and account.name == account.name_zh == row.name:
        account.name = account.name_zh = name
