"""The company as it stands on paper, and its settings as data."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from core.masks import BankDetail
from core.statements import statement


class CompanyPaper(NamedTuple):
    name: str
    name_english: str | None
    tax_id: str | None
    address: str | None
    phone: str | None
    bank_name: str | None
    bank_account: str | None
    logo: bytes | None
    currency: str


COMPANY_PAPER = statement(
    "papers.company",
    "SELECT name, name_english, tax_id, address, phone, bank_name, bank_account, logo, currency FROM company",
    tables="company",
    scope="system",
    fact=CompanyPaper,
)


class CompanyRecord(NamedTuple):
    """The company's settings; currency, country, chart and fiscal year stay as they were on the first run."""

    name: str
    name_english: str | None
    tax_id: str | None
    address: str | None
    phone: str | None
    email: str | None
    bank_name: str | None
    bank_account: BankDetail | None
    language: str
    time_zone: str
    tax_rate: Decimal
    tax_rounding: str
    tax_point: str
    invoicing_policy: str
    due_from: str
    payment_terms_days: int
    audit_years: int
    session_idle_hours: int
    session_days: int
    second_factor_for: str
    file_megabytes: int
    record_megabytes: int
    logo_type: str | None
    currency: str
    country: str
    chart: str
    fiscal_year_start_month: int
    version: int


COMPANY = statement(
    "company.record",
    """
    SELECT name, name_english, tax_id, address, phone, email, bank_name, bank_account, language, time_zone, tax_rate,
           tax_rounding, tax_point, invoicing_policy, due_from, payment_terms_days, audit_years, session_idle_hours,
           session_days, second_factor_for, file_megabytes, record_megabytes,
           logo_type, currency, country, chart, fiscal_year_start_month, version
      FROM company
    """,
    tables="company",
    scope="system",
    fact=CompanyRecord,
)


class Logo(NamedTuple):
    content: bytes | None
    media_type: str | None


LOGO = statement("company.logo", "SELECT logo, logo_type FROM company", tables="company", scope="system", fact=Logo)
