"""Custom fields as columns of lists: shown, looked for, grouped, exported; masked ones tell nothing."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from core.custom_fields.commands import create_field
from core.customers import change_customer
from tests.web.lists.pages import read_list
from tests.web.pages_sell.conftest import Shop

CHOICES = [{"code": "gold", "label": "Gold", "label_zh": "金"}, {"code": "tin", "label": "Tin", "label_zh": "锡"}]
KINDS: dict[str, dict[str, Any]] = {
    "text": {},
    "number": {},
    "money": {},
    "date": {},
    "choice": {"choices": CHOICES},
    "choices": {"choices": CHOICES},
    "reference": {"target": "customer"},
    "yes_no": {},
}


@pytest.fixture(scope="module")
def fields(shop: Shop) -> Shop:
    """A field of each kind on customers, with values of one of them; the phone of a secretary is masked as phones."""
    world, ids = shop.world, shop.ids
    for kind, more in KINDS.items():
        label = f"Of {kind.replace('_', ' ')}"
        world.run(create_field, {"record_type": "customer", "key": f"of_{kind}", "label": label, "kind": kind, **more})
    secret = {"record_type": "customer", "key": "secretary", "label": "Secretary", "kind": "text", "mask": "phones"}
    world.run(create_field, secret)
    version = world.value("SELECT custom_fields_version FROM company")
    for role, actor in list(shop.actors.items()):
        shop.actors[role] = replace(actor, custom_fields_version=version)
    custom = {
        "of_text": "Tea house",
        "of_number": Decimal("12.5"),
        "of_money": Decimal(1000),
        "of_date": date(2026, 3, 31),
        "of_choice": "gold",
        "of_choices": ["gold", "tin"],
        "of_reference": ids["other"],
        "of_yes_no": True,
        "secretary": "0512-99887766",
    }
    context = world.context(actor=shop.actors["admin"])
    world.run(change_customer, ids["customer"], {"custom": custom}, context=context)
    return shop


@pytest.mark.parametrize(
    ("condition", "fits"),
    [
        ("custom_of_text:has:tea", True),
        ("custom_of_text:lacks:tea", False),
        ("custom_of_text:begins:Tea", True),
        ("custom_of_text:empty", False),
        ("custom_of_number:gt:12.5", False),
        ("custom_of_number:ge:12.5", True),
        ("custom_of_money:between:999,1001", True),
        ("custom_of_date:on:2026-03-31", True),
        ("custom_of_date:period:last_year", False),
        ("custom_of_choice:in:gold", True),
        ("custom_of_choice:out:gold", False),
        ("custom_of_choices:in:tin", True),
        ("custom_of_yes_no:yes", True),
        ("custom_of_yes_no:no", False),
        ("custom_of_reference:filled", True),
        ("custom_secretary:has:9988", True),
    ],
)
def test_a_custom_field_is_looked_for(fields: Shop, condition: str, fits: bool) -> None:
    client = fields.client("admin")
    whole = int(read_list(client, "/customers?f=").total)
    found = read_list(client, f"/customers?f={condition}")
    assert ("苏州澄湖百货" in found.text) is fits
    is_opposite = condition.split(":")[1] in ("lacks", "out", "no", "empty")
    assert found.rows == (1 if fits else whole - 1 if is_opposite else 0)
    assert len(found.chips) == 1


def test_it_is_shown_grouped_and_exported(fields: Shop) -> None:
    client = fields.client("admin")
    columns = ",".join(["name", *(f"custom_of_{kind}" for kind in KINDS)])
    shown = read_list(client, f"/customers?cols={columns}").text
    for text in ("Tea house", "12.5", "1,000.00", "31 March", "Gold", "Tin", "QUICK-Stop", "Of yes no"):
        assert text in shown, text
    groups = read_list(client, "/customers?group=custom_of_choice").groups
    assert {(name, number) for name, _, number in groups} >= {("Gold", 1)}
    for _, url, number in groups:
        assert read_list(client, url).total == str(number)
    answer = client.post(f"/exports/customers?cols={columns}", data={"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    [row] = [row for row in rows if row["Of text"] == "Tea house"]
    assert (row["Of number"], row["Of date"], row["Of choice"], row["Of choices"], row["Of yes no"]) == (
        "12.5", "2026-03-31", "Gold", "Gold; Tin", "Yes",
    )  # fmt: skip


def test_a_masked_one_tells_nothing(fields: Shop) -> None:
    client = fields.client("warehouse")
    assert "99887766" not in client.get("/customers?cols=name,custom_secretary").text
    assert read_list(client, "/customers?f=custom_secretary:has:9988").rows == 0
    assert read_list(client, "/customers?f=custom_secretary:filled").rows == 0
    assert read_list(client, "/customers?group=custom_secretary").groups == []
