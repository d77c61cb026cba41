"""Numbers and sums in words, by examples worked out by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from web.documents import formats


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        ("0", "零元整"),
        ("0.05", "伍分"),
        ("0.50", "伍角整"),
        ("10", "壹拾元整"),
        ("20.05", "贰拾元零伍分"),
        ("107.30", "壹佰零柒元叁角整"),
        ("1680.32", "壹仟陆佰捌拾元叁角贰分"),
        ("10010", "壹万零壹拾元整"),
        ("16409.02", "壹万陆仟肆佰零玖元零贰分"),
        ("107000.53", "壹拾万柒仟元伍角叁分"),
        ("6007000.14", "陆佰万柒仟元壹角肆分"),
        ("100000000", "壹亿元整"),
        ("100002000", "壹亿零贰仟元整"),
        ("1000000000000", "壹万亿元整"),
        ("1000200000000", "壹万零贰亿元整"),
        ("-38.5", "负叁拾捌元伍角整"),
    ],
)
def test_sums_in_words(amount: str, words: str) -> None:
    assert formats.in_words(Decimal(amount)) == words


def test_too_large_for_words() -> None:
    with pytest.raises(ValueError, match="too large"):
        formats.in_words(Decimal("1e16"))


def test_figures() -> None:
    assert formats.money(Decimal("1234.5")) == "1,234.50"
    assert formats.money(Decimal("-1234.5")) == "(1,234.50)"
    assert formats.money(Decimal("-0.001")) == "0.00"
    assert formats.money(Decimal(1234), "JPY") == "1,234"
    assert [formats.price(Decimal(text)) for text in ("12", "12.3", "12.3456")] == ["12.00", "12.30", "12.3456"]
    assert [formats.quantity(Decimal(text)) for text in ("1200.000", "0.250", "-3")] == ["1,200", "0.25", "(3)"]
    assert formats.rate(Decimal("0.1300")) == "13%"
    assert formats.long_date(date(2026, 3, 12), "en") == "12 March 2026"
    assert formats.long_date(date(2026, 3, 12), "zh") == "2026年3月12日"
