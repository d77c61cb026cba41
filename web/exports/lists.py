"""What an exported list is: read by the very function its page reads it by, with the columns of the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final

from flask import request
from flask_babel import gettext
from sqlalchemy import Connection

from core.errors import DomainError
from core.lists.grouping import Group, Level, levels_of, read_groups
from core.lists.kinds import Kind
from core.lists.reading import read_all
from core.lists.source import Asked
from core.lists.source import Column as ListColumn
from core.masks import is_masked
from core.queries.paging import Page, Window
from web.lists.address import window_of
from web.lists.asking import Asking, asked, asking, head_of, shown_columns
from web.lists.declared import Head, ListPage
from web.lists.groups import group_named, group_text, level_label
from web.lists.pages import label_of
from web.permissions import may

READ_AT_ONCE: Final = 2000
LARGEST_EXPORT: Final = 200_000
Reader = Callable[[Connection, Window], Page[Any]]


@dataclass(frozen=True)
class Column:
    """A column of the file: its head, where the value comes from, the words of a coded value, and the permission that
    its page asks for beside the list's own."""

    head: Any
    value: Callable[[Any], Any]
    words: Mapping[str, Any] | None = None
    permission: str = ""

    def cell(self, row: Any) -> Any:
        """The value of a row as the file shows it."""
        value = self.value(row)
        return str(self.words.get(value, value)) if self.words is not None and value is not None else value


def column(
    head: Any, name: str | Callable[[Any], Any], words: Mapping[str, Any] | None = None, *, permission: str = ""
) -> Column:
    """A column filled from a field of the row, or by a function of the row."""
    return Column(head, attrgetter(name) if isinstance(name, str) else name, words, permission)


def whole(read: Callable[[Connection], Sequence[Any]]) -> Reader:
    """The reader of a list that is short enough to stand on one page."""
    return lambda connection, _window: Page(list(read(connection)))


@dataclass(frozen=True)
class ExportedList:
    """A list: its name in addresses and on record, the permission of its page, what it is called, and its columns."""

    name: str
    permission: str
    title: Any
    read: Reader
    columns: Sequence[Column]
    orders: Sequence[str] = ()
    default_order: str = ""

    def rows(self, connection: Connection) -> Iterator[Any]:
        """All rows that the address asks for, in the order it names, else in the list's usual one. Raises
        `export_too_large`."""
        asked = window_of(self.orders, self.default_order)
        window = Window(asked.sort, limit=READ_AT_ONCE, counted=False)
        read = 0
        while True:
            page = self.read(connection, window)
            read += len(page.rows)
            if read > LARGEST_EXPORT:
                raise DomainError("export_too_large", http_status=409, largest=LARGEST_EXPORT)
            yield from page.rows
            if page.next is None:
                return
            window = Window(asked.sort, page.next, limit=READ_AT_ONCE, counted=False)

    def table(self, connection: Connection) -> tuple[list[str], Iterator[list[Any]]]:
        """Heads and rows of the file: the columns that the reader sees on the page too."""
        columns = [column for column in self.columns if not column.permission or may(column.permission)]
        return [str(column.head) for column in columns], (
            [column.cell(row) for column in columns] for row in self.rows(connection)
        )


@dataclass(frozen=True)
class PageExport:
    """A list that is declared for its page (`web.lists.declared`): the file has the page's columns, order and rows; of
    a page that groups its rows, its groups with their sums, or the rows where `rows` is sent."""

    page: ListPage

    @property
    def name(self) -> str:
        return self.page.name

    @property
    def permission(self) -> str:
        return self.page.permission

    @property
    def title(self) -> Any:
        return self.page.title

    def table(self, connection: Connection) -> tuple[list[str], Iterator[list[Any]]]:
        """Heads and rows of the file. Raises `export_too_large`."""
        who, wished = asked(), asking(connection, self.page)
        columns = self.page.source.open_columns(who)
        shown = [(columns[name], head_of(self.page, name, columns[name])) for name in shown_columns(wished, columns)]
        levels = levels_of(self.page.source, wished.state, who)
        if levels and "rows" not in request.form:
            summed = [(column, head) for column, head in shown if column.sums and column.is_clear(who)]
            return self._groups(connection, wished, who, levels, summed)
        rows = read_all(
            connection,
            self.page.source,
            wished.state,
            who,
            [column.name for column, _ in shown],
            wished.state.sort or self.page.default_sort,
            most=LARGEST_EXPORT,
        )
        return [label_of(column, head) for column, head in shown], (
            [cell_of(column, head, row) for column, head in shown] for row in rows
        )

    def _groups(
        self,
        connection: Connection,
        wished: Asking,
        who: Asked,
        levels: Sequence[Level],
        summed: Sequence[tuple[ListColumn, Head]],
    ) -> tuple[list[str], Iterator[list[Any]]]:
        """Every group, however many the page shows: those of the second level below that of the first, whose own line
        says so."""
        names = [column.name for column, _ in summed]
        groups, has_more = read_groups(
            connection, self.page.source, wished.state, who, names, most=LARGEST_EXPORT, most_within=None
        )
        if has_more:
            raise DomainError("export_too_large", http_status=409, largest=LARGEST_EXPORT)
        heads = [level_label(self.page, level) for level in levels]
        return [*heads, gettext("Rows"), *(label_of(column, head) for column, head in summed)], (
            [*texts, group.rows, *(group.sums[name] for name in names)]
            for group in groups
            for texts, group in _lines(self.page, group, levels)
        )


def _lines(page: ListPage, group: Group, levels: Sequence[Level]) -> Iterator[tuple[list[str], Group]]:
    label = group_text(group_named(page, group, levels[0])[1])
    if len(levels) == 1:
        yield [label], group
        return
    yield [label, gettext("All")], group
    for inner in group.within:
        yield [label, group_text(group_named(page, inner, levels[1])[1])], inner


def cell_of(column: ListColumn, head: Head, row: Any) -> Any:
    """The value of a row in a column as a file shows it."""
    value = getattr(row, column.name)
    if column.kind is Kind.CHOICE and head.words is not None and value is not None and not is_masked(value):
        codes = value if isinstance(value, list) else [value]
        return "; ".join(str(head.words.get(code, code)) for code in codes)
    if column.kind is Kind.FLAG and isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    return value


Exported = ExportedList | PageExport
