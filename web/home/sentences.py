"""What arranging the home page is refused for, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from web.sentences import sentence_for


@sentence_for("home_changed")
def _home_changed(data: Mapping[str, Any]) -> str:
    return _(
        "The home page was arranged elsewhere meanwhile, so nothing was saved. Your choice stands below; save it again "
        "to put it in place of the other."
    )


@sentence_for("too_many_cards")
def _too_many_cards(data: Mapping[str, Any]) -> str:
    return _("More than %(most)s cards do not fit on a home page. Take some off first.", most=data["most"])


@sentence_for("card_unknown")
def _card_unknown(data: Mapping[str, Any]) -> str:
    return _("There is no card called %(name)s. Open the page again and choose from what it shows.", name=data["name"])
