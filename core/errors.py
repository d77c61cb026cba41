"""Refusals of the domain: a stable code and plain data, turned into sentences at the edge only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Self, TypeVar

from core.clock import is_document_day
from core.money import is_finer

T = TypeVar("T")


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field: a stable code and the data its sentence needs."""

    code: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class KeptTry:
    """What the audit trail says of a try that was refused."""

    action: str
    record_type: str
    record_id: int
    label: str | None
    changes: Mapping[str, Any]


class DomainError(Exception):
    """A refusal that leaves nothing half done.

    `code` is stable and part of the API; `data` is JSON-ready; `fields` maps a field's name (dotted for lines:
    `lines.2.quantity`) to what is wrong with it; `http_status` is what the edge answers.
    """

    http_status = 409
    kept: KeptTry | None = None

    def __init__(
        self,
        code: str,
        *,
        fields: Mapping[str, FieldError] | None = None,
        http_status: int | None = None,
        **data: Any,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.data = data
        self.fields = dict(fields or {})
        if http_status is not None:
            self.http_status = http_status

    def keep(self, action: str, record_type: str, record_id: int, *, label: str | None = None, **changes: Any) -> Self:
        """Has the refused try kept in the audit trail: `core.command.run` writes it once nothing else is left of it."""
        self.kept = KeptTry(action, record_type, record_id, label, changes)
        return self

    def data_of(self, name: str) -> Any:
        """A part of the data, also where it stands under `approval`. None where there is none."""
        return {**self.data, **(self.data.get("approval") or {})}.get(name)

    def __str__(self) -> str:
        details = ", ".join(f"{name}={value!r}" for name, value in self.data.items())
        faults = ", ".join(f"{name}: {error.code}" for name, error in self.fields.items())
        return f"{self.code}({details or faults})"


class InvalidInput(DomainError):
    """Fields that cannot be taken as they are; every faulty field is named at once."""

    http_status = 422

    def __init__(self, fields: Mapping[str, FieldError], **data: Any) -> None:
        super().__init__("invalid_input", fields=fields, **data)


class NotFound(DomainError):
    """No such record, or none that this actor may see: the two answer alike."""

    http_status = 404

    def __init__(self, kind: str, identity: object = None, *, field: str | None = None) -> None:
        """`field` names what it was chosen in, where it was not the record asked for itself."""
        fields = {field: FieldError("not_found")} if field else None
        super().__init__("not_found", fields=fields, kind=kind, id=str(identity) if identity is not None else None)


def existing(rows: Sequence[T], kind: str, identity: object = None) -> T:
    """The row that was asked for by its key. Raises NotFound where there is none."""
    if not rows:
        raise NotFound(kind, identity)
    return rows[0]


class PermissionDenied(DomainError):
    """The actor may not do this; `permission` names what would be needed."""

    http_status = 403

    def __init__(self, permission: str) -> None:
        super().__init__("permission_denied", permission=permission)


class Busy(DomainError):
    """Somebody else held the rows for longer than the lock timeout; the same request may simply be sent again."""

    http_status = 503

    def __init__(self) -> None:
        super().__init__("busy")


class FieldErrors:
    """Collects what is wrong field by field, so that one answer names all of it."""

    def __init__(self) -> None:
        self.found: dict[str, FieldError] = {}

    def add(self, name: str, code: str, **data: Any) -> None:
        self.found.setdefault(name, FieldError(code, data))

    def positive(
        self, name: str, value: Decimal, places: int, *, most: Decimal | None = None, too_much: str = "", **data: Any
    ) -> bool:
        """Whether `value` is above zero, not above `most`, and has no more decimals than are kept.

        What it is not is named: `not_positive`, `too_much` with what is left (and `data`), `too_many_decimals`.
        """
        if value <= 0:
            self.add(name, "not_positive")
        elif most is not None and value > most:
            self.add(name, too_much, left=most, **data)
        elif is_finer(value, places):
            self.add(name, "too_many_decimals", places=places)
        else:
            return True
        return False

    def day(self, name: str, value: date | None, today: date) -> None:
        """Adds `day_out_of_range` for a day that no document carries."""
        if value is not None and not is_document_day(value, today):
            self.add(name, "day_out_of_range")

    def raise_if_any(self) -> None:
        if self.found:
            raise InvalidInput(self.found)
