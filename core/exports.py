"""That rows left the house: an export is on record before its file is handed out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.audit import record
from core.needs import needs
from core.plan import Plan


@needs("exports.create")
def record_export(plan: Plan, name: str, *, rows: int, file_format: str, filters: Mapping[str, str]) -> dict[str, Any]:
    """Notes who took which list, how many rows of it, by which filters and in which format."""
    changes = {"rows": rows, "format": file_format, "filters": dict(filters)}
    record(plan, "list.exported", "list", 0, label=name, changes=changes)
    return {"list": name, "rows": rows}
