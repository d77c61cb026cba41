"""What quotations are refused for, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from web.filters import day
from web.sentences import sentence_for

STATES = {"draft": _l("Draft"), "sent": _l("Sent"), "ordered": _l("Ordered"), "declined": _l("Declined")}
STATE_TONES = {"draft": "mute", "sent": "info", "ordered": "ok", "declined": "bad"}


@sentence_for("quotation_state")
def _quotation_state(data: Mapping[str, Any]) -> str:
    return _(
        "Not done: %(number)s is “%(state)s” and stands as it is. Write a new quotation instead.",
        number=data["number"],
        state=STATES.get(str(data["state"]), data["state"]),
    )


@sentence_for("quotation_expired")
def _quotation_expired(data: Mapping[str, Any]) -> str:
    value = data["valid_until"]
    on = value if isinstance(value, date) else date.fromisoformat(value)
    return _(
        "Not ordered: %(number)s was valid until %(day)s. Edit it and give it a new last day first.",
        number=data["number"],
        day=day(on, year=True),
    )
