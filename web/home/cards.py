"""What a card of the home page is: declared once, as a state of a list.

The number on a card, its rows and its groups are asked of the same source by the same state as the page that its link
opens (`core.lists`), so that they cannot say different things. A card exists for who may open that list and sees every
column the card is made of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from core.lists.reading import Count
from core.lists.source import Asked
from core.lists.state import State, demand
from web.filters import company_currency, currency_symbol, money
from web.lists.declared import ListPage
from web.permissions import may


@dataclass(frozen=True)
class Reader:
    """For whom a home page is made. `is_of_own`: he sees his own customers only, so the page speaks of what is his."""

    asked: Asked
    is_of_own: bool


@dataclass(frozen=True, kw_only=True)
class Card:
    """A card by name. `owner` is the column that says whose a row is: for who works with his own customers the card
    asks for his, and is called `own_title`. `beside` is another page where the same is worked on, with its label."""

    name: str
    title: Any
    page: ListPage
    state: State
    owner: str = ""
    own_title: Any = ""
    beside: tuple[str, Any] | None = None

    def columns_used(self) -> set[str]:
        """The columns it is made of."""
        named = {condition.column for demanded in self.state.demands for condition in demanded}
        return named | ({self.owner} if self.owner else set())

    def exists_for(self, who: Asked) -> bool:
        """Whether who asks may have it."""
        columns = self.page.source.open_columns(who)
        named = self.columns_used()
        return may(self.page.permission) and all(name in columns and columns[name].is_clear(who) for name in named)

    def state_for(self, reader: Reader) -> State:
        """What it asks of its list."""
        is_his = self.owner and reader.is_of_own
        return self.state.asking(demand(self.owner, "in", "me")) if is_his else self.state

    def title_for(self, reader: Reader) -> str:
        """What it is called."""
        return str(self.own_title if self.own_title and reader.is_of_own else self.title)


@dataclass(frozen=True, kw_only=True)
class Figure(Card):
    """A number: the sum of a column with a note that may say how many rows it is of, or how many there are. The tone
    stands while there is anything."""

    sums: str = ""
    is_count: bool = False
    note: Callable[[Count], str]
    tone: str = ""

    def columns_used(self) -> set[str]:
        return super().columns_used() | ({self.sums} if self.sums else set())


@dataclass(frozen=True, kw_only=True)
class Rows(Card):
    """The first rows of a state, written by the macro `row_<name>` of `home/rows.html` from `columns`. `is_counted`:
    the head says how many there are."""

    columns: tuple[str, ...]
    empty: Any
    most: int = 5
    is_counted: bool = True

    def columns_used(self) -> set[str]:
        return super().columns_used() | set(self.columns)


@dataclass(frozen=True, kw_only=True)
class Groups(Card):
    """The groups of a state with the sum of a column as bars, each leading to its rows. `largest`: those with the
    largest sums first, else in the order of the list. `tones` are those of coded values; those that have words stand
    there without rows too."""

    sums: str
    empty: Any
    most: int = 8
    largest: bool = False
    tones: Mapping[str, str] = field(default_factory=dict)

    def columns_used(self) -> set[str]:
        return super().columns_used() | {self.sums, *(name.partition(".")[0] for name in self.state.levels)}


CARDS: Final[dict[str, Card]] = {}
"""All cards of the product by name, in the order in which they are offered."""


def declare(*cards: Card) -> None:
    """Makes cards known. Raises ValueError for a name that is taken, and for one whose list has no such column, does
    not add it up or does not show the sum from the start."""
    for card in cards:
        if card.name in CARDS:
            raise ValueError(f"the card {card.name} is declared twice")
        columns, sums = card.page.source.columns, getattr(card, "sums", "")
        unknown = card.columns_used() - set(columns)
        if unknown:
            raise ValueError(f"the card {card.name} is made of {sorted(unknown)}, which its list does not have")
        if sums and not (columns[sums].sums and sums in card.page.shown):
            raise ValueError(f"the card {card.name} adds up {sums}, and its list does not show that sum")
        CARDS[card.name] = card


def cards_for(who: Asked) -> dict[str, Card]:
    """The cards that who asks may have."""
    return {name: card for name, card in CARDS.items() if card.exists_for(who)}


def asking(*demands: Any, sort: str = "", group: str = "") -> State:
    """A state of these demands."""
    return State(demands=demands, sort=sort, group=group)


def amount(value: Any) -> str:
    """An amount in words, in the company's currency, without its cents."""
    return f"{currency_symbol(company_currency())}{money(value, 0)}"


# What a role's home page begins with ---------------------------------------------------------------------------------
@dataclass(frozen=True)
class Act:
    """A button of the page's head: where it leads, its icon and its key."""

    endpoint: str
    label: Any
    icon: str
    key: str


@dataclass(frozen=True)
class Start:
    """What stands on the home page of these roles from the start, in its order, and what its head offers to do, the
    most usual last."""

    roles: frozenset[str]
    cards: tuple[str, ...]
    acts: tuple[Act, ...] = ()


STARTS: Final[list[Start]] = []
"""In the order in which they stand for who has several of these roles."""


def begin_with(roles: str, cards: str, *acts: Act) -> None:
    """What the home page of these roles has from the start. Raises ValueError for a card that does not exist."""
    names = tuple(cards.split())
    unknown = set(names) - set(CARDS)
    if unknown:
        raise ValueError(f"a home page begins with {sorted(unknown)}, which are no cards")
    STARTS.append(Start(frozenset(roles.split()), names, acts))


def starts_of(roles: Iterable[str]) -> list[Start]:
    """What these roles begin with; all there is for who has none but roles that the company made itself."""
    held = set(roles)
    return [start for start in STARTS if start.roles & held] or STARTS


def start_set(roles: Iterable[str], available: Mapping[str, Card]) -> list[str]:
    """The cards that stand there from the start, each once, as far as they may be had."""
    named = dict.fromkeys(name for start in starts_of(roles) for name in start.cards)
    return [name for name in named if name in available]
