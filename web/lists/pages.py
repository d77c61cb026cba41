"""A list as its template shows it: tabs, chips, tools, heads, rows or groups, pager, what is selected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy import Connection

from core import database as db
from core.columns import read_id
from core.lists.bulk import ACTIONS
from core.lists.conditions import Unreadable, check
from core.lists.edits import EDIT, EDITINGS
from core.lists.grouping import levels_of, read_groups
from core.lists.kinds import VALUES, Kind
from core.lists.reading import Count, count, order_of, read_page
from core.lists.references import labels
from core.lists.source import Asked, Column, Source
from core.lists.state import Condition, Demand, State
from core.queries.paging import Page, Window
from web.filters import company_currency
from web.lists.asking import (
    Asking,
    address_of,
    asked,
    asking,
    first_tab_address,
    head_of,
    headed,
    opening_address,
    shown_columns,
    views_of,
)
from web.lists.choosing import column_choices, moved_address
from web.lists.declared import LISTS, RECORD_PAGES, Act, Empty, Head, ListPage
from web.lists.editing import Editor, edited_address, editor_of
from web.lists.groups import group_choices, group_rows, level_label
from web.lists.place import anchor
from web.lists.rows import edits, record_url, select_words
from web.lists.values import editable
from web.lists.words import operator_words, value_words
from web.navigation import link
from web.permissions import may


@dataclass(frozen=True)
class Shown:
    """A column on the page: its head with the unit, the link that orders by it, and how its cells are written."""

    name: str
    column: Column
    head: Head
    label: str
    sort_url: str | None
    order: str
    is_clear: bool
    heads: Mapping[str, Head]

    @property
    def css(self) -> str:
        """The classes of its cells."""
        return " ".join(filter(None, ("n" if self.column.is_figure else "", self.head.place)))

    def reference_url(self, row: Any) -> str | None:
        """The page of the record that a cell names; None where there is none that who asks may open."""
        identity = getattr(row, f"{self.name}_id") if self.column.refers in RECORD_PAGES else None
        if identity is None:
            return None
        endpoint, argument = RECORD_PAGES[self.column.refers]
        return link(endpoint, **{argument: identity})


@dataclass(frozen=True)
class Tab:
    """A tab: its number is None where it was not counted, and `number` says “more than” by a plus."""

    label: str
    url: str
    is_current: bool
    count: Count
    is_hot: bool
    is_saved: bool = False

    @property
    def number(self) -> str:
        return number_of(self.count)


@dataclass(frozen=True)
class Chip:
    """A demand in force: its conditions in words, joined by “or”, and the links that change it."""

    conditions: Sequence[tuple[str, str, str]]
    remove_url: str
    edit_url: str
    either_url: str
    is_readable: bool


def number_of(counted: Count) -> str:
    """How many, with a plus where there are more."""
    return f"{counted.rows:,}" + ("+" if counted.is_capped else "")


def show_list(page: ListPage, **more: Any) -> Any:
    """The answer of a list's page; a redirect where a filter's form was sent."""
    who = asked()
    with db.current().reading() as connection:
        wished = asking(connection, page)
        if "apply" in request.args:
            return edited_address(connection, wished, who)
        if (address := opening_address(wished)) is not None:
            return redirect(address, 303)
        if "move" in request.args:
            return moved_address(wished, page.source.open_columns(who))
        return render_template(page.template, **context_of(connection, wished, who), **more)


def context_of(connection: Connection, wished: Asking, who: Asked) -> dict[str, Any]:
    """What the template of a list is given."""
    page, state = wished.page, wished.state
    columns = page.source.open_columns(who)
    names = shown_columns(wished, columns)
    levels = levels_of(page.source, state, who)
    sort = order_of(page.source, state, who, page.default_sort)[0]
    shown = [column_shown(wished, columns[name], sort, who) for name in names]
    sums = [name for name in names if columns[name].sums and columns[name].is_clear(who)]
    tabs = views_of(page)
    states = [*(view.state for view in tabs), *(view.state for view in wished.saved)]
    more = {"whole": "whole" in request.args}
    here, held = count(connection, page.source, state, who, sums, states, _first_tabs(page), **more)
    groups, has_more_groups = read_groups(connection, page.source, state, who, sums) if levels else ([], False)
    rows = Page([]) if levels else _rows(connection, wished, who, names, sort)
    named = reference_labels(connection, page, columns, state.demands, who)
    return {
        "list": page,
        "asking": wished,
        "state": state,
        "columns": shown,
        "page": rows,
        "here": here,
        "total": number_of(here),
        "whole_url": wished.address(whole="yes"),
        "tabs": _tabs(wished, held),
        "chips": [_chip(wished, columns, place, who, named) for place in range(len(state.demands))],
        "groups": group_rows(wished, groups, levels),
        "grouping": _(", ").join(level_label(page, level) for level in levels),
        "has_more_groups": has_more_groups,
        "group_choices": group_choices(wished, headed(page, columns), columns, levels, who),
        "sort_choices": _sort_choices(wished, columns, sort, who),
        "column_choices": column_choices(wished, columns, names),
        "filter_choices": _filter_choices(wished, columns, who),
        "editor": _editor(connection, wished, columns, who, named),
        "acts": [act for act in acts_of(page) if _is_offered(act, wished)],
        "edits": edits(wished, _editable(wished, names, who), request.full_path.rstrip("?")),
        "select_words": select_words(),
        "clear_url": wished.address(State()),
        "nothing": _nothing(wished),
        "record_url": record_url(wished),
        "anchor": anchor,
        "kept": [(name, text) for name, texts in _kept(wished).items() for text in texts],
    }


def _nothing(wished: Asking) -> Empty | None:
    """What a list without rows says; None where words or filters beside those of the tab leave none."""
    page, view = wished.page, next((view for view in wished.page.views if view.code == wished.view), None)
    if view is None or wished.state.words or wished.state.demands != wished.base.demands:
        return None
    if view.empty is not None:
        return view.empty
    if view == page.views[0] or not view.state.demands:
        return page.empty
    return Empty(_("Nothing stands here"), _("No row of this list stands under this tab now."))


def _editable(wished: Asking, names: Sequence[str], who: Asked) -> list[tuple[str, str]]:
    fields = editable(wished.page, who)
    return [(name, str(head_of(wished.page, name, fields[name]).label)) for name in names if name in fields]


def _is_offered(act: Act, wished: Asking) -> bool:
    """A saved view may hold any rows."""
    own = {view.code for view in wished.page.views}
    return not act.tabs or wished.view in act.tabs or wished.view not in own


def acts_of(page: ListPage) -> list[Act]:
    """What who asks may do with many rows: editing a field first, where the list has fields to edit."""
    editing = EDITINGS.get(page.name)
    edit = [Act(EDIT, _("Edit…"), "pen", _("Change a field"))] if editing and may(editing.permission) else []
    return edit + [act for act in page.acts if may(ACTIONS[page.name, act.name].permission)]


def _rows(connection: Connection, wished: Asking, who: Asked, names: Sequence[str], sort: str) -> Page[Any]:
    window = Window(sort, request.args.get("after"), request.args.get("before"))
    return read_page(connection, wished.page.source, wished.state, who, names, window)


def _kept(wished: Asking) -> dict[str, list[str]]:
    """The parameters a form of the page sends along so that nothing that is asked for is lost."""
    return ({"view": [wished.view]} if wished.view else {}) | {"f": [""]} | wished.state.parameters()


def label_of(column: Column, head: Head) -> str:
    """The head of a column with the unit of its amounts."""
    unit = column.kind in (Kind.MONEY, Kind.PRICE)
    return f"{head.label}, {company_currency()}" if unit else str(head.label)


def column_shown(wished: Asking, column: Column, sort: str, who: Asked) -> Shown:
    """A column as the page of a list shows it in this order."""
    head = head_of(wished.page, column.name, column)
    is_clear = column.is_clear(who)
    is_now = sort.removeprefix("-") == column.name
    url = None
    if column.order is not None and is_clear:
        turned = column.name if not is_now or sort.startswith("-") else f"-{column.name}"
        url = wished.address(replace(wished.state, sort=turned))
    return Shown(
        column.name,
        column,
        head,
        label_of(column, head),
        url,
        ("descending" if sort.startswith("-") else "ascending") if is_now else "",
        is_clear,
        wished.page.heads,
    )


def _lists_beside(page: ListPage) -> list[ListPage]:
    """The lists that stand as tabs beside a list's own, as far as who asks may open them."""
    return [LISTS[name] for name in page.beside if may(LISTS[name].permission)]


def _first_tabs(page: ListPage) -> list[tuple[Source, State]]:
    """What the lists beside a list open with."""
    return [(one.source, next((view.state for view in views_of(one)), State())) for one in _lists_beside(page)]


def _tabs(wished: Asking, held: Sequence[Count]) -> list[Tab]:
    page, tabs, others = wished.page, views_of(wished.page), _lists_beside(wished.page)
    of_company = [
        Tab(
            str(view.label),
            _tab_address(page, view.code),
            wished.view == view.code,
            number,
            view.is_hot and bool(number.rows),
        )
        for view, number in zip(tabs, held, strict=False)
    ]
    of_people = [
        Tab(view.name, _tab_address(page, view.code), wished.view == view.code, number, False, is_saved=True)
        for view, number in zip(wished.saved, held[len(tabs) :], strict=False)
    ]
    beside = [
        Tab(str(one.title), first_tab_address(one), False, number, False)
        for one, number in zip(others, held[len(tabs) + len(wished.saved) :], strict=True)
    ]
    return of_company + of_people + beside


def _tab_address(page: ListPage, code: str) -> str:
    return address_of(page, State(), code)


def reference_labels(
    connection: Connection, page: ListPage, columns: Mapping[str, Column], demands: Iterable[Demand], who: Asked
) -> dict[tuple[str, int], str]:
    """What the records are called that conditions name, by kind of record and id."""
    wanted: dict[str, set[int]] = {}
    for condition in (condition for alternatives in demands for condition in alternatives):
        column = columns.get(condition.column)
        if column is not None and column.kind is Kind.REFERENCE and condition.operator in ("in", "out"):
            ids = {found for value in condition.values if (found := read_id(value)) is not None}
            wanted.setdefault(column.refers, set()).update(ids)
    return {
        (kind, identity): label
        for kind, ids in wanted.items()
        if ids
        for identity, label in labels(connection, kind, ids, who.parameters).items()
    }


def _chip(
    wished: Asking, columns: Mapping[str, Column], place: int, who: Asked, named: Mapping[tuple[str, int], str]
) -> Chip:
    demands = wished.state.demands
    alternatives = demands[place]
    try:
        check(columns, alternatives, who)
        is_readable = True
    except Unreadable:
        is_readable = False
    without = replace(wished.state, demands=demands[:place] + demands[place + 1 :])
    return Chip(
        [condition_words(wished.page, columns, condition, named) for condition in alternatives],
        wished.address(without),
        wished.address(edit=str(place)),
        wished.address(edit=str(place), either="yes"),
        is_readable,
    )


def condition_words(
    page: ListPage, columns: Mapping[str, Column], condition: Condition, named: Mapping[tuple[str, int], str]
) -> tuple[str, str, str]:
    """A condition in words: column, operator, values. One that says nothing is shown as it was written."""
    column = columns.get(condition.column)
    head = head_of(page, condition.column, column) if column is not None else None
    if column is None or head is None or condition.operator not in column.operators:
        return condition.column, condition.operator, ", ".join(condition.values)
    least, most = VALUES.get(condition.operator, (1, 1))
    values = value_words(column, head, condition, named) if least <= len(condition.values) <= most else ""
    return str(head.label), str(operator_words(column)[condition.operator]), values


def _editor(
    connection: Connection,
    wished: Asking,
    columns: Mapping[str, Column],
    who: Asked,
    named: Mapping[tuple[str, int], str],
) -> Editor | None:
    return editor_of(connection, wished, columns, who, named) if "edit" in request.args else None


def _sort_choices(
    wished: Asking, columns: Mapping[str, Column], sort: str, who: Asked
) -> list[tuple[str, str, bool, str]]:
    found = []
    for name, head in headed(wished.page, columns).items():
        if columns[name].order is None or not columns[name].is_clear(who):
            continue
        for code in (name, f"-{name}"):
            found.append((str(head.label), wished.address(replace(wished.state, sort=code)), sort == code, code[:1]))
    return found


def _filter_choices(wished: Asking, columns: Mapping[str, Column], who: Asked) -> list[tuple[str, str]]:
    return [
        (str(head.label), wished.address(edit="new", column=name))
        for name, head in headed(wished.page, columns).items()
        if columns[name].filters and columns[name].is_clear(who)
    ]
