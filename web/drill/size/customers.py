"""A million different customers: realistic names, codes, phones and cities, and the text the product keeps of each."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import NamedTuple

from core.normalise import company_key, email_key, phone_key
from core.search_entries import customer_text
from web.drill.size.words import (
    ENGLISH_FIRST,
    ENGLISH_FORMS,
    ENGLISH_PLACES,
    ENGLISH_SECOND,
    ENGLISH_TRADES,
    FORMS,
    INDUSTRIES,
    MOBILE,
    PLACES,
    SIZES,
    SOURCES,
    TELLING,
    TRADES,
)

CHINESE_SHARE = 0.7
LIFECYCLES = ("potential",) * 5 + ("new",) * 2 + ("active",) * 6 + ("at_risk", "lost")
# Factors without a common divisor with the powers of ten below, so that different places get different digits.
_EIGHT, _SEVEN = 7_368_787, 3_719_543


class MadeCustomer(NamedTuple):
    """A row of the staging table; `n` is its place from 1 on."""

    n: int
    code: str
    name: str
    name_key: str
    search_text: str
    country: str
    region: str | None
    city: str
    industry: str
    size: str | None
    source: str | None
    lifecycle: str
    phone: str | None
    phone_key: str | None
    email: str | None
    email_key: str | None


class _Name(NamedTuple):
    parts: tuple[str, ...]
    country: str
    region: str | None
    city: str
    phone: str

    @property
    def text(self) -> str:
        return "".join(self.parts)


def made_customers(count: int, year: int, *, behind: int = 0, seed: int = 20) -> Iterator[MadeCustomer]:
    """`count` customers that share neither name key nor phone nor e-mail address; the same ones for the same seed.
    Their codes are those of the year behind the first `behind`."""
    draw = random.Random(seed)  # noqa: S311 (names, no secrets)
    known: set[tuple[str, str]] = set()
    for n in range(1, count + 1):
        made = _chinese(draw, n) if draw.random() < CHINESE_SHARE else _english(draw, n)
        while (key := (company_key(made.text), made.country)) in known:
            made = _chinese(draw, n) if made.country == "CN" else _english(draw, n)
        known.add(key)
        yield _customer(draw, n, made, key[0], f"CUS-{year}-{n + behind:05d}")


def _customer(draw: random.Random, n: int, made: _Name, key: str, code: str) -> MadeCustomer:
    email = f"info{n}@{'firma' if made.country == 'CN' else 'company'}{n % 977}.example" if n % 3 == 0 else None
    phone = made.phone if n % 20 else None
    text = customer_text(name=made.text, legal_name=None, code=code, city=made.city, phone=phone, email=email)
    return MadeCustomer(
        n,
        code,
        made.text,
        key,
        text,
        made.country,
        made.region,
        made.city,
        draw.choice(INDUSTRIES),
        draw.choice(SIZES),
        draw.choice(SOURCES),
        draw.choice(LIFECYCLES),
        phone,
        phone_key(phone, made.country),
        email,
        email_key(email),
    )


def _chinese(draw: random.Random, n: int) -> _Name:
    region, city = draw.choice(PLACES)
    telling = draw.choices(TELLING, k=draw.choice((2, 2, 3)))
    if n % 4:
        digits = f"{n * _EIGHT % 10**8:08d}"
        phone = f"{draw.choice(MOBILE)} {digits[:4]} {digits[4:]}" if n % 2 else draw.choice(MOBILE) + digits
    else:
        phone = f"{draw.choice(('010', '021', '020'))}-{draw.choice('68')}{n * _SEVEN % 10**7:07d}"
    place = (city,) if draw.random() < 0.85 else (region,)
    return _Name((*place, *telling, draw.choice(TRADES), draw.choice(FORMS)), "CN", region, city, phone)


def _english(draw: random.Random, n: int) -> _Name:
    country, city, head = draw.choice(ENGLISH_PLACES)
    words = [draw.choice(ENGLISH_FIRST), draw.choice(ENGLISH_SECOND), draw.choice(ENGLISH_TRADES)]
    if draw.random() < 0.3:
        words[1:1] = ["&", draw.choice(ENGLISH_FIRST)]
    name = " ".join(filter(None, (*words, draw.choice(ENGLISH_FORMS))))
    phone = f"{head}{draw.choice('56789')}{n * _SEVEN % 10**6:06d}"
    return _Name((name,), country, None, city, phone)
