"""What an export is refused for, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from web.sentences import sentence_for


@sentence_for("export_too_large")
def _export_too_large(data: Mapping[str, Any]) -> str:
    return _(
        "Nothing was exported: the list has more than %(largest)s rows. Narrow it by its filters and export the parts.",
        largest=data["largest"],
    )
