"""What holds for every declared list: tabs, groups, orders, filters, pages and files speak of the same rows."""

from __future__ import annotations

import csv
import io
from urllib.parse import quote

import pytest

from core.lists.grouping import UNITS
from core.lists.kinds import PERIODS, VALUES, Kind
from core.lists.reading import count, read_page
from core.lists.source import Asked, Column
from core.lists.state import State, demand
from core.masks import IN_THE_CLEAR, showing
from core.permissions import PERMISSIONS
from core.queries.paging import Window
from core.scope import EVERYTHING, viewing
from tests.web.lists.pages import read_list
from tests.web.pages_sell.conftest import ROLES, Shop
from web.exports.declared import LISTS as EXPORTS
from web.lists.declared import LISTS, ListPage

NAMES = sorted(LISTS)


def address(page: ListPage, shop: Shop) -> str:
    with shop.app.test_request_context():
        from flask import url_for

        return url_for(page.endpoint)


def opens(shop: Shop, page: ListPage, role: str) -> bool:
    return shop.actors[role].may(page.permission)


def everything(shop: Shop) -> Asked:
    actor = shop.actors["admin"]
    return Asked(shop.world.context().today, actor.user_id, frozenset(PERMISSIONS), "Asia/Shanghai")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", NAMES)
def test_the_number_of_a_tab_is_that_of_its_rows(shop: Shop, name: str, role: str) -> None:
    page = LISTS[name]
    if not opens(shop, page, role):
        assert shop.client(role).get(address(page, shop)).status_code == 403
        return
    client = shop.client(role)
    tabs = read_list(client, address(page, shop)).tabs
    assert tabs
    for label, (url, number) in tabs.items():
        opened = read_list(client, url)
        assert opened.total == number == f"{opened.rows}" or opened.rows == 50, (label, url)


@pytest.mark.parametrize("name", NAMES)
def test_groups_open_the_rows_they_count(shop: Shop, name: str) -> None:
    page, client = LISTS[name], shop.client("admin")
    here = address(page, shop)
    whole = int(read_list(client, f"{here}?f=").total.replace(",", ""))
    for column in page.source.columns.values():
        if not column.groups:
            continue
        for code in (f"{column.name}.{unit}" for unit in UNITS) if column.is_dated else (column.name,):
            groups = read_list(client, f"{here}?f=&group={code}").groups
            assert sum(number for _, _, number in groups) == whole, code
            for label, url, number in groups:
                assert read_list(client, url).total == f"{number:,}", (code, label, url)


def pair_of(page: ListPage) -> str:
    """Two levels that a list can be grouped by, the second by days where it has such."""
    columns = [column for column in page.source.columns.values() if column.groups]
    dated = [f"{column.name}.month" for column in columns if column.is_dated]
    plain = [column.name for column in columns if not column.is_dated]
    return ",".join([*plain[:1], *dated[:1], *plain[1:2], *dated[1:2]][:2])


@pytest.mark.parametrize("name", NAMES)
def test_groups_within_groups_add_up_and_open_their_rows(shop: Shop, name: str) -> None:
    page, client = LISTS[name], shop.client("admin")
    code = pair_of(page)
    assert "," in code, "every list has two columns to group by"
    here = f"{address(page, shop)}?f=&group="
    groups = read_list(client, f"{here}{code}").nested
    assert [group[:3] for group in groups] == read_list(client, here + code.split(",")[0]).groups
    for label, _, number, within in groups:
        assert sum(inner for _, _, inner in within) == number, label
        for inner_label, url, inner in within[:2]:
            assert read_list(client, url).total == f"{inner:,}", (label, inner_label, url)
    answer = client.post(f"/exports/{name}?f=&group={code}", data={"format": "csv"})
    heads, *lines = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    whole = [(line[0], int(line[2])) for line in lines if line[1] == "All"]
    assert whole == [(label, number) for label, _, number, _ in groups]
    assert len(lines) == len(groups) + sum(len(within) for *_, within in groups)
    assert heads[2] == "Rows"


def examples(column: Column) -> list[tuple[str, ...]]:
    """Conditions of a column, each operator with values its kind has."""
    given: dict[str, tuple[str, ...]] = {"last": ("30",), "next": ("30",), "period": (PERIODS[4],)}
    if column.is_dated:
        value: tuple[str, ...] = ("2026-01-01", "2026-12-31")
    elif column.is_figure:
        value = ("1", "1,000")
    elif column.kind is Kind.REFERENCE:
        value = ("1", "2")
    else:
        value = ("a", "b")
    found = []
    for operator in column.operators:
        most = VALUES.get(operator, (1, 1))[1]
        values = ("a",) if operator == "has" else given.get(operator, value[:most])
        found.append((operator, *values))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_column_is_looked_for_in_every_way(shop: Shop, name: str) -> None:
    source, asked = LISTS[name].source, everything(shop)
    with viewing(EVERYTHING), showing(IN_THE_CLEAR), shop.world.database.reading() as connection:
        whole = count(connection, source, State(), asked)[0].rows
        for column in source.columns.values():
            if not column.filters:
                continue
            found = {}
            for operator, *values in examples(column):
                state = State(demands=(demand(column.name, operator, *values),))
                found[operator] = count(connection, source, state, asked)[0].rows
            opposite = [("filled", "empty"), ("yes", "no"), ("in", "out"), ("has", "lacks"), ("gt", "le")]
            for one, other in opposite:
                if one in found and other in found and (one, other) != ("gt", "le"):
                    assert found[one] + found[other] == whole, (column.name, one, other)


@pytest.mark.parametrize("name", NAMES)
def test_every_order_reaches_each_row_once(shop: Shop, name: str) -> None:
    source, asked = LISTS[name].source, everything(shop)
    shown = list(LISTS[name].shown)
    with viewing(EVERYTHING), showing(IN_THE_CLEAR), shop.world.database.reading() as connection:
        whole = count(connection, source, State(), asked)[0].rows
        for column in source.columns.values():
            if column.order is None:
                continue
            for sort in (column.name, f"-{column.name}"):
                page = read_page(connection, source, State(), asked, shown, Window(sort))
                all_ids = [row.id for row in page.rows]
                assert len(all_ids) == min(whole, 50), sort
                page = read_page(connection, source, State(), asked, shown, Window(sort, limit=1))
                forth = [page.rows[0].id]
                while page.next:
                    page = read_page(connection, source, State(), asked, shown, Window(sort, after=page.next, limit=1))
                    forth.append(page.rows[0].id)
                back = [page.rows[0].id]
                while page.previous:
                    window = Window(sort, before=page.previous, limit=1)
                    page = read_page(connection, source, State(), asked, shown, window)
                    back.append(page.rows[0].id)
                assert forth[:50] == all_ids, sort
                assert len(set(forth)) == whole, sort
                assert back == forth[::-1], sort


@pytest.mark.parametrize("name", NAMES)
def test_all_columns_can_be_shown_and_exported(shop: Shop, name: str) -> None:
    page, client = LISTS[name], shop.client("admin")
    columns = ",".join(page.heads)
    opened = read_list(client, f"{address(page, shop)}?f=&cols={columns}")
    assert name in EXPORTS
    sent = {"format": "csv"}
    answer = client.post(f"/exports/{name}?f=&cols={columns}", data=sent)
    assert answer.status_code == 200, answer.text
    lines = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert len(lines[0]) == len(page.heads)
    assert f"{len(lines) - 1:,}" == opened.total


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "text",
    ["nothing:has:x", "name:has", "name:like:x", "number:in:1", ":::", "owner:in:abc", "amount_total:gt:much",
     quote("created_at:on:yesterday")],
)  # fmt: skip
def test_what_cannot_be_looked_for_shows_nothing(shop: Shop, name: str, text: str) -> None:
    page = LISTS[name]
    column = page.source.columns.get(text.split(":")[0])
    opened = read_list(shop.client("admin"), f"{address(page, shop)}?f={text}")
    if text == "owner:in:abc" or column is None or "has:x" not in text:
        assert opened.rows == 0, text
        assert len(opened.chips) == 1
