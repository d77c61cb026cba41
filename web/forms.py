"""Form base and the fields that numbers, prices and days need.

Forms only parse. Whether a value is allowed is decided by the command; here it is only asked whether it can be read
at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from flask_babel import gettext, ngettext
from flask_wtf import FlaskForm
from wtforms import DateField as PlainDateField
from wtforms import Field
from wtforms import Form as PlainForm
from wtforms.fields.choices import SelectChoice
from wtforms.fields.core import UnboundField
from wtforms.validators import ValidationError
from wtforms.widgets import TextInput

from web.filters import plain, plain_money, plain_price
from web.sentences import sentence

__all__ = [
    "AmountField",
    "DayField",
    "Form",
    "LineForm",
    "PercentField",
    "PriceField",
    "QuantityField",
    "Required",
    "UnboundField",
]

# Look-alikes people type or paste into numbers.
_LOOKALIKES = str.maketrans(
    {"o": "0", "O": "0", "l": "1", "I": "1", "S": "5", "B": "8", "，": ",", "。": ".", "．": ".", "－": "-", "−": "-"}
)
_FULL_WIDTH = str.maketrans("０１２３４５６７８９．，－", "0123456789.,-")


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
    """Base of all page forms: CSRF, and messages in the language of the request."""

    class Meta(_Meta, FlaskForm.Meta):
        pass

    def id_in(self, name: str) -> int | None:
        """The id that stands in a field, chosen from a list or hidden; None where nothing is chosen."""
        return id_from(self[name].data)


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

    An unreadable text stays in the field, and the message guesses what was meant.
    """

    widget = TextInput()
    places = 2

    def __init__(
        self, label: Any = None, validators: Sequence[Callable[..., Any]] | None = None, **options: Any
    ) -> None:
        self.places = options.pop("places", self.places)
        options.setdefault("render_kw", {}).setdefault("inputmode", "decimal")
        super().__init__(label, validators, **options)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return self._written(self.data)

    def _written(self, value: Decimal | None) -> str:
        """How a value that nobody typed is proposed."""
        return plain_money(value, self.places)

    def process_formdata(self, valuelist: list[Any]) -> None:
        self.data = None
        text = str(valuelist[0]).strip() if valuelist else ""
        if text:
            self.data = self._parse(text)

    def _parse(self, text: str) -> Decimal:
        value = parse_number(text)
        if value is None:
            guess = parse_number(text.translate(_LOOKALIKES))
            raise ValueError(
                sentence("not_a_number", {"text": text, "guess": f"{guess:,f}" if guess is not None else None})
            )
        if -int(value.normalize().as_tuple().exponent) > self.places:
            raise ValueError(sentence("too_many_decimals", {"places": self.places}))
        if abs(value) >= Decimal(10) ** 14:
            raise ValueError(sentence("too_large"))
        return value


class PriceField(AmountField):
    """A unit price, up to four decimals."""

    places = 4

    def _written(self, value: Decimal | None) -> str:
        return plain_price(value)


class QuantityField(AmountField):
    """A quantity, up to three decimals."""

    places = 3

    def _written(self, value: Decimal | None) -> str:
        return plain(value)


class PercentField(AmountField):
    """A percentage as typed, `10` for 10 %."""

    places = 2

    def _written(self, value: Decimal | None) -> str:
        return plain(value)

    def process_formdata(self, valuelist: list[Any]) -> None:
        super().process_formdata([str(value).rstrip("%％ ") for value in valuelist])


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
        match = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", text.translate(_FULL_WIDTH))
        try:
            self.data = date(*map(int, match.groups())) if match else None
        except ValueError:
            self.data = None
        if self.data is None:
            raise ValueError(sentence("not_a_date", {"text": text}))


def id_from(text: str | None) -> int | None:
    """The id a field of a form carries; anything else is none."""
    return int(text) if text and text.isdecimal() else None


def options(choices: Iterable[tuple[object, Any]], empty: str | None = None) -> list[SelectChoice]:
    """What a select offers: values and texts, with an empty one first where `empty` gives its text."""
    first = [] if empty is None else [SelectChoice("", empty)]
    return [*first, *(SelectChoice(str(value), text) for value, text in choices)]


def parse_number(text: str) -> Decimal | None:
    """Read a number as people write it; None when it is none. Grouping commas must stand at threes."""
    cleaned = text.translate(_FULL_WIDTH).replace("−", "-").replace("\u00a0", "").replace(" ", "").lstrip("¥￥$€")
    if not re.fullmatch(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?", cleaned) or not re.search(r"\d", cleaned):
        return None
    try:
        return Decimal(cleaned.replace(",", ""))
    except InvalidOperation:
        return None
