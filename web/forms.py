"""Form base and the fields that numbers, prices and days need.

Forms only parse. Whether a value is allowed is decided by the command; here it is only asked whether it can be read
at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from flask import request
from flask_babel import gettext, ngettext
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import DateField as PlainDateField
from wtforms import Field, FieldList, FileField, FormField, HiddenField, SelectField, StringField
from wtforms import Form as PlainForm
from wtforms.fields.choices import SelectChoice
from wtforms.fields.core import UnboundField
from wtforms.validators import ValidationError
from wtforms.widgets import TextInput

from core.clock import is_document_day
from core.columns import read_id
from core.errors import FieldError, InvalidInput
from core.masks import DOTS, Masked
from core.money import LARGEST_AMOUNT, LARGEST_PERCENT, LARGEST_PRICE, LARGEST_QUANTITY
from core.numbers import FULL_WIDTH, LONGEST_NUMBER, day_in_text, number_in
from web.filters import plain, plain_money, plain_price, today
from web.requests import UNREADABLE
from web.sentences import sentence
from web.versions import VersionField, with_choices

__all__ = [
    "AmountField",
    "DayField",
    "Form",
    "LineForm",
    "PercentField",
    "PriceField",
    "QuantityField",
    "Required",
    "Rows",
    "UnboundField",
    "VersionField",
]

# Look-alikes people type or paste into numbers.
_LOOKALIKES = str.maketrans(
    {"o": "0", "O": "0", "l": "1", "I": "1", "S": "5", "B": "8", "，": ",", "。": ".", "．": ".", "－": "-", "−": "-"}
)


class _Sentences:
    """WTForms' own few messages in the language of the request."""

    def gettext(self, text: str) -> str:
        return gettext(text)

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        return ngettext(singular, plural, number)


class _Meta:
    def get_translations(self, form: Any) -> _Sentences:
        return _Sentences()


class Form(FlaskForm):
    """Base of all page forms: CSRF, and messages in the language of the request.

    `longest` says how many characters a text may have (`core.columns.longest_texts` of what it is kept in); the fields
    tell the browser, and a longer text is refused beside its field. So is, in any form, a text with characters that
    could not be read, an id that is none, and a list with too many rows.

    `record_type` names the type of record it is a form of: the company's custom fields of that type stand in it as the
    form `custom` (`web.custom_fields.forms`), filled from the argument `custom`.
    """

    longest: ClassVar[Mapping[str, int]] = {}
    record_type: ClassVar[str] = ""
    merge: Any = None
    """What is shown above the form where somebody else saved meanwhile (`web.merging`)."""

    class Meta(_Meta, FlaskForm.Meta):
        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """What was sent as a form: text, and files where a file is asked for."""
            if formdata is None or isinstance(formdata, MultiDict):
                return formdata
            return with_choices(form, _sent(form)) if request.method == "POST" else None

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        for name, most in self.longest.items():
            field = self._fields.get(name)
            if isinstance(field, StringField):
                field.render_kw = {**(field.render_kw or {}), "maxlength": most}

    def process(self, *arguments: Any, **named: Any) -> None:
        if self.record_type:
            from web.custom_fields.forms import custom_form  # which is made of this module's parts

            more = custom_form(self.record_type, named.get("custom") or {})
            if more is not None:
                how = {"name": "custom", "prefix": self._prefix, "translations": self.meta.get_translations(self)}
                self._fields["custom"] = self.meta.bind_field(self, FormField(more), how)
            if "custom" in named:
                named["custom"] = {"given": named["custom"]}
        super().process(*arguments, **named)

    def custom_values(self) -> dict[str, Any]:
        """The custom fields as a command takes them among its values: those that were sent."""
        return {"custom": self["custom"].form.values()} if "custom" in self else {}

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether all fields can be read; what cannot has its sentence beside it, or above the form where the field is
        not shown."""
        valid = super().validate(extra_validators)
        for field in _fields_of(self):
            fault = self._fault_of(field)
            if fault is not None:
                valid = False
                if not field.errors or isinstance(field, HiddenField):
                    add_error(self, field, sentence(fault.code, fault.data))
        return bool(valid)

    def _fault_of(self, field: Any) -> FieldError | None:
        longest = self.longest.get(field.name) if isinstance(field, StringField) else None
        for text in field.raw_data or ():
            if isinstance(text, str) and (fault := fault_of(text, longest)):
                return fault
        if isinstance(field, Rows) and len(field.entries) > field.most:
            return FieldError("too_many", {"limit": field.most})
        if _is_id(field) and field.data and read_id(field.data) is None:
            return FieldError("not_a_choice")
        return None

    def id_in(self, name: str) -> int | None:
        """The id that stands in a field, chosen from a list or hidden; None where nothing is chosen. Raises
        InvalidInput for what is no id."""
        text = self[name].data
        found = read_id(text)
        if text and found is None:
            raise InvalidInput({name: FieldError("not_a_choice")})
        return found


def _sent(form: Any) -> MultiDict[str, Any]:
    """The fields of the request's form. A file sent for a field of text is a text that cannot be read."""
    sent: MultiDict[str, Any] = MultiDict(request.form)
    for name, file in request.files.items(multi=True):
        sent.add(name, file if isinstance(form._fields.get(name), FileField) else UNREADABLE)
    return sent


def _fields_of(form: Any) -> Iterator[Any]:
    for field in form:
        yield field
        if isinstance(field, FormField):
            yield from _fields_of(field.form)
        for entry in getattr(field, "entries", ()):
            yield from _fields_of(entry.form) if hasattr(entry, "form") else (entry,)


def _is_id(field: Any) -> bool:
    name = field.short_name
    if field.name.startswith("custom-"):
        return False  # a key that the company has chosen says nothing
    return (name.endswith("_id") and isinstance(field, SelectField | HiddenField)) or name == "version"


def add_error(form: Any, field: Any, text: str) -> None:
    """A sentence beside a field; above the form where the field is a list of rows or is not shown."""
    if isinstance(field, FieldList | HiddenField):
        form.form_errors = [*form.form_errors, text]
    else:
        field.errors = [*field.errors, text]


class Rows(FieldList):
    """The rows of a form, at most `most`; more are refused, never left out. Their numbers are ASCII digits. `key` names
    the cell that says what a row is about; rows without one are only ever looked at all together."""

    def __init__(self, row: UnboundField[Any], *arguments: Any, most: int, key: str = "", **named: Any) -> None:
        self.most, self.key = most, key
        super().__init__(row, *arguments, **named)

    def _extract_indices(self, prefix: str, formdata: Any) -> Iterator[int]:
        pattern = re.compile(rf"{re.escape(prefix)}-([0-9]{{1,6}})(?![0-9])")
        for name in formdata:
            found = pattern.match(name)
            if found:
                yield int(found[1])


class LineForm(PlainForm):
    """Base of the rows of a `FieldList(FormField(...))`: no CSRF field of its own."""

    class Meta(_Meta):
        pass


class Required:
    """The field must not be empty; sets the HTML attribute too."""

    field_flags = {"required": True}

    def __call__(self, form: Any, field: Field) -> None:
        if any(value.strip() if isinstance(value, str) else value for value in field.raw_data or ()):
            return
        if field.errors:
            return
        raise ValidationError(sentence("required"))


class AmountField(Field):
    """A decimal number as people write it: `1,234.50`, `￥1234.5`, full-width digits. `data` is a Decimal or None.

    An unreadable text stays in the field, and the message guesses what was meant. With a `kind` (`core.masks`), the
    field may show a mask; left as it is, `data` is that mask again.
    """

    widget = TextInput()
    places = 2
    largest: ClassVar[Decimal] = LARGEST_AMOUNT

    def __init__(
        self, label: Any = None, validators: Sequence[Callable[..., Any]] | None = None, **options: Any
    ) -> None:
        self.places = options.pop("places", self.places)
        self.kind = options.pop("kind", None)
        options.setdefault("render_kw", {}).setdefault("inputmode", "decimal")
        super().__init__(label, validators, **options)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return self._written(self.data)

    def _written(self, value: Decimal | None) -> str:
        """How a value that nobody typed is proposed."""
        return plain_money(value, self.places)

    @staticmethod
    def cleaned(text: str) -> str:
        """A typed text without what may stand around its number."""
        return text.strip()

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = None
        text = self.cleaned(str(valuelist[0])) if valuelist else ""
        if self.kind and text == DOTS:
            mask: Any = Masked(self.kind)
            self.data = mask
        elif text:
            self.data = read_number(text, places=self.places, largest=self.largest)


class PriceField(AmountField):
    """A unit price, up to four decimals."""

    places = 4
    largest = LARGEST_PRICE

    def _written(self, value: Decimal | None) -> str:
        return plain_price(value)


class QuantityField(AmountField):
    """A quantity, up to three decimals."""

    places = 3
    largest = LARGEST_QUANTITY

    def _written(self, value: Decimal | None) -> str:
        return plain(value)


class PercentField(AmountField):
    """A percentage as typed, `10` for 10 %."""

    places = 2
    largest = LARGEST_PERCENT

    def _written(self, value: Decimal | None) -> str:
        return plain(value)

    @staticmethod
    def cleaned(text: str) -> str:
        """As spreadsheets write it: `10%` is 10."""
        return text.strip().rstrip("%％ ")


class DayField(PlainDateField):
    """A date; `2026-03-18`, `2026/3/18`, `2026年3月18日` are read. A text that is none stays in the field, which then
    is a text field.
    """

    def __call__(self, **attributes: Any) -> Any:
        if self.raw_data and self.data is None and self.raw_data[0]:
            attributes["type"] = "text"
        return super().__call__(**attributes)

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = None
        text = str(valuelist[0]).strip() if valuelist else ""
        if not text:
            return
        self.data = day_in_text(text)
        if self.data is None:
            raise ValueError(sentence("not_a_date", {"text": shortened(text)}))
        if fault := self._fault_of_day(self.data):
            self.data = None
            raise ValueError(sentence(fault.code, fault.data))

    def _fault_of_day(self, day: date) -> FieldError | None:
        """What is wrong with a day, for what it is used for here."""
        return None if is_document_day(day, today()) else FieldError("day_out_of_range")


def options(choices: Iterable[tuple[object, Any]], empty: str | None = None) -> list[SelectChoice]:
    """What a select offers: values and texts, with an empty one first where `empty` gives its text."""
    first = [] if empty is None else [SelectChoice("", empty)]
    return [*first, *(SelectChoice(str(value), text) for value, text in choices)]


def read_number(text: str, *, places: int, largest: Decimal) -> Decimal:
    """The number somebody typed. Raises ValueError with the sentence for what is none, is too fine or too large."""
    value = number_in(text)
    if value is None and len(text) > LONGEST_NUMBER and re.fullmatch(r"[-+]?[0-9.,]+", text.translate(FULL_WIDTH)):
        raise ValueError(sentence("too_large"))
    if value is None:
        guess = number_in(text.translate(_LOOKALIKES))
        shown = f"{guess:,f}" if guess is not None else None
        raise ValueError(sentence("not_a_number", {"text": shortened(text), "guess": shown}))
    if -int(value.normalize().as_tuple().exponent) > places:
        raise ValueError(sentence("too_many_decimals", {"places": places}))
    if abs(value) > largest:
        raise ValueError(sentence("too_large"))
    return value


def fault_of(text: str, longest: int | None) -> FieldError | None:
    """What is wrong with a text whatever it says: it cannot be read, or is longer than it may be."""
    if UNREADABLE in text:
        return FieldError("unreadable_character")
    if longest is not None and len(text.strip()) > longest:
        return FieldError("too_long", {"limit": longest})
    return None


def text_fault(text: str, longest: int | None) -> str:
    """The same as a sentence; empty where nothing is wrong."""
    fault = fault_of(text, longest)
    return sentence(fault.code, fault.data) if fault else ""


def shortened(text: str) -> str:
    """What was typed, as a sentence quotes it."""
    return text if len(text) <= LONGEST_NUMBER else text[:LONGEST_NUMBER] + "…"


def parse_number(text: str) -> Decimal | None:
    """Read a number as people write it; None when it is none, or beyond any figure of ours. Grouping commas must stand
    at threes."""
    value = number_in(text)
    return value if value is not None and abs(value) <= LARGEST_AMOUNT else None
