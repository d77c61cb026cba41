"""The company as it stands on paper."""

from __future__ import annotations

from typing import NamedTuple

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
