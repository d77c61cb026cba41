"""What a form says of the record it was filled from: its version, and what stood in each field.

A form with a VersionField carries along the texts it was shown with (`base`), as the browser would have sent them back
untouched. When somebody else has saved meanwhile, they tell what either of the two has changed (`web.merging`), for
every form and every field alike, and say it as it was seen: masks stay masks. They decide nothing but what is asked:
whether the record has changed is told by its version.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup, escape
from wtforms import (
    BooleanField,
    Field,
    FieldList,
    FileField,
    FormField,
    HiddenField,
    PasswordField,
    SelectField,
    SelectMultipleField,
)

BASE: Final = "base"
KEEP: Final = "keep:"
"""What a choice is called in the form: this, then the field, and of a row its key behind a colon."""
THEIRS: Final = "theirs"
LARGEST_BASE: Final = 400_000
TELLING_CELLS: Final = 3

Texts = dict[str, list[str]]
"""Of each field by its name in the form what the browser sends of it."""
Row = dict[str, list[str]]
"""The same of one row of a grid, by the names of its cells."""


class VersionField(HiddenField):
    """The version of the record that was shown, with what was shown of it. `base` is None where nothing is known."""

    def __init__(self, *arguments: Any, _form: Any = None, **named: Any) -> None:
        super().__init__(*arguments, _form=_form, **named)
        self.form = _form
        self.base: Texts | None = None
        self.is_sent = False

    def process(self, formdata: Any, *arguments: Any, **named: Any) -> None:
        """Reads version and base of what was sent."""
        super().process(formdata, *arguments, **named)
        self.is_sent = formdata is not None
        if formdata is not None:
            self.base = read_base(formdata.get(BASE))

    def __call__(self, **attributes: Any) -> Markup:
        shown = super().__call__(**attributes)
        base = self.base if self.is_sent else texts_of(self.form)
        if base is None or not self._value():
            return shown
        text = json.dumps(base, ensure_ascii=False, separators=(",", ":"))
        return shown + Markup('<input type="hidden" name="{}" value="{}">').format(BASE, escape(text))


def read_base(text: str | None) -> Texts | None:
    """The texts a form was shown with; None where it does not say so, or cannot be read."""
    try:
        found = json.loads(text) if text and len(text) <= LARGEST_BASE else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    is_texts = all(isinstance(texts, list) and all(isinstance(one, str) for one in texts) for texts in found.values())
    return found if is_texts else None


def leaves(form: Any) -> Iterator[Any]:
    """The fields of a form that hold a value of the record, those of forms within it too; rows are not entered."""
    for field in form:
        if isinstance(field, FormField):
            yield from leaves(field.form)
        elif not isinstance(field, FileField | PasswordField | VersionField) and field.short_name != "csrf_token":
            yield field


def texts_of(form: Any) -> Texts:
    """What the browser would send of a form as it is shown, or has sent; empty rows are left out."""
    found: Texts = {}
    for field in leaves(form):
        if isinstance(field, FieldList):
            for entry in field.entries:
                row = {cell.name: _texts_in(cell) for cell in _cells(entry)}
                if not is_empty(row):
                    found |= row
        else:
            found[field.name] = _texts_in(field)
    return found


def _cells(entry: Any) -> list[Any]:
    return list(leaves(entry.form)) if hasattr(entry, "form") else [entry]


def _texts_in(field: Field) -> list[str]:
    if isinstance(field, BooleanField):
        return ["y"] if field.data else []
    if isinstance(field, SelectMultipleField):
        return [str(value) for value in field.data or ()]
    if isinstance(field, SelectField):
        return [_chosen(field)]
    return [str(field._value())]


def _chosen(field: Any) -> str:
    """What a select sends: the first of its choices where nothing is chosen."""
    if field.data is None and field.choices and not isinstance(field.choices, dict):
        return str(field.choices[0].value)
    return "" if field.data is None else str(field.data)


def is_empty(row: Row) -> bool:
    """Whether nothing is written in what a row is about, its first cells; what follows is preset in empty rows too."""
    return not any(text.strip() for texts in list(row.values())[:TELLING_CELLS] for text in texts)


def same(one: Sequence[str] | None, other: Sequence[str] | None) -> bool:
    """Whether two fields say the same: browsers end lines their own way, and blanks around a text say nothing."""
    return _plain(one) == _plain(other)


def _plain(texts: Sequence[str] | None) -> list[str] | None:
    return None if texts is None else sorted("\n".join(text.splitlines()).strip() for text in texts)


# rows -----------------------------------------------------------------------------------------------------------------
def rows_in(texts: Mapping[str, list[str]], name: str) -> dict[int, Row]:
    """The rows of a grid by their number, each by the names of its cells."""
    pattern = re.compile(rf"{re.escape(name)}-([0-9]{{1,6}})(?:-(.+))?")
    found: dict[int, Row] = {}
    for written, value in texts.items():
        place = pattern.fullmatch(written)
        if place:
            found.setdefault(int(place[1]), {})[place[2] or ""] = value
    return {number: row for number, row in sorted(found.items()) if not is_empty(row)}


def keyed(rows: Mapping[int, Row], key: str) -> dict[str, tuple[int, Row]]:
    """Rows by what they are about: the text of their first cell, the second of the same with its number."""
    found: dict[str, tuple[int, Row]] = {}
    for number, row in rows.items():
        text = " ".join(" ".join(row.get(key, [])).split())
        again = sum(1 for other in found if other.partition(":")[2] == text)
        found[f"{again}:{text}"] = (number, row)
    return found


def put_row(texts: dict[str, list[str]], name: str, number: int, row: Row) -> None:
    """Writes a row of a grid."""
    for cell, value in row.items():
        texts[f"{name}-{number}-{cell}" if cell else f"{name}-{number}"] = value


def with_choices(form: Any, sent: Any) -> Any:
    """What was sent, with the other one's entries where they were chosen: as they stood when the choice was offered."""
    chosen = [name.removeprefix(KEEP) for name in sent if name.startswith(KEEP) and sent[name] == THEIRS]
    base = read_base(sent.get(BASE)) if chosen else None
    if base is None:
        return sent
    texts = {name: sent.getlist(name) for name in sent}
    for wished in chosen:
        name, _colon, row = wished.partition(":")
        field = form._fields.get(name)
        if isinstance(field, FieldList) and row:
            _take_row(texts, base, name, getattr(field, "key", ""), row)
        elif isinstance(field, FieldList):
            _take_rows(texts, base, name)
        elif name in base:
            texts[name] = base[name]
    return type(sent)([(name, text) for name, values in texts.items() for text in values])


def _take_row(texts: dict[str, list[str]], base: Texts, name: str, key: str, wished: str) -> None:
    there, here = keyed(rows_in(base, name), key), keyed(rows_in(texts, name), key)
    if wished in here:
        number, row = here[wished]
    else:
        number, row = max(rows_in(texts, name), default=-1) + 1, {}
        while any(written.startswith(f"{name}-{number}-") for written in texts):
            number += 1
    put_row(texts, name, number, there[wished][1] if wished in there else {cell: [""] for cell in row})


def _take_rows(texts: dict[str, list[str]], base: Texts, name: str) -> None:
    for written in [written for written in texts if re.match(rf"{re.escape(name)}-[0-9]", written)]:
        del texts[written]
    for number, row in rows_in(base, name).items():
        put_row(texts, name, number, row)
