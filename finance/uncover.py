"""Numbers of bank accounts that can be uncovered one by one."""

from __future__ import annotations

from core.masks import BANK_DETAILS
from core.uncover import uncoverable

uncoverable(
    "bank_account",
    "payments.read",
    {"number": BANK_DETAILS},
    "SELECT name, number FROM bank_account WHERE id = %(record_id)s::bigint",
    tables="bank_account",
)
