"""The customer's money row and his open invoices: read under lock, kept up to date by every command that moves
money."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from core.approvals.models import ApprovalKind
from core.approvals.require import Subject, require
from core.errors import DomainError
from core.money import ZERO
from core.parties import CustomerAccount, PaymentStatus
from core.plan import Plan
from core.statements import Query, statement


class AccountFact(NamedTuple):
    """The customer's account as it stood under lock. Amounts in the company's currency, gross of tax."""

    customer_id: int
    customer_name: str
    owner_id: int
    credit_limit: Decimal | None
    open_receivables: Decimal
    unapplied: Decimal
    uninvoiced: Decimal
    paid_status: str
    oldest_due_on: date | None
    last_payment_on: date | None

    @property
    def exposure(self) -> Decimal:
        return self.open_receivables + self.uninvoiced - self.unapplied


ACCOUNT_SELECT = """
    SELECT account.customer_id, customer.name, customer.owner_id, customer.credit_limit, account.open_receivables,
           account.unapplied, account.uninvoiced, account.paid_status, account.oldest_due_on, account.last_payment_on
      FROM customer_account AS account JOIN customer ON customer.id = account.customer_id
"""
# The customer's key is held too, so that its owner, whom new documents take over, does not change meanwhile.
ACCOUNT_LOCK = "FOR NO KEY UPDATE OF account FOR KEY SHARE OF customer"
ACCOUNT_FOR_UPDATE = statement(
    "receivables.account_for_update",
    f"""
    {ACCOUNT_SELECT} WHERE account.customer_id = %(customer_id)s::bigint AND visible(customer, customer.id)
    {ACCOUNT_LOCK}
    """,
    tables="customer_account customer",
    scope="scoped",
    fact=AccountFact,
)


class OpenSummary(NamedTuple):
    """What is open at a customer apart from some invoices: the earliest due date, whether any is partly paid."""

    oldest_due_on: date | None
    any_partial: bool | None


OPEN_SUMMARY = statement(
    "receivables.open_summary",
    """
    SELECT min(due_on), bool_or(amount_allocated > 0) FROM invoice
     WHERE customer_id = %(customer_id)s::bigint AND amount_allocated < amount_total
       AND id <> ALL (%(except_ids)s::bigint[])
    """,
    tables="invoice",
    scope="by_root",
    fact=OpenSummary,
)


def open_summary(customer_id: int, except_ids: list[int]) -> Query:
    return OPEN_SUMMARY(customer_id=customer_id, except_ids=except_ids)


def check_credit(plan: Plan, account: AccountFact, amount: Decimal, subject: Subject) -> None:
    """Refuses what would lift the exposure over the limit, but with an approval of that. No limit set means no check.

    Raises DomainError `credit_exceeded` with limit, exposure, amount, by how much it is over, and who may approve it.
    """
    if account.credit_limit is None:
        return
    over = account.exposure + amount - account.credit_limit
    if over > 0:
        refusal = DomainError(
            "credit_exceeded",
            customer_id=account.customer_id,
            customer=account.customer_name,
            credit_limit=account.credit_limit,
            exposure=account.exposure,
            amount=amount,
            over=over,
            origin=subject.label,
        )
        require(plan, ApprovalKind.CREDIT, subject, over, refusal=refusal)


def note_new_invoice(
    plan: Plan, account: AccountFact, amount: Decimal, due_on: date | None, uninvoiced: Decimal
) -> None:
    """Takes a new invoice into the account: receivable up, what was waiting to be invoiced down."""
    plan.add(CustomerAccount, account.customer_id, open_receivables=amount, uninvoiced=uninvoiced)
    if due_on is not None and (account.oldest_due_on is None or due_on < account.oldest_due_on):
        plan.set(CustomerAccount, account.customer_id, oldest_due_on=due_on)
    if amount and account.paid_status in (PaymentStatus.NONE, PaymentStatus.PAID):
        plan.set(CustomerAccount, account.customer_id, paid_status=PaymentStatus.UNPAID)


class InvoiceAfter(NamedTuple):
    """An invoice as this command leaves it."""

    due_on: date | None
    amount_open: Decimal
    amount_allocated: Decimal


def settle_account(
    plan: Plan,
    account: AccountFact,
    others: OpenSummary,
    touched: list[InvoiceAfter],
    *,
    open_receivables: Decimal = ZERO,
    unapplied: Decimal = ZERO,
    uninvoiced: Decimal = ZERO,
) -> PaymentStatus:
    """Changes the counters and derives due date and status from all open invoices: the touched ones and the others."""
    open_now = [invoice for invoice in touched if invoice.amount_open > 0]
    due_dates = [invoice.due_on for invoice in open_now if invoice.due_on] + (
        [others.oldest_due_on] if others.oldest_due_on else []
    )
    any_partial = bool(others.any_partial) or any(invoice.amount_allocated > 0 for invoice in open_now)
    if account.open_receivables + open_receivables == 0:
        status = PaymentStatus.PAID
    else:
        status = PaymentStatus.PARTIAL if any_partial else PaymentStatus.UNPAID
    plan.add(
        CustomerAccount,
        account.customer_id,
        open_receivables=open_receivables,
        unapplied=unapplied,
        uninvoiced=uninvoiced,
    )
    plan.set(
        CustomerAccount, account.customer_id, oldest_due_on=min(due_dates) if due_dates else None, paid_status=status
    )
    return status
