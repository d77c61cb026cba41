"""What the reader of a list asks for: the state in force, from the address, else from the view the address names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import g, request, url_for
from sqlalchemy import Connection, Select, or_, select

from core import database as db
from core.columns import read_id
from core.home import card_of_view
from core.lists.saved import SavedView
from core.lists.source import Asked, Column
from core.lists.state import PARAMETERS, State, demand
from web.filters import today
from web.i18n import language
from web.lists.address import with_parameters
from web.lists.declared import Head, ListPage, View
from web.permissions import may, sees_some

ASKED_NOTHING = State()


def asked() -> Asked:
    """Who asks, for what conditions depend on."""
    return Asked(
        today=today(),
        user_id=g.actor.user_id,
        permissions=g.actor.permissions,
        time_zone=db.current().time_zone(),
        chinese=language() == "zh",
    )


@dataclass(frozen=True)
class Saved:
    """A view somebody saved. `is_own`: by who asks, so that he may change it."""

    id: int
    name: str
    query: str
    is_shared: bool
    is_own: bool
    version: int

    @property
    def code(self) -> str:
        return f"v{self.id}"

    @property
    def state(self) -> State:
        return State.of_text(self.query)


@dataclass(frozen=True)
class Asking:
    """A list as it is asked for: the page, the tab by code, the state in force, that of the tab itself, saved views."""

    page: ListPage
    view: str
    state: State
    base: State
    saved: Sequence[Saved]

    @property
    def own(self) -> Saved | None:
        """The saved view that is shown, when it may be changed by who asks."""
        return next((view for view in self.saved if view.code == self.view and view.is_own), None)

    @property
    def chosen(self) -> Saved | None:
        """The saved view that is shown as it was saved, whoever's it is."""
        return None if self.is_changed else next((view for view in self.saved if view.code == self.view), None)

    @property
    def is_on_home(self) -> bool:
        """Whether the saved view that is shown stands on the home page of who asks."""
        cards = getattr(g.actor.preferences, "home_cards", None) or ()
        return self.chosen is not None and card_of_view(self.chosen.id) in cards

    @property
    def opens(self) -> bool:
        """Whether the list opens with this view for who asks."""
        return self.view == (opening_of(self.page) or first_of(self.page))

    @property
    def is_first(self) -> bool:
        """Whether it is the tab that the list opens with for who has said nothing."""
        return self.view == first_of(self.page)

    @property
    def is_changed(self) -> bool:
        return self.state != self.base

    def address(self, state: State | None = None, **more: str | None) -> str:
        """The address of this list in a state, and with further parameters."""
        return address_of(self.page, self.state if state is None else state, self.view, self.base, **more)


def address_of(page: ListPage, state: State, view: str = "", base: State = ASKED_NOTHING, **more: str | None) -> str:
    """The address of a list in a state: the tab it came from by code, and what differs from that tab's own state.
    What is taken out of it is said by a parameter without a value."""
    values: dict[str, Sequence[str | None]] = {"view": [view]} if view else {}
    wanted, there = state.parameters(), base.parameters()
    values |= {name: wanted.get(name, [""]) for name in PARAMETERS if wanted.get(name) != there.get(name)}
    return with_parameters(url_for(page.endpoint), values | {name: [text] for name, text in more.items() if text})


def asking_for(page: ListPage, state: State) -> Asking:
    """A list as a link asks for a state of it: under the tab that demands most of the same."""
    tabs = views_of(page)
    fitting = [view for view in tabs if view.state.demands == state.demands[: len(view.state.demands)]]
    nearest = max(fitting or tabs[:1], key=lambda view: len(view.state.demands))
    return Asking(page, nearest.code, state, nearest.state, ())


def views_of(page: ListPage) -> list[View]:
    """The tabs of the company that who asks may see."""
    return [view for view in page.views if not view.permission or may(view.permission)]


def first_of(page: ListPage) -> str:
    """The tab that a list opens with for who has said nothing, by code."""
    return next((view.code for view in views_of(page)), "")


def opening_of(page: ListPage) -> str:
    """The view that who asks has said the list opens with, by code; empty where he has not. It may be gone since."""
    views: Mapping[str, str] = getattr(g.actor.preferences, "opening_views", None) or {}
    return views.get(page.name, "")


def first_tab_address(page: ListPage) -> str:
    """The address of a list's first tab, whatever it opens with for who asks."""
    return address_of(page, State(), first_of(page) if opening_of(page) else "")


def opening_address(wished: Asking) -> str | None:
    """Where a list leads whose address says nothing: to the view that who asks has chosen, named, so that all that the
    page says of itself names it too. None where he has chosen none, or sees it no more."""
    code = opening_of(wished.page)
    known = {view.code for view in views_of(wished.page)} | {view.code for view in wished.saved}
    is_bare = request.endpoint == wished.page.endpoint and not request.args
    if not is_bare or code == wished.view or code not in known:
        return None
    return address_of(wished.page, State(), code)


def saved_query(name: str) -> Select[Any]:
    """The saved views of a list that who asks sees: his own, and those shared with everybody."""
    return (
        select(
            SavedView.id,
            SavedView.name,
            SavedView.query,
            SavedView.is_shared,
            SavedView.user_id == g.actor.user_id,
            SavedView.version,
        )
        .where(SavedView.list_name == name, or_(SavedView.user_id == g.actor.user_id, SavedView.is_shared))
        .order_by(SavedView.position, SavedView.id)
    )


def read_saved(connection: Connection, page: ListPage) -> list[Saved]:
    """The saved views of a list for who asks."""
    return [Saved(*row) for row in connection.execute(saved_query(page.name)).all()]


def asking(connection: Connection, page: ListPage) -> Asking:
    """What the address asks of a list."""
    saved = read_saved(connection, page)
    tabs = views_of(page)
    own_states = {view.code: view.state for view in tabs} | {view.code: view.state for view in saved}
    code = request.args.get("view", "")
    if not code and "all" in own_states and any(name in request.args for name in page.aliases):
        code = "all"  # who comes from a record wants all that is its own, not what waits
    code = code if code in own_states else next(iter(own_states), "")
    base = own_states.get(code, State())
    state = over(base, request.args.to_dict(flat=False))
    aliased = [
        demand(column, "in", text)
        for name, column in page.aliases.items()
        if (text := request.args.get(name, "")) and (read_id(text) or text == "me")
    ]
    return Asking(page, code, state.asking(*aliased), base, saved)


def over(base: State, parameters: Mapping[str, Sequence[str]]) -> State:
    """The state of a view with the parts that an address names itself put in their place."""
    named = {name: parameters[name] for name in PARAMETERS if name in parameters}
    if "col" in parameters:  # the boxes of the chooser, one parameter each
        named["cols"] = [",".join(parameters["col"])]
    return State.read({**base.parameters(), **named})


def shown_columns(asking: Asking, columns: Mapping[str, Column]) -> list[str]:
    """The columns in force, in their order: those asked for that exist, else the list's own."""
    chosen = headed(asking.page, columns)
    wished = [name for name in asking.state.columns if name in chosen]
    names = wished or [name for name in asking.page.shown if name in chosen]
    first = asking.page.shown[0]
    return [first, *(name for name in dict.fromkeys(names) if name != first)]


def headed(page: ListPage, columns: Mapping[str, Column]) -> dict[str, Any]:
    """The columns that can be chosen, by name, with their heads. One that is masked for who asks and which he cannot
    uncover either is left out: it would show nothing but masks."""
    return {
        name: head
        for name, column in columns.items()
        if (head := head_of(page, name, column)) is not None and (not column.mask or sees_some(column.mask))
    }


def head_of(page: ListPage, name: str, column: Column) -> Any:
    """How a column is named; one of the company's own brings its head along."""
    return page.heads.get(name) if column.custom_field is None else _custom_head(column.custom_field)


def _custom_head(field: Any) -> Head:
    words = {choice.code: choice.name(language()) for choice in field.choices} or None
    return Head(label=field.name(language()), words=words, hint=field.hint(language()))
