"""First run: the company, its chart, journals, periods, roles, units, terms, stages, a warehouse, a bank account, an
administrator."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from core import database as db
from core.approvals.rules import add_usual_rules
from core.catalog import UnitOfMeasure
from core.company import check_company
from core.errors import DomainError, FieldErrors
from core.needs import for_the_system
from core.organization import Company, Role, RowScope
from core.parties import PaymentTerms
from core.permissions import ROLES
from core.plan import Plan
from core.users import create_user
from crm.models import PipelineStage, StageKind
from finance.chart import CHARTS, JOURNALS
from finance.models import Account, BankAccount, Journal
from finance.periods import add_fiscal_year
from inventory.models import Warehouse

UNITS = (
    ("pcs", "piece", "件"),
    ("box", "box", "盒"),
    ("case", "case", "箱"),
    ("kg", "kilogram", "千克"),
    ("l", "litre", "升"),
    ("m", "metre", "米"),
    ("h", "hour", "小时"),
    ("job", "job", "次"),
)
TERMS = (
    ("cod", "On delivery", "货到付款", 0),
    ("net15", "15 days", "15 天", 15),
    ("net30", "30 days", "月结 30 天", 30),
    ("net60", "60 days", "月结 60 天", 60),
)
STAGES = (
    ("contact", "First contact", "初步接触", 10, StageKind.OPEN, None),
    ("needs", "Needs confirmed", "需求确认", 25, StageKind.OPEN, "budget schedule"),
    ("proposal", "Proposal", "方案制定", 40, StageKind.OPEN, "quotation"),
    ("negotiation", "Negotiation", "商务谈判", 60, StageKind.OPEN, None),
    ("contract", "Contract", "合同签订", 85, StageKind.OPEN, None),
    ("won", "Won", "赢单", 100, StageKind.WON, None),
    ("lost", "Lost", "丢单", 0, StageKind.LOST, None),
)


@for_the_system
def set_up_company(
    plan: Plan,
    company: Mapping[str, Any],
    administrator: Mapping[str, Any],
    *,
    first_year: date | None = None,
    warehouse: str = "",
) -> dict[str, Any]:
    """Makes a new company ready for its first order. Raises `already_set_up`, InvalidInput beside the field.

    Periods are opened for the fiscal year of `first_year` (today's when None) up to the one after today's.
    """
    if plan.session.execute(select(Company.id).with_for_update()).first():
        raise DomainError("already_set_up")
    chart = company.get("chart") or "cn_small"
    month = company.get("fiscal_year_start_month") or 1
    errors = FieldErrors()
    if chart not in CHARTS:
        errors.add("chart", "unknown_choice", choices=sorted(CHARTS))
    if not 1 <= month <= 12:
        errors.add("fiscal_year_start_month", "out_of_range", smallest=1, largest=12)
    currency = (company.get("currency") or "CNY").upper()
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha():
        errors.add("currency", "unknown_currency", value=currency)
    errors.raise_if_any()
    data = check_company(company)
    row = Company(id=1, chart=chart, currency=currency, fiscal_year_start_month=month, **data)
    row.country = (company.get("country") or "CN").upper()
    row.is_demo = bool(company.get("is_demo"))
    if not data.get("name"):
        errors.add("name", "required")
        errors.raise_if_any()
    plan.session.add(row)
    plan.session.flush()  # of two first runs at once the second waits here, and is refused
    _add_masters(plan, chart, row, warehouse)
    plan.session.flush()
    db.current().forget_company()
    _open_years(plan, first_year or plan.today, month)
    admin = create_user(plan, {**administrator, "roles": ["admin"]})
    return {"company": row.name, "administrator": admin["login"]}


def _add_masters(plan: Plan, chart: str, company: Company, warehouse: str) -> None:
    session = plan.session
    for code, role in ROLES.items():
        session.add(
            Role(
                code=code,
                name=role.name,
                name_zh=role.name_zh,
                permissions=sorted(role.permissions),
                row_scope=RowScope(role.row_scope),
                is_standard=True,
            )
        )
    for code, name, name_zh, account_kind, purpose in CHARTS[chart]:
        session.add(Account(code=code, name=name, name_zh=name_zh, kind=account_kind, role=purpose))
    for code, name, name_zh in JOURNALS:
        session.add(Journal(code=code, name=name, name_zh=name_zh))
    for code, name, name_zh in UNITS:
        session.add(UnitOfMeasure(code=code, name=name, name_zh=name_zh))
    for code, name, name_zh, days in TERMS:
        session.add(PaymentTerms(code=code, name=name, name_zh=name_zh, days=days))
    for position, (code, name, name_zh, probability, kind, criteria) in enumerate(STAGES, start=1):
        session.add(
            PipelineStage(
                code=code,
                name=name,
                name_zh=name_zh,
                position=position,
                probability=probability,
                kind=kind,
                exit_criteria=criteria,
            )
        )
    zh = company.language != "en"
    session.add(Warehouse(code="MAIN", name=warehouse or ("主仓库" if zh else "Main warehouse"), is_default=True))
    session.flush()
    add_usual_rules(session)
    chosen = select(Account.role, Account.id).where(Account.role.in_(("bank", "cash")))
    accounts = {role: identity for role, identity in session.execute(chosen)}
    session.add(
        BankAccount(
            name=company.bank_name or ("基本户" if zh else "Main account"),
            kind="bank",
            number=company.bank_account,
            account_id=accounts["bank"],
            is_default=True,
        )
    )
    session.add(BankAccount(name="现金" if zh else "Cash", kind="cash", account_id=accounts["cash"]))


def _open_years(plan: Plan, first: date, start_month: int) -> None:
    year = first.year
    while year <= plan.today.year + 1:
        on = date(year, first.month if year == first.year else plan.today.month, 1)
        add_fiscal_year(plan, on, start_month)
        year += 1
