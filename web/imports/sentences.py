"""Refusals of imports and reasons of rows, in words; states and choices as pages call them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from core.imports.kinds import KINDS, Kind
from web.effects import EffectLine, effect_for
from web.history.records import type_name
from web.i18n import language
from web.sentences import sentence, sentence_for

# Tone, words and icon of each state.
STATES: Final = {
    "mapping": ("mute", _l("Columns to confirm"), "pen"),
    "checking": ("info", _l("Being checked"), ""),
    "checked": ("warn", _l("Waits for you"), "seen"),
    "running": ("info", _l("Being brought in"), ""),
    "stopped": ("bad", _l("Stopped"), "stop"),
    "done": ("ok", _l("Done"), "ok"),
    "undoing": ("info", _l("Being undone"), ""),
    "undone": ("mute", _l("Undone"), "swap"),
}
PAUSED: Final = ("warn", _l("Paused"), "clock")
ROW_STATES: Final = {
    "new": _l("Not looked at yet"),
    "ready": _l("Fits"),
    "bad": _l("Refused"),
    "asks": _l("Waits for your decision"),
    "done": _l("Done"),
    "skipped": _l("Left out"),
    "undone": _l("Undone"),
    "kept": _l("Kept"),
}
ACTIONS: Final = {"create": _l("New"), "update": _l("Update"), "skip": _l("Leave out"), "ask": _l("Ask me")}
DONE: Final = {
    "create": _l("Created"),
    "update": _l("Updated"),
    "skip": _l("Left out"),
    "ask": _l("Waits for your decision"),
}
EXISTING: Final = {
    "skip": (_l("Leave the row out"), _l("The record stays as it is.")),
    "update": (_l("Update the record"), _l("Filled cells replace what is there; empty cells change nothing.")),
    "ask": (_l("Ask me row by row"), _l("You decide each one before or after the rest is done.")),
    "create": (_l("Refuse the row"), _l("Only new records come in; the row is named with its reason.")),
}
UNITS: Final = {
    "percent": {"": _l("10 means 10 %"), "fraction": _l("0.1 means 10 %")},
    "rate": {"": _l("13 means 13 %"), "fraction": _l("0.13 means 13 %")},
    "day": {"": _l("3/4/2026 is 3 April"), "month_first": _l("3/4/2026 is 4 March")},
}
# How many reasons of a row are said in full.
MOST_REASONS: Final = 4


def kind_of(name: str) -> Kind:
    """The kind of an import; those there are were checked when it was made."""
    return KINDS[name]


def kind_title(name: str) -> str:
    """What the records of a kind are called, in the reader's language."""
    return KINDS[name].title(language()) if name in KINDS else name


def field_label(kind: Kind, name: str | None) -> str:
    """What a field is called; nothing where it is none of the kind's."""
    found = kind.field(name) if name else None
    return found.label(language()) if found else ""


def row_state(row: Any) -> str:
    """What is to become, or became, of a row."""
    if row.state == "asks" and row.choice:
        return _("Decided: %(what)s", what=ACTIONS[row.choice])
    if row.state == "ready":
        return str(ACTIONS[row.action])
    return str(DONE[row.action] if row.state == "done" else ROW_STATES[row.state])


def reason_text(kind: Kind, reason: Mapping[str, Any]) -> str:
    """A reason as a sentence, behind the field it is about."""
    label, text = field_label(kind, reason.get("field")), sentence(reason["code"], reason.get("data") or {})
    return _("%(field)s: %(text)s", field=label, text=text) if label else text


def reasons_text(kind: Kind, reasons: list[dict[str, Any]] | None) -> str:
    """All reasons of a row, one behind the other."""
    return " ".join(reason_text(kind, reason) for reason in (reasons or [])[:MOST_REASONS])


@sentence_for("import_files")
def _files(data: Mapping[str, Any]) -> str:
    return _("Choose one file, or two that belong together.")


@sentence_for("import_unrelated")
def _unrelated(data: Mapping[str, Any]) -> str:
    return _("The two files have no column in common whose values are unique in one of them. Hand them in one by one.")


@sentence_for("import_state")
def _state(data: Mapping[str, Any]) -> str:
    state = STATES.get(data["state"])
    return _("This cannot be done now; the import stands at: %(state)s.", state=state[1] if state else data["state"])


@sentence_for("import_head_row")
def _head_row(data: Mapping[str, Any]) -> str:
    return _("The line of the heads must lie between 1 and %(most)s.", most=data["most"])


@sentence_for("import_column_needed")
def _column_needed(data: Mapping[str, Any]) -> str:
    return _("Say which column holds this; without it no row can come in.")


@sentence_for("import_field_forbidden")
def _field_forbidden(data: Mapping[str, Any]) -> str:
    return _("Your role does not set this. Leave the column out.")


@sentence_for("import_contact_needs")
def _contact_needs(data: Mapping[str, Any]) -> str:
    label = data["label_zh"] if language() == "zh" else data["label"]
    return _(
        "A contact needs “%(field)s” too. Leave it out here, and bring contacts in by their own file.", field=label
    )


@sentence_for("import_column_twice")
def _column_twice(data: Mapping[str, Any]) -> str:
    return _("Two columns are given for this. Choose one.")


@sentence_for("import_nothing_to_do")
def _nothing_to_do(data: Mapping[str, Any]) -> str:
    return _("No row is ready to come in. Mend the rows that were refused, or decide those that ask.")


@sentence_for("import_not_stopped")
def _not_stopped(data: Mapping[str, Any]) -> str:
    return _("It is on its way; there is nothing to go on with.")


@sentence_for("import_nothing_to_undo")
def _nothing_to_undo(data: Mapping[str, Any]) -> str:
    return _("This import made and changed nothing.")


@sentence_for("import_built_upon")
def _built_upon(data: Mapping[str, Any]) -> str:
    return ngettext(
        "The import cannot be undone: something was built on %(num)s of its records since.",
        "The import cannot be undone: something was built on %(num)s of its records since.",
        data["count"],
    )


@sentence_for("import_built_on")
def _built_on(data: Mapping[str, Any]) -> str:
    return built_text(data["what"], data["count"])


def built_text(what: str, count: int) -> str:
    """What stands on a record, in words."""
    if what == "changed":
        return _("It was changed since.")
    if what == "custom_reference":
        return ngettext("%(num)s other record names it.", "%(num)s other records name it.", count)
    return _("There stands on it: %(what)s (%(count)s).", what=type_name(what), count=count)


@sentence_for("import_starter_left")
def _starter_left(data: Mapping[str, Any]) -> str:
    return _("Who began this import is not here any more.")


@sentence_for("import_starter_may_not")
def _starter_may_not(data: Mapping[str, Any]) -> str:
    return _("%(name)s may not write such records any more.", name=data["name"])


@sentence_for("import_not_found")
def _not_found(data: Mapping[str, Any]) -> str:
    return _("“%(text)s” was not found. Bring it in first, or mend the spelling.", text=data["text"])


@sentence_for("import_ambiguous")
def _ambiguous(data: Mapping[str, Any]) -> str:
    return _("“%(text)s” fits several records. Give a code or a number instead.", text=data["text"])


@sentence_for("import_unknown_choice")
def _unknown_choice(data: Mapping[str, Any]) -> str:
    names = _("; ").join(choice[0 if language() == "zh" else 1] for choice in data["choices"])
    return _("“%(text)s” is none of: %(names)s.", text=data["text"], names=names)


@sentence_for("not_yes_or_no")
def _not_yes_or_no(data: Mapping[str, Any]) -> str:
    return _("“%(text)s” is neither yes nor no.", text=data["text"])


@sentence_for("import_exists")
def _exists(data: Mapping[str, Any]) -> str:
    return _("%(label)s is there already.", label=data["label"])


@sentence_for("import_same_in_file")
def _same_in_file(data: Mapping[str, Any]) -> str:
    return _("This is the same record as line %(line)s.", line=data["line"])


@sentence_for("import_covered")
def _covered(data: Mapping[str, Any]) -> str:
    return _("Refused, for a reason that would tell what you do not see.")


@sentence_for("day_in_future")
def _day_in_future(data: Mapping[str, Any]) -> str:
    return _("This day has not come yet.")


@sentence_for("import_no_level")
def _no_level(data: Mapping[str, Any]) -> str:
    return _("This product holds no stock, or there is no such warehouse.")


@sentence_for("import_day_left_out")
def _day_left_out(data: Mapping[str, Any]) -> str:
    return _("%(day)s lies outside what documents carry, and is left out.", day=data["day"])


@sentence_for("import_other_row")
def _other_row(data: Mapping[str, Any]) -> str:
    return _("It belongs to one record with line %(line)s, which was refused.", line=data["line"])


@effect_for("import_taken_back")
def _taken_back(data: Mapping[str, Any]) -> EffectLine:
    text = (
        _("Reverse by opposite entries of today: %(kind)s")
        if data["reversed"]
        else _("Delete what the import created: %(kind)s")
    )
    return EffectLine("x", text % {"kind": kind_title(data["records"])}, str(data["count"]), tone="bad")


@effect_for("import_restored")
def _restored(data: Mapping[str, Any]) -> EffectLine:
    text = _("Put back as they were before: %(kind)s", kind=kind_title(data["records"]))
    return EffectLine("swap", text, str(data["count"]))
