"""JSON as the product writes it: amounts as decimal strings, dates in ISO 8601, keys as they are."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any

from core.masks import Masked


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, frozenset | set):
        return sorted(value)
    if isinstance(value, Masked):
        return None
    moment = getattr(value, "moment", None)
    if moment is not None:
        return moment.isoformat()
    return str(value)


_ENCODE = json.JSONEncoder(default=_plain, ensure_ascii=False, separators=(",", ":")).encode


def dump_json(value: Any) -> str:
    """`value` as JSON text."""
    return _ENCODE(value)


def load_json(text: str | bytes) -> Any:
    return json.loads(text)
