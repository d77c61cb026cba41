"""What a list page is beside its source: what columns are called, which stand there from the start, its tabs, and what
can be done with many rows at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from core.lists.source import Source
from core.lists.state import State


@dataclass(frozen=True, kw_only=True)
class Head:
    """How a column is named and shown. `words` and `tones` are those of its coded values; `place` says when it leaves a
    narrow screen: `p3` first, then `p2` (what leaves stands below the name), "" never."""

    label: Any
    words: Mapping[str, Any] | None = None
    tones: Mapping[str, str] | None = None
    place: str = "p3"
    hint: Any = ""


EVERYTHING: Final = State()


@dataclass(frozen=True)
class Empty:
    """What an empty list says: what is true, and why or what to do."""

    title: Any
    text: Any


@dataclass(frozen=True)
class View:
    """A tab every company has. `is_hot` shows its number in red: somebody must act."""

    code: str
    label: Any
    state: State = EVERYTHING
    is_hot: bool = False
    permission: str = ""
    empty: Empty | None = None
    """What it says without rows, where that is not what the list says."""


@dataclass(frozen=True)
class Act:
    """How something that can be done with many rows (`core.lists.bulk.ACTIONS`) is named: on its button, and in
    the question before it."""

    name: str
    label: Any
    icon: str
    question: Any
    is_direct: bool = False
    """Done without a question: it is small, and can be taken back."""
    tabs: tuple[str, ...] = ()
    """The list's own tabs under which it is offered: those with rows that it is for. None: all of them."""


@dataclass(frozen=True, kw_only=True)
class ListPage:
    """A list page. `record` is the endpoint of a row's page with the name of its argument, which is the row's field
    `leads_by`; the first column shown leads there. `aliases` are parameters that other pages' links use for a condition
    `column:in:value`. `beside` names further lists that stand as tabs behind the list's own; `note` says below the
    title what the list is about.
    """

    source: Source
    title: Any
    permission: str
    endpoint: str
    record: tuple[str, str] | None
    heads: Mapping[str, Head]
    shown: Sequence[str]
    default_sort: str
    views: Sequence[View]
    find: Any
    empty: Empty
    template: str = "lists/page.html"
    cells: str = "lists/cells.html"
    aliases: Mapping[str, str] = field(default_factory=dict)
    acts: Sequence[Act] = ()
    imports: str = ""
    """The kind of import that brings such records in; none where there is none."""
    leads_by: str = "id"
    beside: Sequence[str] = ()
    note: Any = ""
    phone_lines: Sequence[str] = ()
    """Columns that stand below the name on a phone; the first ones that left, where none are named."""

    @property
    def name(self) -> str:
        return self.source.name


LISTS: Final[dict[str, ListPage]] = {}
RECORD_PAGES: Final[Mapping[str, tuple[str, str]]] = {
    "customer": ("customers.show", "customer_id"),
    "product": ("products.show", "product_id"),
    "supplier": ("suppliers.show", "supplier_id"),
}
"""The page of what a reference points to, with the name of its argument: cells lead there."""


def declare(page: ListPage) -> ListPage:
    """Makes a list known by the name of its source. Raises ValueError for a name that is taken, a column without a head
    or a head without a column."""
    if page.name in LISTS:
        raise ValueError(f"list {page.name} is declared twice")
    unknown = set(page.heads) ^ set(page.source.columns)
    if unknown:
        raise ValueError(f"list {page.name}: heads and columns differ in {sorted(unknown)}")
    LISTS[page.name] = page
    return page
