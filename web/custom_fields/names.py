"""What types of records, kinds of fields, targets and masks are called; and the sentences of custom fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from web.effects import EffectLine, effect_for
from web.filters import day, plain
from web.i18n import language
from web.sentences import sentence_for

OF_RECORD: Final = {
    "customer": _l("Customers"),
    "contact": _l("Contacts"),
    "opportunity": _l("Opportunities"),
    "product": _l("Products"),
    "supplier": _l("Suppliers"),
}
KINDS: Final = {
    "text": _l("Text"),
    "number": _l("Figure"),
    "money": _l("Amount"),
    "date": _l("Date"),
    "choice": _l("One choice"),
    "choices": _l("Several choices"),
    "reference": _l("Link to a record"),
    "yes_no": _l("Yes or no"),
}
TARGET_NAMES: Final = {
    "customer": _l("Customer"),
    "contact": _l("Contact"),
    "product": _l("Product"),
    "supplier": _l("Supplier"),
    "app_user": _l("User"),
}
MASK_NAMES: Final = {
    "": _l("Everybody who sees the record"),
    "phones": _l("Who sees telephone numbers"),
    "emails": _l("Who sees e-mail addresses"),
    "costs": _l("Who sees costs"),
    "margins": _l("Who sees margins"),
    "bank_details": _l("Who sees bank accounts"),
}


def _name(data: Mapping[str, Any]) -> str:
    return str(data["label_zh"] if language() == "zh" else data["label"])


@effect_for("custom_field_archived")
def _archived(data: Mapping[str, Any]) -> EffectLine:
    text = _("Hide “%(name)s” in forms, record pages, lists, exports, imports and the API", name=_name(data))
    return EffectLine("eye", text, tone="warn")


@effect_for("custom_field_restored")
def _restored(data: Mapping[str, Any]) -> EffectLine:
    return EffectLine("eye", _("Show “%(name)s” again wherever its records are", name=_name(data)), tone="ok")


@effect_for("custom_values_kept")
def _kept(data: Mapping[str, Any]) -> EffectLine:
    text = _("Keep what stands in it; records with a value:")
    return EffectLine("box", text, str(data["records"]))


@sentence_for("day_beyond")
def _day_beyond(data: Mapping[str, Any]) -> str:
    first, last = day(data["first"], year=True), day(data["last"], year=True)
    return _("A day between %(first)s and %(last)s fits here.", first=first, last=last)


@sentence_for("beyond_bounds")
def _beyond_bounds(data: Mapping[str, Any]) -> str:
    smallest, largest = data.get("smallest"), data.get("largest")
    if largest is None:
        return _("At least %(smallest)s fits here.", smallest=plain(smallest))
    if smallest is None:
        return _("At most %(largest)s fits here.", largest=plain(largest))
    return _("From %(smallest)s to %(largest)s fits here.", smallest=plain(smallest), largest=plain(largest))


@sentence_for("reference_unknown")
def _reference_unknown(data: Mapping[str, Any]) -> str:
    return _("There is no such record. Type its code or name.")


@sentence_for("several_references")
def _several_references(data: Mapping[str, Any]) -> str:
    return _("Several fit: %(found)s. Type more, or the code.", found=_("; ").join(data["found"][:6]))


@sentence_for("too_many_fields")
def _too_many_fields(data: Mapping[str, Any]) -> str:
    return _(
        "There are %(limit)s fields of these records already, archived ones among them, and there can be no more. "
        "Bring an archived one back and rename it.",
        limit=data["limit"],
    )


@sentence_for("duplicate_field_key")
def _duplicate_field_key(data: Mapping[str, Any]) -> str:
    return _("There is a field with this key already, perhaps an archived one. Choose a different key.")


@sentence_for("not_a_key")
def _not_a_key(data: Mapping[str, Any]) -> str:
    return _("A key is made of small letters, digits and underscores and begins with a letter: contract_end.")


@sentence_for("reserved_key")
def _reserved_key(data: Mapping[str, Any]) -> str:
    return _("This key means something else in the API. Choose a different one.")


@sentence_for("not_a_code")
def _not_a_code(data: Mapping[str, Any]) -> str:
    return _("A code is made of small letters, digits and underscores: key_account.")


@sentence_for("fixed_once_made")
def _fixed_once_made(data: Mapping[str, Any]) -> str:
    return _("This cannot change any more. Archive the field and add a new one.")


@sentence_for("below_smallest")
def _below_smallest(data: Mapping[str, Any]) -> str:
    return _("This is less than the smallest number that fits.")
