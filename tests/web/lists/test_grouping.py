"""Groups within groups: sums at both levels, whole also where not all groups are shown; what an address may name."""

from __future__ import annotations

import html
import re
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest

from core.lists import grouping
from core.lists.source import Asked, Source
from core.lists.state import State
from core.masks import IN_THE_CLEAR, showing
from core.permissions import PERMISSIONS
from core.scope import EVERYTHING, viewing
from crm.lists.customers import CUSTOMERS
from crm.lists.orders import ORDERS
from tests.web.lists.pages import read_list
from tests.web.pages_sell.conftest import Shop

SUM = "amount_total"


def read(shop: Shop, group: str, source: Source = ORDERS, **bounds: Any) -> tuple[list[grouping.Group], bool]:
    actor = shop.actors["admin"]
    who = Asked(shop.world.context().today, actor.user_id, frozenset(PERMISSIONS), "Asia/Shanghai")
    with viewing(EVERYTHING), showing(IN_THE_CLEAR), shop.world.database.reading() as connection:
        return grouping.read_groups(connection, source, State(group=group), who, [SUM], **bounds)


def expected(shop: Shop) -> dict[Any, dict[Any, tuple[int, Decimal]]]:
    """Orders by customer and state, added up here."""
    found: dict[Any, dict[Any, tuple[int, Decimal]]] = defaultdict(dict)
    rows = shop.world.rows("SELECT customer_id, state, count(*), sum(amount_total) FROM sales_order GROUP BY 1, 2")
    for customer_id, state, number, total in rows:
        found[customer_id][state] = number, total
    return found


def test_both_levels_have_their_numbers_and_sums(shop: Shop) -> None:
    groups, has_more = read(shop, "customer,state")
    by_hand = expected(shop)
    assert not has_more
    assert {group.value for group in groups} == set(by_hand)
    for group in groups:
        within = by_hand[group.value]
        assert {inner.value: (inner.rows, inner.sums[SUM]) for inner in group.within} == within
        assert group.rows == sum(number for number, _ in within.values())
        assert group.sums[SUM] == sum(total for _, total in within.values())
        assert group.label


@pytest.mark.parametrize("group", ["industry,lifecycle", "lifecycle,industry", "last_order_on.month,industry"])
def test_what_is_empty_is_a_group_too(shop: Shop, group: str) -> None:
    groups, _ = read(shop, group, CUSTOMERS)
    singles, _ = read(shop, group.partition(",")[0], CUSTOMERS)
    assert [(one.value, one.rows) for one in groups] == [(one.value, one.rows) for one in singles]
    assert any(one.value is None for each in groups for one in (each, *each.within))
    assert all(sum(inner.rows for inner in one.within) == one.rows for one in groups)


def test_what_is_cut_off_is_still_in_the_sums(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "LEAST_WITHIN", 1)
    whole, _ = read(shop, "customer,state")
    assert any(len(group.within) > 1 for group in whole)
    cut, has_more = read(shop, "customer,state", most=len(whole) - 1, most_within=1)
    assert has_more
    for group, entire in zip(cut, whole, strict=False):
        assert (group.value, group.rows, group.sums) == (entire.value, entire.rows, entire.sums)
        assert group.within == entire.within[:1]
        assert group.left_out == len(entire.within) - 1


def test_the_page_says_what_is_cut_off_and_leads_to_it(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "LEAST_WITHIN", 1)
    monkeypatch.setitem(grouping.read_groups.__kwdefaults__, "most_within", 1)
    opened = shop.client("admin").get("/orders?f=&group=customer,state").text
    assert "Of some groups not all is shown" in opened
    [address, number] = re.findall(
        r'<a class="dim" href="([^"]*)" data-open>1 of (\d+) are shown; see all</a>', opened
    )[0]
    assert len(read_list(shop.client("admin"), html.unescape(address)).groups) == int(number)


@pytest.mark.parametrize(
    ("group", "same"),
    [("customer,nothing", "customer"), ("nothing,customer", "customer"), ("customer,customer", "customer"),
     ("customer,state,owner", "customer,state"), ("ordered_on,ordered_on.month", "ordered_on.month")],
)  # fmt: skip
def test_an_address_that_names_no_level_says_less(shop: Shop, group: str, same: str) -> None:
    assert read(shop, group) == read(shop, same)


def test_a_saved_view_keeps_both_levels(shop: Shop) -> None:
    sent = {"name": "By customer and state", "query": "group=customer%2Cstate"}
    kept = shop.post("/lists/orders/views", sent, "manager").location
    assert read_list(shop.client("manager"), kept).nested
    assert not read_list(shop.client("manager"), f"{kept}&group=").nested
