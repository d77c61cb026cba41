"""A form that met a newer version: what either has changed is put together, field by field.

Three texts are compared in each field: as the form was shown, as it stands now, as it was typed. What only the other
one changed is taken over, what only this one changed stays; both are shown. What both changed differently is asked:
this one's entry is chosen beforehand, because it is what stands in the field below, and nobody is to save what he does
not see there; the other's stands beside it with who and when, one choice away, and in the history either way. Saving
again does what is chosen (`web.versions.with_choices`). Rows of a grid are looked at one by one, as a whole each.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import g, request
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, FieldList, SelectField, SelectMultipleField

from core.columns import read_id
from core.custom_fields.definitions import PREFIX
from core.errors import DomainError
from core.queries.history import ToldChange, last_changes
from web.versions import KEEP, Row, Texts, keyed, leaves, put_row, rows_in, same, texts_of

MOST_CHANGES: Final = 50
LONGEST_SHOWN: Final = 600
CUSTOM: Final = "custom-"
MASK: Final = "•"


@dataclass(frozen=True)
class Difference:
    """A field that is no longer as it was shown. `kind`: theirs (only the other one changed it), mine, both. `choice`
    names the question where both did; `field` and the texts are for the script that shows what is chosen at once."""

    label: str
    kind: str
    was: str
    now: str
    mine: str
    told: ToldChange | None
    choice: str = ""
    field: str = ""
    now_texts: str = ""
    mine_texts: str = ""


@dataclass(frozen=True)
class Merge:
    """What is shown of it: the last change, whether the same person made it (in another window), all differences."""

    last: ToldChange | None
    is_own: bool
    differences: Sequence[Difference]

    @property
    def has_choices(self) -> bool:
        return any(one.choice for one in self.differences)


def merge(
    form: Any,
    error: DomainError,
    fresh: Callable[[], Any],
    record_type: str,
    record_id: int,
    *,
    only_own: bool = False,
) -> bool:
    """Whether the refusal was that somebody else saved meanwhile. The form then holds both's entries, carries the
    version that stands there now, and says what differs (`form.merge`). `fresh` is the form filled anew; `only_own`
    says that nobody else can have changed the record."""
    if error.code != "edit_conflict":
        return False
    version = form["version"]
    now_form, base = fresh(), version.base
    gap = max((read_id(now_form["version"]._value()) or 0) - (read_id(version.data) or 0), 1)
    changes = last_changes(record_type, record_id, min(gap, MOST_CHANGES))
    put = _Putting(form, now_form, base, changes)
    differences = list(put.together())
    form.process(MultiDict((name, text) for name, texts in put.texts.items() for text in texts))
    form["version"].data, form["version"].raw_data = now_form["version"]._value(), None
    form["version"].base = put.now
    last = changes[0] if changes else None
    is_own = only_own or (last is not None and last.actor_id == g.actor.user_id)
    form.merge = Merge(last, is_own, differences)
    return True


class _Putting:
    """Puts the texts of a form together with those that stand there now."""

    def __init__(self, form: Any, now_form: Any, base: Texts | None, changes: Sequence[ToldChange]) -> None:
        self.form, self.base, self.changes = form, base, changes
        self.now, self.mine = texts_of(now_form), texts_of(form)
        self.now_fields = {field.name: field for field in leaves(now_form)}
        self.texts: dict[str, list[str]] = {name: request.form.getlist(name) for name in request.form}

    def together(self) -> Iterator[Difference]:
        """Puts each field in its place, and says what differs."""
        for field in leaves(self.form):
            if isinstance(field, FieldList):
                yield from self._rows(field) if getattr(field, "key", "") else self._list(field)
            else:
                yield from self._field(field)

    def _field(self, field: Any) -> Iterator[Difference]:
        name = field.name
        if name not in self.now:
            return
        now, mine = self.now[name], self.mine.get(name, [])
        if name not in request.form and not isinstance(field, BooleanField | SelectMultipleField):
            return  # the page does not show it
        was = None if self.base is None else self.base.get(name)
        kind = self._kind_of(name, was, now, mine)
        if kind == "theirs":
            self.texts[name] = now
        if kind:
            shown = (self._said(field, texts) for texts in (was, now, mine))
            yield self._difference(field.label.text, kind, shown, name, name, now, mine)

    def _kind_of(self, name: str, was: Sequence[str] | None, now: Sequence[str], mine: Sequence[str]) -> str:
        if same(now, mine):
            return ""
        if was is None:
            return "both"
        if same(was, mine):
            return "theirs"
        # Behind a mask a change is not seen; the audit trail knows of it.
        is_behind = any(MASK in text for text in now) and self._told(name, exactly=True) is not None
        return "mine" if same(was, now) and not is_behind else "both"

    def _list(self, field: Any) -> Iterator[Difference]:
        """Rows that are only looked at all together."""
        name = field.name
        all_rows = [
            None if texts is None else list(rows_in(texts, name).values()) for texts in (self.base, self.now, self.mine)
        ]
        was, now, mine = (rows if rows is None else [_plain_row(row) for row in rows] for rows in all_rows)
        if now == mine or now is None:
            return
        kind = "both" if was is None else "theirs" if was == mine else "mine" if was == now else "both"
        if kind == "theirs":
            for written in [written for written in self.texts if written.startswith(f"{name}-")]:
                del self.texts[written]
            for number, row in enumerate(all_rows[1] or ()):
                put_row(self.texts, name, number, row)
        said = ("\n".join(self._row_said(field, row) for row in rows or ()) for rows in all_rows)
        yield self._difference(field.label.text, kind, said, f"{name}:", name)

    def _rows(self, field: Any) -> Iterator[Difference]:
        name, key = field.name, field.key
        base = None if self.base is None else keyed(rows_in(self.base, name), key)
        now, mine = keyed(rows_in(self.now, name), key), keyed(rows_in(self.mine, name), key)
        for about, (number, row) in mine.items():
            known = (base or now).get(about, (0, row))[1]
            row |= {cell: known.get(cell, row[cell]) for cell in row if f"{name}-{number}-{cell}" not in request.form}
        free = max((int(number) for number in _numbers(self.texts, name)), default=-1) + 1
        for about in dict.fromkeys([*(base or ()), *mine, *now]):
            sides = (base or {}, now, mine)
            was_row, now_row, mine_row = (_plain_row(rows[about][1]) if about in rows else None for rows in sides)
            if now_row == mine_row:
                continue
            kind = "both" if base is None else "theirs" if was_row == mine_row else "mine"
            kind = "both" if kind == "mine" and was_row != now_row else kind
            if kind == "theirs":
                number = mine[about][0] if about in mine else free
                free += number == free
                row = now[about][1] if about in now else {cell: [""] for cell in mine[about][1]}
                put_row(self.texts, name, number, row)
            said = (self._row_said(field, rows[about][1]) if about in rows else _("not there") for rows in sides)
            label = _("Line %(about)s", about=about.partition(":")[2])
            yield self._difference(label, kind, said, f"{name}:{about}", name)

    def _difference(
        self,
        label: str,
        kind: str,
        said: Iterator[str],
        choice: str,
        name: str,
        now: Sequence[str] | None = None,
        mine: Sequence[str] | None = None,
    ) -> Difference:
        was_said, now_said, mine_said = said
        is_asked = kind == "both"
        return Difference(
            str(label),
            kind,
            was_said if self.base is not None else "",
            now_said,
            mine_said,
            self._told(name) if kind != "mine" else None,
            KEEP + choice if is_asked else "",
            name if is_asked and now is not None else "",
            json.dumps(now) if is_asked and now is not None else "",
            json.dumps(mine) if is_asked and mine is not None else "",
        )

    def _told(self, name: str, *, exactly: bool = False) -> ToldChange | None:
        """Who changed a field last: by its name in the audit trail, else whoever changed the record last."""
        column = PREFIX + name.removeprefix(CUSTOM) if name.startswith(CUSTOM) else name
        found = (told for told in self.changes if column in told.fields or f"{column}_id" in told.fields)
        return next(found, None if exactly or not self.changes else self.changes[0])

    def _said(self, field: Any, texts: Sequence[str] | None) -> str:
        """A field's texts as people read them."""
        if texts is None:
            return ""
        if isinstance(field, BooleanField):
            return _("Yes") if texts else _("No")
        if isinstance(field, SelectField | SelectMultipleField):
            named: dict[str, Any] = {}
            for one in (self.now_fields.get(field.name), field):
                named |= {str(choice.value): choice.label for choice in getattr(one, "choices", None) or ()}
            texts = [str(named.get(text, text)) for text in texts if text]
        text = _(", ").join(texts).strip()
        text = text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…"
        return text or _("empty")

    def _row_said(self, field: Any, row: Row) -> str:
        """A row in words: what stands in each of its cells."""
        labels = {cell.short_name: cell for entry in field.entries[:1] for cell in leaves(entry.form)}
        parts = []
        for name, texts in row.items():
            cell = labels.get(name)
            text = " ".join(texts).strip()
            if cell is None or name == getattr(field, "key", "") or not text:
                continue
            parts.append(_("%(field)s: %(value)s", field=cell.label.text, value=self._said(cell, texts)))
        return _(", ").join(parts)


def _plain_row(row: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    return {cell: [" ".join(text.split()) for text in texts] for cell, texts in row.items() if any(texts)}


def _numbers(texts: Mapping[str, Any], name: str) -> Iterator[str]:
    for written in texts:
        number = written.removeprefix(f"{name}-").split("-")[0]
        if written.startswith(f"{name}-") and number.isascii() and number.isdecimal() and len(number) < 7:
            yield number
