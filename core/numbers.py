"""Numbers and days as people write them, in forms and in files."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

LONGEST_NUMBER: Final = 40
FULL_WIDTH: Final = str.maketrans("０１２３４５６７８９．，－", "0123456789.,-")
_NUMBER: Final = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?")
_DAY: Final = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?")


def number_in(text: str) -> Decimal | None:
    """The number of `1,234.50`, `￥1234.5` or full-width digits; None where there is none."""
    if len(text) > LONGEST_NUMBER:
        return None
    cleaned = text.translate(FULL_WIDTH).replace("−", "-").replace("\u00a0", "").replace(" ", "").lstrip("¥￥$€")
    if not _NUMBER.fullmatch(cleaned) or not re.search(r"\d", cleaned):
        return None
    try:
        return Decimal(cleaned.replace(",", ""))
    except InvalidOperation:
        return None


def day_in_text(text: str) -> date | None:
    """The day of `2026-03-18`, `2026/3/18`, `2026年3月18日`; None where there is none."""
    found = _DAY.fullmatch(text.translate(FULL_WIDTH))
    try:
        return date(*map(int, found.groups())) if found else None
    except ValueError:
        return None
