"""A home page with its numbers: all of them in one statement, each card's rows or groups in one more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from flask import g
from sqlalchemy import Connection

from core.home import view_of_card
from core.lists.figures import Wanted, count_each
from core.lists.grouping import Group, levels_of, read_groups
from core.lists.kinds import Kind
from core.lists.reading import Count, order_of, read_page
from core.lists.state import State
from core.queries.paging import Window
from core.scope import current_viewer
from web.home.cards import Card, Figure, Groups, Reader, Rows, cards_for, start_set
from web.home.saved import ViewCard, views_among
from web.lists.asking import Asking, asked, asking_for, shown_columns
from web.lists.groups import GroupRow, group_rows
from web.lists.pages import Shown, column_shown, number_of
from web.navigation import link

HEAD_HEIGHT, ROW_HEIGHT, GROUP_HEIGHT = 68, 54, 32
"""In pixels at the usual size, with the space between cards."""


@dataclass(frozen=True)
class FigureShown:
    """A number with what it counts, and where its rows are; `amount` is None where it says how many there are."""

    name: str
    title: str
    url: str
    held: Count
    amount: Decimal | None
    note: str
    tone: str


@dataclass(frozen=True)
class CardShown:
    """A card with its rows or groups; `kind` says which part of the template writes it."""

    kind: str
    name: str
    title: str
    url: str
    card: Any
    number: str | None = None
    rows: Sequence[Any] = ()
    columns: Sequence[Shown] = ()
    groups: Sequence[GroupRow] = ()
    other: tuple[Any, str] | None = None

    @property
    def height(self) -> int:
        """About how high it is: its head, and what stands below it."""
        return HEAD_HEIGHT + max(len(self.groups) * GROUP_HEIGHT, len(self.rows) * ROW_HEIGHT, ROW_HEIGHT)

    @property
    def largest(self) -> Any:
        """The largest sum among its groups."""
        return max((row.group.sums[self.card.sums] for row in self.groups), default=0)


@dataclass(frozen=True)
class Home:
    """What stands on a home page: the figures, and the cards in two columns."""

    figures: list[FigureShown] = field(default_factory=list)
    cards: list[CardShown] = field(default_factory=list)

    @property
    def columns(self) -> list[list[CardShown]]:
        """The cards in their order: down the first column, then down the second, parted where both are about as
        long."""
        heights = [card.height for card in self.cards]
        ends = range(1, len(self.cards))
        end = min(ends, key=lambda place: max(sum(heights[:place]), sum(heights[place:])), default=len(self.cards))
        return [column for column in (self.cards[:end], self.cards[end:]) if column]

    def number_on(self, name: str) -> int | None:
        """What the head of a card says; None where it does not stand there or says nothing."""
        found = next((card.number for card in self.cards if card.name == name), None)
        return int(found) if found and found.isdecimal() else None


def reader() -> Reader:
    """For whom this request's home page is."""
    viewer = current_viewer()
    return Reader(asked(), not viewer.sees_all and set(viewer.owners) <= {g.actor.user_id})


def arrangement() -> list[str] | None:
    """The cards that who asks has arranged, in his order; None where he has not."""
    cards = getattr(g.actor.preferences, "home_cards", None)
    return None if cards is None else list(cards)


def cards_standing(connection: Connection, reading: Reader) -> list[Card]:
    """The cards of who asks, in their order; what he may not have, or is no more, is left out."""
    available = cards_for(reading.asked)
    arranged = arrangement()
    if arranged is None:
        return [available[name] for name in start_set(g.actor.roles or (), available)]
    views = views_among(connection, [found for name in arranged if (found := view_of_card(name)) is not None])
    known: dict[str, Card] = {**available, **views}
    return [known[name] for name in arranged if name in known]


def read_home(connection: Connection, reading: Reader, cards: Sequence[Card]) -> Home:
    """The cards with their numbers, rows and groups."""
    numbers = _Numbers(reading)
    for card in cards:
        numbers.want(card)
    numbers.read(connection)
    home = Home()
    for card in cards:
        if isinstance(card, Figure):
            home.figures.append(_figure(card, reading, numbers))
        elif isinstance(card, ViewCard):
            home.cards.append(_view(connection, card, reading, numbers))
        elif isinstance(card, Rows):
            home.cards.append(_rows(connection, card, reading, numbers))
        elif isinstance(card, Groups):
            home.cards.append(_groups(connection, card, reading))
    return home


class _Numbers:
    """The numbers of all cards; what two cards ask for is counted once."""

    def __init__(self, reading: Reader) -> None:
        self._reading = reading
        self._wanted: dict[Any, Wanted] = {}
        self._found: dict[Any, Count] = {}

    def want(self, card: Card) -> None:
        if isinstance(card, Groups) or (isinstance(card, Rows) and not card.is_counted):
            return
        key, wanted = self._key(card), self._of(card)
        known = self._wanted.get(key, wanted)
        sums = tuple(dict.fromkeys((*known.sums, *wanted.sums)))
        self._wanted[key] = wanted._replace(sums=sums)

    def read(self, connection: Connection) -> None:
        found = count_each(connection, list(self._wanted.values()), self._reading.asked)
        self._found = dict(zip(self._wanted, found, strict=True))

    def of(self, card: Card) -> Count:
        return self._found[self._key(card)]

    def _of(self, card: Card) -> Wanted:
        sums = (card.sums,) if isinstance(card, Figure) and card.sums else ()
        state = card.state_for(self._reading)
        return Wanted(card.page.source, State(state.words, state.demands), sums, whole=not isinstance(card, ViewCard))

    def _key(self, card: Card) -> Any:
        wanted = self._of(card)
        return wanted.source.name, wanted.state, wanted.whole


def _figure(card: Figure, reading: Reader, numbers: _Numbers) -> FigureShown:
    held = numbers.of(card)
    return FigureShown(
        card.name,
        card.title_for(reading),
        asking_for(card.page, card.state_for(reading)).address(),
        held,
        None if card.is_count else held.sums[card.sums],
        card.note(held),
        card.tone if held.rows else "",
    )


def _rows(connection: Connection, card: Rows, reading: Reader, numbers: _Numbers) -> CardShown:
    state = card.state_for(reading)
    return CardShown(
        "rows",
        card.name,
        card.title_for(reading),
        asking_for(card.page, state).address(),
        card,
        number_of(numbers.of(card)) if card.is_counted else None,
        _first_rows(connection, card, state, reading, card.columns, card.most),
        other=_other_page(card, reading),
    )


def _view(connection: Connection, card: ViewCard, reading: Reader, numbers: _Numbers) -> CardShown:
    who, wished = reading.asked, card.asking()
    columns = card.page.source.open_columns(who)
    names = shown_columns(wished, columns)[:4]
    return CardShown(
        "view",
        card.name,
        card.title_for(reading),
        wished.address(),
        card,
        number_of(numbers.of(card)),
        _first_rows(connection, card, card.state, reading, names, card.most),
        [column_shown(wished, columns[name], "", who) for name in names],
    )


def _first_rows(
    connection: Connection, card: Card, state: State, reading: Reader, names: Sequence[str], most: int
) -> list[Any]:
    source, who = card.page.source, reading.asked
    sort = order_of(source, state, who, card.page.default_sort)[0]
    return read_page(connection, source, state, who, names, Window(sort, limit=most)).rows


def _groups(connection: Connection, card: Groups, reading: Reader) -> CardShown:
    state, who = card.state_for(reading), reading.asked
    wished = asking_for(card.page, state)
    largest = card.sums if card.largest else ""
    found, _ = read_groups(connection, card.page.source, state, who, [card.sums], largest=largest, most=card.most)
    return CardShown(
        "groups",
        card.name,
        card.title_for(reading),
        wished.address(),
        card,
        groups=_group_rows(card, wished, found, reading),
        other=_other_page(card, reading),
    )


def _other_page(card: Card, reading: Reader) -> tuple[Any, str] | None:
    """The page beside the list that a card names, as far as who asks may open it."""
    if card.beside is None:
        return None
    url = link(card.beside[0], owner="me" if card.owner and reading.is_of_own else None)
    return (card.beside[1], url) if url else None


def _group_rows(card: Groups, wished: Asking, found: Sequence[Group], reading: Reader) -> list[GroupRow]:
    """The groups as the list would show them; those of coded values stand there without rows too."""
    levels = levels_of(card.page.source, wished.state, reading.asked)
    if not levels or not found:
        return []
    column = levels[0].column
    words = card.page.heads[column.name].words
    if column.kind is Kind.CHOICE and words:
        by_value = {group.value: group for group in found}
        found = [by_value.get(code, Group(code, code, 0, {card.sums: Decimal(0)})) for code in words]
    return group_rows(wished, found, levels)
