"""A file of customers as companies keep them: Chinese and English names, phones written one way and the other, some
without, a contact and a street for most; every twentieth row is one of those before it, written a little differently.
"""

from __future__ import annotations

import csv
import io
import re
from random import Random
from typing import Final

from web.drill.size.customers import MadeCustomer, made_customers
from web.drill.size.words import GIVEN, SURNAMES

REPEATED: Final = 20
HEADS: Final = ("客户名称", "税号", "电话", "邮箱", "国家", "省份", "城市", "地址", "邮编", "联系人", "行业", "备注")
_YEAR: Final = 2026
_ROADS: Final = ("解放路", "人民路", "中山路", "建设大道", "科技园南路", "Harbour Road", "Station Street")


def customer_file(count: int) -> bytes:
    """A CSV file of so many rows, the same each time."""
    chance, stream = Random(17), io.StringIO()  # noqa: S311 (invented rows, the same each time)
    writer = csv.writer(stream)
    writer.writerow(HEADS)
    made = made_customers(count - count // REPEATED, _YEAR)
    rows: list[list[str]] = []
    for number in range(count):
        if number % REPEATED == REPEATED - 1:
            row = _otherwise(chance.choice(rows))
        else:
            row = _row(chance, next(made))
            rows.append(row)
        writer.writerow(row)
    return stream.getvalue().encode()


def _row(chance: Random, made: MadeCustomer) -> list[str]:
    street = f"{chance.choice(_ROADS)} {chance.randrange(1, 999)}" if made.n % 10 else ""
    contact = chance.choice(SURNAMES) + "".join(chance.sample(GIVEN, 2)) if made.n % 5 else ""
    country = {"CN": "中国", "US": "USA", "GB": "United Kingdom"}.get(made.country, made.country)
    return [
        made.name, "", made.phone or "", made.email or "", country, made.region or "", made.city, street,
        f"{chance.randrange(100_000, 999_999)}", contact, made.industry, "老客户" if made.n % 50 == 0 else "",
    ]  # fmt: skip


def _otherwise(row: list[str]) -> list[str]:
    """The same customer as somebody else would write it."""
    name = row[0].removesuffix("有限公司") + "股份有限公司" if row[0].endswith("有限公司") else row[0].upper()
    return [name, row[1], re.sub(r"[ -]", "", row[2]), *row[3:]]
