"""What a violated constraint means: the database's last word, said in the domain's terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg

from core.errors import DomainError, FieldError

_MEANINGS: dict[str, tuple[str, str | None, dict[str, Any]]] = {}


def means(constraint: str, code: str, *, field: str | None = None, **data: Any) -> None:
    """Declares the refusal that a violation of a named constraint stands for."""
    _MEANINGS[constraint] = (code, field, data)


def meanings() -> Mapping[str, tuple[str, str | None, dict[str, Any]]]:
    """What has been declared: code, field and data by the constraint's name."""
    return _MEANINGS


def refusal_of(error: psycopg.IntegrityError) -> DomainError | None:
    """The declared refusal, or None where none was declared (then it is a fault of ours, not the caller's)."""
    meaning = _MEANINGS.get(error.diag.constraint_name or "")
    if meaning is None:
        return None
    code, field, data = meaning
    return DomainError(code, fields={field: FieldError(code, data)} if field else None, **data)
