"""Short ways to standard forms come to what the long ways come to."""

from __future__ import annotations

import unicodedata
from random import Random

import phonenumbers
import pytest
from email_validator import EmailNotValidError, validate_email
from pypinyin import Style, lazy_pinyin

from core.normalise import email_address, fold, phone_key
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


def test_simple_texts_fold_as_the_long_way_would() -> None:
    for point in (*range(0x80), *range(0x3400, 0x4DC0), *range(0x4E00, 0xA000)):
        letter = chr(point)
        long_way = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", letter)).casefold()
        assert fold(letter) == long_way and not unicodedata.combining(letter), hex(point)


LOCALS = ["a", "info", "INFO", "Info1", "a.b", "a..b", ".a", "a.", "a_b-c", "a+b", "a b", "\u00fc", "", "x" * 65]
LOCALS += ["x" * 180, "'a'", '"a b"', "a@b"]
DOMAINS = ["example.com", "EXAMPLE.com", "firma7.example", "a.b.c.cn", "localhost", "a", "a.test", "-a.com", "a-.com"]
DOMAINS += [
    "a..com",
    "a.com.",
    "xn--fsqu00a.cn",
    "例子.中国",
    "1.2.3.4",
    "[1.2.3.4]",
    "a_b.com",
    "",
    f"{'a' * 64}.com",
    "a.c",
]
DOMAINS += [f"{'a' * 64}.com", ".".join(["a" * 60] * 4) + ".com"]


@pytest.mark.parametrize("domain", DOMAINS)
def test_an_address_is_what_the_library_says(domain: str) -> None:
    for local in LOCALS:
        address = f"{local}@{domain}"
        try:
            expected = validate_email(address, check_deliverability=False).normalized
        except EmailNotValidError:
            expected = None
        assert email_address(address) == expected, address
