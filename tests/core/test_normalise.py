"""Short ways to standard forms come to what the long ways come to."""

from __future__ import annotations

from random import Random

import phonenumbers
import pytest
from pypinyin import Style, lazy_pinyin

from core.normalise import phone_key
from core.pinyin import readings
from web.drill.size.customers import made_customers


def by_the_library(phone: str, country: str) -> str | None:
    try:
        parsed = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def test_a_chinese_mobile_is_what_the_library_says() -> None:
    chance = Random(5)
    for _ in range(3000):
        digits = f"1{chance.randrange(10**10):010d}"
        for phone in (digits, f"{digits[:3]} {digits[3:7]} {digits[7:]}", f"{digits[:3]}-{digits[3:7]}-{digits[7:]}"):
            assert phone_key(phone, "CN") == by_the_library(phone, "CN"), phone


@pytest.mark.parametrize("phone", ["1381234567", "138123456789", "138 1234 567", "8613812345678", "1 3812345678", "-"])
def test_what_is_almost_one_is_no_other_number(phone: str) -> None:
    assert phone_key(phone, "CN") == by_the_library(phone, "CN")


def test_a_name_read_word_by_word_is_read_as_the_whole() -> None:
    chance = Random(6)
    names = ["".join(chr(chance.randrange(0x4E00, 0x9FA6)) for _ in range(chance.randrange(1, 12))) for _ in range(800)]
    names += ["".join(c for c in made.name if "\u4e00" <= c <= "\u9fff") for made in made_customers(800, 2026)]
    for name in filter(None, names):
        assert readings(name)[0] == tuple(lazy_pinyin(name, style=Style.NORMAL)), name
