"""Every number of a home page is that of the list it leads to, for every card and everybody."""

from __future__ import annotations

import html
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from core.masks import showing
from core.scope import viewing
from tests.web.home.conftest import READERS
from tests.web.home.pages import CardText, FigureText, open_list, read_home
from tests.web.pages_sell.conftest import Shop
from web.home import reading
from web.home.cards import CARDS, STARTS, Card, Figure, Groups, Reader, Rows, cards_for, start_set
from web.lists.asking import asking_for


def cards_of(company: Shop, role: str) -> tuple[Reader, dict[str, Card]]:
    """The cards that somebody may have, as the application finds them for him."""
    actor = company.actors[role]
    with company.client(role) as client, viewing(actor.viewer), showing(actor.permissions):
        client.get("/")
        reader = reading.reader()
        return reader, cards_for(reader.asked)


def check_figure(client: Any, card: Figure, figure: FigureText) -> None:
    column = str(card.page.heads[card.sums].label) if card.sums else ""
    opened = open_list(client, card.page.name, figure.url, column)
    assert opened.total == opened.lines
    assert opened.on_page == opened.in_file
    if card.is_count:
        assert figure.value == f"{opened.total:,}"
        assert not card.sums or f"{opened.in_file:,.0f}" in figure.note or opened.in_file % 1 == Decimal("0.5")
    else:
        assert Decimal(figure.exact.replace(",", "").replace("−", "-")) == opened.in_file
        assert figure.note.split()[0] in (str(opened.total), "at"), figure.note


def check_rows(client: Any, card: Rows, shown: CardText) -> None:
    opened = open_list(client, card.page.name, shown.url)
    assert len(shown.rows) == min(card.most, opened.total)
    if card.is_counted:
        assert shown.number == f"{opened.total:,}"
    listed = opened.text.split("<tr data-row>")[1:]
    for row, of_list in zip(shown.rows, listed, strict=False):
        assert name_of(card, row) in html.unescape(of_list)


def name_of(card: Rows, row: str) -> str:
    """What a row of a card is recognised by in its list: the text of its first link."""
    return html.unescape(row.partition("<a ")[2].partition(">")[2].partition("</a>")[0])


def check_groups(client: Any, card: Groups, shown: CardText) -> None:
    column = str(card.page.heads[card.sums].label)
    ungrouped = shown.url.replace("group=", "was=")
    whole = open_list(client, card.page.name, ungrouped, column)
    if len(shown.groups) < card.most:
        assert sum(rows for _, _, rows, _ in shown.groups) == whole.total
        assert sum(amount for _, _, _, amount in shown.groups) == whole.in_file
    for label, url, rows, amount in shown.groups:
        opened = open_list(client, card.page.name, url, column)
        assert (rows, amount) == (opened.total, opened.in_file), label
        assert opened.on_page == amount


def check_home(company: Shop, role: str) -> None:
    client, (reader, known) = company.client(role), cards_of(company, role)
    home = read_home(client)
    figures = [card for card in known.values() if isinstance(card, Figure)]
    assert [figure.title for figure in home.figures] == [card.title_for(reader) for card in figures]
    for card, figure in zip(figures, home.figures, strict=True):
        check_figure(client, card, figure)
    others = {name: card for name, card in known.items() if not isinstance(card, Figure)}
    assert list(home.cards) == list(others)
    for name, other in others.items():
        if isinstance(other, Rows):
            check_rows(client, other, home.cards[name])
        else:
            assert isinstance(other, Groups)
            check_groups(client, other, home.cards[name])


@pytest.mark.parametrize("role", READERS)
def test_each_number_is_that_of_the_rows_it_opens(company: Shop, role: str) -> None:
    check_home(company, role)


def test_every_card_has_something_to_say_here(company: Shop) -> None:
    """Else the numbers above would agree about nothing."""
    home = read_home(company.client("admin"))
    _, known = cards_of(company, "admin")
    assert list(known) == list(CARDS)
    figures = [card.name for card in known.values() if isinstance(card, Figure)]
    empty = [name for name, figure in zip(figures, home.figures, strict=True) if figure.value in ("0", "¥ 0", "¥0")]
    empty += [name for name, card in home.cards.items() if not card.rows and not card.groups]
    assert not empty
    assert len([group for group in home.cards["ages"].groups if group[2]]) == 5


@pytest.mark.parametrize("side", ["page", "card"])
def test_a_state_that_is_changed_on_one_side_is_found(
    company: Shop, monkeypatch: pytest.MonkeyPatch, side: str
) -> None:
    """The proof that the comparison above would see a card and its list speak of different rows."""
    if side == "page":
        monkeypatch.setattr(
            reading, "asking_for", lambda page, state: asking_for(page, replace(state, demands=state.demands[:-1]))
        )
    else:
        overdue = CARDS["overdue"]
        monkeypatch.setitem(CARDS, "overdue", replace(overdue, state=CARDS["receivables"].state))
        monkeypatch.setattr(
            reading, "asking_for",
            lambda page, state: asking_for(page, overdue.state if state.demands == CARDS["overdue"].state.demands
                                           else state),
        )  # fmt: skip
    with pytest.raises(AssertionError):
        check_home(company, "manager")


def test_who_works_with_his_own_customers_is_told_of_his_only(company: Shop) -> None:
    ours, theirs, lead = (read_home(company.client(role)) for role in ("sales", "second_sales", "team_lead"))
    pipeline = [
        next(figure for figure in home.figures if figure.title == "Open pipeline") for home in (ours, theirs, lead)
    ]
    own, second, all_of_team = (Decimal(figure.exact.replace(",", "")) for figure in pipeline)
    assert own + second == all_of_team
    assert min(own, second) > 0
    assert any(figure.title == "Overdue, mine" for figure in ours.figures)
    assert any(figure.title == "Overdue" for figure in lead.figures)
    assert ours.cards["stages"].title == "My pipeline by stage"
    assert lead.cards["stages"].title == "Pipeline by stage"


@pytest.mark.parametrize("role", READERS)
def test_a_card_is_for_who_may_see_what_it_is_made_of(company: Shop, role: str) -> None:
    actor = company.actors[role]
    _, known = cards_of(company, role)
    for name, card in CARDS.items():
        columns = [card.page.source.columns[column] for column in card.columns_used()]
        may_all = all(not column.permission or actor.may(column.permission) for column in columns)
        in_clear = all(not column.mask or actor.may(f"{column.mask}.read") for column in columns)
        assert (name in known) == (actor.may(card.page.permission) and may_all and in_clear), name


def test_masked_costs_leave_no_card(company: Shop) -> None:
    assert "stock_value" in cards_of(company, "finance")[1]
    assert "stock_value" not in cards_of(company, "warehouse")[1]


@pytest.mark.parametrize("role", READERS)
def test_a_home_page_begins_with_what_the_role_needs(company: Shop, role: str) -> None:
    reader, known = cards_of(company, role)
    home = read_home(company.client(role), "start")
    names = start_set(company.actors[role].roles, known)
    declared = [start for start in STARTS if start.roles & set(company.actors[role].roles)]
    wanted = [name for start in declared or STARTS for name in start.cards if name in known]
    assert names == list(dict.fromkeys(wanted))
    assert names
    figures = [known[name].title_for(reader) for name in names if isinstance(known[name], Figure)]
    assert [figure.title for figure in home.figures] == figures
    assert list(home.cards) == [name for name in names if not isinstance(known[name], Figure)]


def test_who_has_two_roles_has_what_both_begin_with() -> None:
    both = start_set(("warehouse", "finance"), CARDS)
    finance, warehouse = start_set(("finance",), CARDS), start_set(("warehouse",), CARDS)
    assert both[: len(finance)] == finance
    assert set(both) == set(finance) | set(warehouse)
    assert len(both) == len(set(both))


def test_a_role_of_the_company_s_own_begins_with_all_it_may(company: Shop) -> None:
    known = cards_of(company, "front_desk")[1]
    assert set(start_set(("front_desk",), known)) == {name for start in STARTS for name in start.cards} & set(known)
    assert {"held", "short_products"} <= set(known)
    assert "overdue" not in known
