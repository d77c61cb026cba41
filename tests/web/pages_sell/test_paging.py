"""Every list of sales, in every order: steps of one row reach each row once, and lead back the same way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.queries.paging import Page, Window
from crm.queries import activities, customers, orders, pipeline, quotations
from tests.web.pages_sell.conftest import Shop

LISTS: dict[str, tuple[tuple[str, ...], Callable[..., Page[Any]]]] = {
    "customers": (customers.SORTS, lambda c, w, day: customers.list_customers(c, w, today=day, user_id=None)),
    "orders": (orders.SORTS, lambda c, w, day: orders.list_orders(c, w, today=day, user_id=None)),
    "quotations": (quotations.SORTS, lambda c, w, day: quotations.list_quotations(c, w, today=day, view="all")),
    "deals": (pipeline.SORTS, lambda c, w, day: pipeline.list_deals(c, w, user_id=None, view="all")),
    "activities": (("",), lambda c, w, day: activities.list_follow_ups(c, w, today=day, user_id=None, view="all")),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_walked_forth_and_back(shop: Shop, name: str) -> None:
    sorts, read = LISTS[name]
    day = shop.world.context().today
    for sort in (sign + sort for sort in sorts for sign in ("", "-")):
        with shop.world.database.reading() as connection:
            whole = [row.id for row in read(connection, Window(sort), day)]
            page = read(connection, Window(sort, limit=1), day)
            forth = [page.rows[0].id]
            while page.next:
                page = read(connection, Window(sort, after=page.next, limit=1), day)
                forth.append(page.rows[0].id)
            back = [page.rows[0].id]
            while page.previous:
                page = read(connection, Window(sort, before=page.previous, limit=1), day)
                back.append(page.rows[0].id)
        assert whole, sort
        assert page.total == len(whole), sort
        assert forth == whole, sort
        assert back == whole[::-1], sort
