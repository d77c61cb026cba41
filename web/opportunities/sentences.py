"""What the pipeline refuses, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from web.sentences import sentence_for

FIELDS = {"budget": _l("the budget"), "schedule": _l("the schedule"), "quotation": _l("a quotation")}


def missing_text(missing: Iterable[Mapping[str, Any]]) -> str:
    """What is missing, named once each: “the budget, the schedule”."""
    names = dict.fromkeys(str(entry["field"]) for entry in missing)
    return _("Missing: %(fields)s", fields=_(", ").join(str(FIELDS.get(name, name)) for name in names))


@sentence_for("exit_criteria")
def _exit_criteria(data: Mapping[str, Any]) -> str:
    names = dict.fromkeys(str(entry["field"]) for entry in data["missing"])
    fields = _(", ").join(str(FIELDS.get(name, name)) for name in names)
    return _(
        "%(number)s was not moved: %(fields)s still missing for the stages in between. Fill that in, then move it.",
        number=data["number"],
        fields=fields,
    )


@sentence_for("opportunity_ordered")
def _opportunity_ordered(data: Mapping[str, Any]) -> str:
    return _(
        "%(number)s stays as it is: order %(order)s came of it and is not cancelled. Cancel the order first, then move "
        "it.",
        number=data["number"],
        order=data["order"],
    )
