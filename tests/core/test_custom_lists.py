"""Custom fields in lists: what a condition finds, how an order walks in pages, what a narrow viewer gets of either."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from sqlalchemy import func, select

from core import database as db
from core.context import Actor
from core.custom_fields.commands import create_field
from core.custom_fields.definitions import Field, definitions
from core.custom_fields.lists import (
    OPERATORS,
    columns_of,
    custom_column,
    custom_condition,
    fetch_ordered,
    grouped,
    order_by,
)
from core.custom_fields.models import FieldKind
from core.masks import showing
from core.normalise import fold
from core.parties import Customer
from core.queries.paging import Window
from core.scope import viewing, visible_rows
from tests.database_server import DatabaseUrls
from tests.world import World

CODES = ("a", "b", "c")
DAY = date(2026, 1, 1)
LATER = DAY + timedelta(days=2)


class Row(NamedTuple):
    id: int
    name: str


class Company(NamedTuple):
    """A company with customers and what each of them has."""

    world: World
    given: dict[int, dict[str, Any]]
    owners: dict[int, int]
    fields: dict[str, Field]


@pytest.fixture(scope="module")
def company(module_database: DatabaseUrls) -> Iterator[Company]:
    world = World.set_up(module_database.app)
    rep, other = world.user("rep", "sales"), world.user("other", "sales")
    world.user("keeper", "warehouse")
    target = world.customer("目标")
    choices = [{"code": code, "label": code.upper()} for code in CODES]
    kinds: dict[str, dict[str, Any]] = {
        "text": {},
        "number": {},
        "money": {"mask": "margins"},
        "date": {},
        "choice": {"choices": choices},
        "choices": {"choices": choices},
        "reference": {"target": "customer"},
        "yes_no": {},
    }
    for kind, more in kinds.items():
        world.run(create_field, {"record_type": "customer", "key": f"f_{kind}", "label": kind, "kind": kind, **more})
    chance = random.Random(7)
    given: dict[int, dict[str, Any]] = {target: {}}
    owners = {target: world.actor.user_id or 0}
    for number in range(60):
        owner = (rep if number % 3 else other).user_id or 0
        values = {key: value for key, value in _values(chance, target).items() if chance.random() < 0.8}
        given[customer := world.customer(owner_id=owner, custom=values)] = values
        owners[customer] = owner
    yield Company(world, given, owners, {field.key: field for field in definitions().of("customer")})
    world.database.dispose()


def _values(chance: random.Random, target: int) -> dict[str, Any]:
    return {
        "f_text": chance.choice(["Alpha one", "alpha two", "Beta 100%", "Ｂｅｔａ", "中文 名"]),
        "f_number": Decimal(chance.randint(-3, 3)),
        "f_money": Decimal(chance.randint(0, 4)),
        "f_date": DAY + timedelta(days=chance.randint(0, 5)),
        "f_choice": chance.choice(CODES),
        "f_choices": sorted(chance.sample(CODES, chance.randint(1, 3))),
        "f_reference": target,
        "f_yes_no": chance.random() < 0.5,
    }


def found(company: Company, actor: Actor, key: str, operator: str, values: list[Any]) -> set[int]:
    with viewing(actor.viewer), showing(actor.permissions), company.world.database.reading() as connection:
        condition = custom_condition(company.fields[key], operator, values, Customer.id)
        return set(connection.scalars(select(Customer.id).where(visible_rows(Customer), condition)))


ASKED: list[tuple[str, str, list[Any], Callable[[Any], bool]]] = [
    ("f_text", "is", ["ALPHA ONE"], lambda has: has == "Alpha one"),
    ("f_text", "starts", ["alpha"], lambda has: (has or "").lower().startswith("alpha")),
    ("f_text", "contains", ["beta"], lambda has: has in ("Beta 100%", "Ｂｅｔａ")),
    ("f_text", "contains", ["0%"], lambda has: has == "Beta 100%"),
    ("f_text", "contains", ["_"], lambda has: False),
    ("f_number", "is", [Decimal(2)], lambda has: has == 2),
    ("f_number", "at_least", [Decimal(1)], lambda has: has is not None and has >= 1),
    ("f_number", "at_most", [Decimal(-1)], lambda has: has is not None and has <= -1),
    ("f_number", "between", [Decimal(-1), Decimal(1)], lambda has: has is not None and -1 <= has <= 1),
    ("f_number", "between", [None, None], lambda has: has is not None),
    ("f_date", "is", [DAY], lambda has: has == DAY),
    ("f_date", "between", [LATER, None], lambda has: has is not None and has >= LATER),
    ("f_choice", "any_of", ["a", "b"], lambda has: has in ("a", "b")),
    ("f_choice", "none_of", ["a"], lambda has: has != "a"),
    ("f_choices", "any_of", ["a"], lambda has: "a" in (has or ())),
    ("f_choices", "all_of", ["a", "b"], lambda has: {"a", "b"} <= set(has or ())),
    ("f_choices", "none_of", ["a", "b"], lambda has: not {"a", "b"} & set(has or ())),
    ("f_yes_no", "is", [True], lambda has: has is True),
    ("f_yes_no", "is", [False], lambda has: has is False),
    *((f"f_{kind}", "empty", [], lambda has: has is None) for kind in FieldKind),
    *((f"f_{kind}", "filled", [], lambda has: has is not None) for kind in FieldKind),
]  # fmt: skip


@pytest.mark.parametrize(("key", "operator", "values", "fits"), ASKED)
@pytest.mark.parametrize("login", ["admin", "rep"])
def test_a_condition_finds_what_fits_among_what_is_seen(
    company: Company, login: str, key: str, operator: str, values: list[Any], fits: Callable[[Any], bool]
) -> None:
    actor = company.world.actor_of(login)
    seen = {each for each in company.given if login == "admin" or company.owners[each] == actor.user_id}
    if key == "f_money" and login == "rep":
        expected: set[int] = set()  # he does not see margins, and nothing leads to what they are
    else:
        expected = {each for each in seen if fits(company.given[each].get(key))}
    assert found(company, actor, key, operator, values) == expected


def test_references_are_found_by_id(company: Company) -> None:
    [target] = [each for each, values in company.given.items() if not values and company.owners[each] == 1] or [
        min(company.given)
    ]
    expected = {each for each, values in company.given.items() if "f_reference" in values}
    assert found(company, company.world.actor, "f_reference", "any_of", [target]) == expected
    assert found(company, company.world.actor, "f_reference", "none_of", [target]) == set(company.given) - expected


def test_what_a_field_is_not_asked_is_refused(company: Company) -> None:
    for key, operator in (("f_text", "between"), ("f_choice", "contains"), ("f_yes_no", "any_of")):
        with pytest.raises(ValueError, match="is not asked"):
            custom_condition(company.fields[key], operator, [1], Customer.id)
    assert set(OPERATORS) == set(FieldKind)


def walk(company: Company, actor: Actor, key: str, *, descending: bool, limit: int) -> list[int]:
    """All rows in pages, forwards; each page is met again on the way back."""
    ids: list[int] = []
    with viewing(actor.viewer), showing(actor.permissions), company.world.database.reading() as connection:
        query = select(Customer.id, Customer.name).where(visible_rows(Customer))
        order, window, pages = (
            order_by(company.fields[key], Customer.id, descending=descending),
            Window(limit=limit),
            [],
        )
        while True:
            page = fetch_ordered(connection, query, Row, order, window)
            pages.append([row.id for row in page])
            ids += pages[-1]
            if page.next is None:
                break
            window = Window(limit=limit, after=page.next)
        for earlier in reversed(pages[:-1]):
            assert page.previous is not None
            page = fetch_ordered(connection, query, Row, order, Window(limit=limit, before=page.previous))
            assert [row.id for row in page] == earlier
        assert page.previous is None
        assert page.total == len(ids)
    return ids


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("key", ["f_text", "f_number", "f_date", "f_choice", "f_yes_no"])
@pytest.mark.parametrize(("login", "limit"), [("admin", 7), ("rep", 5)])
def test_an_order_walks_through_all_that_is_seen(
    company: Company, login: str, limit: int, key: str, descending: bool
) -> None:
    actor = company.world.actor_of(login)
    ids = walk(company, actor, key, descending=descending, limit=limit)
    seen = {each for each in company.given if login == "admin" or company.owners[each] == actor.user_id}
    assert (set(ids), len(ids)) == (seen, len(seen))
    values = [company.given[each].get(key) for each in ids]
    filled = [value for value in values if value is not None]
    assert values[len(filled) :] == [None] * (len(values) - len(filled))
    ranks: dict[str, Callable[[Any], Any]] = {"f_text": fold, "f_yes_no": lambda flag: not flag}
    by = ranks.get(key, lambda value: value)
    assert [by(value) for value in filled] == sorted(map(by, filled), reverse=descending)


def test_a_broken_cursor_starts_at_the_beginning(company: Company) -> None:
    query = select(Customer.id, Customer.name).where(visible_rows(Customer))
    order = order_by(company.fields["f_number"], Customer.id)
    with company.world.database.reading() as connection:
        first = fetch_ordered(connection, query, Row, order, Window(limit=5))
        for cursor in ("x", "W10", first.next[:-4] if first.next else ""):
            assert fetch_ordered(connection, query, Row, order, Window(limit=5, after=cursor)).rows == first.rows


def test_rows_are_grouped_and_shown(company: Company) -> None:
    field = company.fields["f_choice"]
    with company.world.database.reading() as connection:
        query, column = grouped(select().select_from(Customer), field, Customer.id)
        counted = dict(connection.execute(query.add_columns(column, func.count()).group_by(column)).tuples().all())
        codes_of = select(Customer.id, custom_column(company.fields["f_choices"], Customer.id))
        shown = dict(connection.execute(codes_of).tuples().all())
    codes = {None: None} | {choice.id: choice.code for choice in field.choices}
    values = [values.get("f_choice") for values in company.given.values()]
    assert {codes[identity]: count for identity, count in counted.items()} == {
        value: values.count(value) for value in set(values)
    }
    assert {each: sorted(codes) for each, codes in shown.items() if codes} == {
        each: values["f_choices"] for each, values in company.given.items() if "f_choices" in values
    }


def test_a_masked_column_neither_finds_nor_orders_nor_groups(company: Company) -> None:
    for login, is_open in (("admin", True), ("keeper", False)):
        with showing(company.world.actor_of(login).permissions):
            [column] = [each for each in columns_of("customer") if each.field.key == "f_money"]
            assert (bool(column.operators), column.can_sort, column.can_group, column.can_sum) == (is_open,) * 4
    with showing(company.world.actor_of("keeper").permissions):
        for act in (lambda f: order_by(f, Customer.id), lambda f: grouped(select(Customer.id), f, Customer.id)):
            with pytest.raises(ValueError, match="nothing"):
                act(company.fields["f_money"])
        with company.world.database.reading() as connection:
            shown = connection.scalars(select(custom_column(company.fields["f_money"], Customer.id)))
            assert set(shown) == {None}


@pytest.fixture(autouse=True)
def _here(company: Company) -> None:
    db.configure(company.world.database)
