"""Lists read page by page: the filters that are set, a keyset instead of an offset, a cursor that says where to go on.

The text of a list's statement depends only on which filters are set, so that each combination is prepared once and
planned for itself.
"""

from __future__ import annotations

import base64
import binascii
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, NamedTuple

from core.errors import FieldErrors
from core.queries.reading import read
from core.statements import Statement, statement

MOST_ROWS = 50
LARGEST_ID = 2**63 - 1


class Page(NamedTuple):
    """Rows of one page, and the cursor of the next, None after the last."""

    rows: list[Any]
    next_cursor: str | None


class Key(NamedTuple):
    """One part of a list's order: the fact's field, the SQL expression, its type (bigint, date, timestamptz, text)."""

    field: str
    expression: str
    type: str


ID = Key("id", "row.id", "bigint")
_lock = threading.Lock()


@dataclass(frozen=True)
class Listing:
    """A list: `select` up to its joins, filters as name → predicate over `%(name)s`, and the keys it is ordered by.

    The keys together are unique, the last one being the id.
    """

    name: str
    select: str
    tables: str
    fact: Any
    filters: Mapping[str, str] = field(default_factory=dict)
    where: str = "true"
    keys: Sequence[Key] = (ID,)
    descending: bool = True
    _statements: dict[tuple[str, ...], Statement] = field(default_factory=dict)

    def page(
        self, filters: Mapping[str, Any], cursor: str | None = None, limit: int | None = None, **parameters: Any
    ) -> Page:
        """One page of rows that fit all filters that are not None. Raises InvalidInput for a cursor that is none."""
        chosen = {name: filters[name] for name in self.filters if filters.get(name) is not None}
        after = self._decode(cursor) if cursor else ()
        wanted = min(limit or MOST_ROWS, MOST_ROWS)
        query = self._statement(tuple(chosen), bool(after))(
            **chosen, **parameters, **{f"after_{n}": value for n, value in enumerate(after)}, limit=wanted + 1
        )
        [rows] = read(query)
        more = len(rows) > wanted
        return Page(rows[:wanted], self._encode(rows[wanted - 1]) if more else None)

    def _statement(self, chosen: tuple[str, ...], has_cursor: bool) -> Statement:
        shape = (*chosen, "after") if has_cursor else chosen
        with _lock:
            if shape not in self._statements:
                self._statements[shape] = statement(
                    f"{self.name}[{','.join(shape)}]", self._text(chosen, has_cursor), tables=self.tables,
                    scope="by_root", fact=self.fact,
                )  # fmt: skip
            return self._statements[shape]

    def _text(self, chosen: tuple[str, ...], has_cursor: bool) -> str:
        predicates = [self.where, *(f"({self.filters[name]})" for name in chosen)]
        if has_cursor:
            columns = ", ".join(key.expression for key in self.keys)
            values = ", ".join(f"%(after_{n})s::{key.type}" for n, key in enumerate(self.keys))
            predicates.append(f"({columns}) {'<' if self.descending else '>'} ({values})")
        order = ", ".join(f"{key.expression} {'DESC' if self.descending else 'ASC'}" for key in self.keys)
        return f"{self.select} WHERE {' AND '.join(predicates)} ORDER BY {order} LIMIT %(limit)s::int"

    def _encode(self, row: Any) -> str:
        values = [getattr(row, key.field) for key in self.keys]
        texts = [value.isoformat() if isinstance(value, date | datetime) else str(value) for value in values]
        return base64.urlsafe_b64encode(json.dumps(texts, ensure_ascii=False).encode()).decode().rstrip("=")

    def _decode(self, cursor: str) -> tuple[Any, ...]:
        try:
            texts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            return tuple(_value(text, key.type) for text, key in zip(texts, self.keys, strict=True))
        except (ValueError, TypeError, binascii.Error, RecursionError):
            errors = FieldErrors()
            errors.add("cursor", "bad_cursor")
            errors.raise_if_any()
            raise AssertionError from None


def _value(text: Any, kind: str) -> Any:
    if not isinstance(text, str):
        raise TypeError(text)
    if kind == "bigint":
        if not 0 <= int(text) <= LARGEST_ID:
            raise ValueError(text)
        return int(text)
    if kind == "date":
        return date.fromisoformat(text)
    if kind == "timestamptz":
        return datetime.fromisoformat(text)
    if "\x00" in text:
        raise ValueError(text)
    text.encode()
    return text


def words_pattern(words: str) -> list[str]:
    """Patterns for `search_text LIKE ALL (…)`: every word anywhere, folded as the search text is."""
    from core.normalise import fold

    escaped = (word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for word in fold(words).split())
    return [f"%{word}%" for word in escaped] or ["%"]
