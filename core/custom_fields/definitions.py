"""What custom fields there are, kept per process: read again as soon as the look-up of the session says they changed.

The company's row counts the changes of the definitions (`custom_fields_version`); the number comes with each look-up of
a session or token and is set by the entry point (`defining`). A company without custom fields has 0 and costs nothing;
any other version is read once per process. Where nobody has set a version (worker, command line) they are read anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from core import database as db
from core import masks
from core.custom_fields.models import FieldKind
from core.plan import Plan
from core.queries.reading import read
from core.statements import statement

PREFIX = "custom."
"""Stands before a field's key where custom fields stand among others: columns of lists, changes in the audit trail."""
SINGLE, SEVERAL = FieldKind.CHOICE, FieldKind.CHOICES
NUMERIC = frozenset({FieldKind.NUMBER, FieldKind.MONEY})


class Choice(NamedTuple):
    """One of what a field offers."""

    id: int
    code: str
    label: str
    label_zh: str
    is_active: bool

    def name(self, language: str) -> str:
        return self.label_zh if language == "zh" else self.label


class Field(NamedTuple):
    """A custom field as it is defined; see `core.custom_fields.models.CustomField`."""

    id: int
    record_type: str
    key: str
    label: str
    label_zh: str
    kind: str
    target: str | None
    mask: str | None
    help: str | None
    help_zh: str | None
    is_required: bool
    preset: Any
    smallest: Decimal | None
    largest: Decimal | None
    places: int | None
    longest: int | None
    position: int
    is_active: bool
    version: int
    choices: Sequence[Choice]

    def name(self, language: str) -> str:
        """What it is called in `zh` or English."""
        return self.label_zh if language == "zh" else self.label

    def hint(self, language: str) -> str:
        """What helps to fill it in; empty where nobody has written anything."""
        return (self.help_zh if language == "zh" else self.help) or self.help or self.help_zh or ""

    @property
    def column(self) -> str:
        """Its name among the columns of its record."""
        return PREFIX + self.key

    @property
    def told(self) -> str:
        """Its name in the audit trail; what is an id there says so."""
        return f"{self.column}_id" if self.kind == FieldKind.REFERENCE else self.column

    @property
    def is_seen(self) -> bool:
        """Whether the person of this call sees its values in the clear."""
        return self.mask is None or masks.sees(self.mask)

    def choice(self, code: object) -> Choice | None:
        return next((choice for choice in self.choices if choice.code == code), None)

    def choice_of(self, identity: int | None) -> Choice | None:
        return next((choice for choice in self.choices if choice.id == identity), None)


DEFINITIONS = statement(
    "custom_fields.definitions",
    """
    SELECT company.custom_fields_version, field.id, field.record_type, field.key, field.label, field.label_zh,
           field.kind, field.target, field.mask, field.help, field.help_zh, field.is_required, field.preset,
           field.smallest, field.largest, field.places, field.longest, field.position, field.is_active, field.version,
           coalesce((SELECT json_agg(json_build_array(choice.id, choice.code, choice.label, choice.label_zh,
                                                      choice.is_active) ORDER BY choice.position, choice.id)
                       FROM custom_choice AS choice WHERE choice.field_id = field.id), '[]')
      FROM company LEFT JOIN custom_field AS field ON true
     ORDER BY field.record_type, field.is_active DESC, field.position, field.id
    """,
    tables="company custom_field custom_choice",
    scope="system",
)


@dataclass(frozen=True)
class Definitions:
    """All fields of a company as of a version; `named` holds those of a type by key, archived ones last."""

    version: int
    named: Mapping[str, Mapping[str, Field]]

    def of(self, record_type: str) -> list[Field]:
        """The fields of a type that are in use, in their order."""
        return [field for field in self.named.get(record_type, {}).values() if field.is_active]

    def all_of(self, record_type: str) -> list[Field]:
        """Those too that are archived, behind the others."""
        return list(self.named.get(record_type, {}).values())

    def find(self, record_type: str, key: str) -> Field | None:
        """A field by its key, or its name among columns; archived ones too."""
        return self.named.get(record_type, {}).get(key.removeprefix(PREFIX))

    def by_id(self, field_id: int) -> Field | None:
        return next((field for field in self if field.id == field_id), None)

    def __iter__(self) -> Iterator[Field]:
        for fields in self.named.values():
            yield from fields.values()


NONE = Definitions(0, {})
_version: ContextVar[int | None] = ContextVar("custom_fields_version", default=None)
_kept: WeakKeyDictionary[db.Database, Definitions] = WeakKeyDictionary()


def begin_defining(version: int | None) -> Token[int | None]:
    """Definitions are of this version until `end_defining`."""
    return _version.set(version)


def end_defining(token: Token[int | None]) -> None:
    _version.reset(token)


@contextmanager
def defining(version: int | None) -> Iterator[None]:
    """Definitions are of this version in this block."""
    token = begin_defining(version)
    try:
        yield
    finally:
        end_defining(token)


@contextmanager
def defined_once() -> Iterator[None]:
    """Reads the definitions once for this block, in a job of many commands, say."""
    with defining(definitions().version):
        yield


def definitions() -> Definitions:
    """The fields of the company, as of the look-up of this call. One statement where this process has none of that
    version yet."""
    return _known() or _keep(read(DEFINITIONS())[0])


def definitions_in(plan: Plan) -> Definitions:
    """The same within a command, read in its transaction where they have to be read."""
    return _known() or _keep(plan.fetch(DEFINITIONS())[0])


def fields_of(record_type: str) -> list[Field]:
    """The fields of a type of records that are in use, in their order."""
    return definitions().of(record_type)


def _known() -> Definitions | None:
    version = _version.get()
    if version == 0:
        return NONE
    kept = _kept.get(db.current())
    return kept if kept is not None and version is not None and kept.version >= version else None


def _keep(rows: Iterable[Sequence[Any]]) -> Definitions:
    """The definitions of these rows. Those of an older version than is kept are not kept in its place."""
    version, named = 0, dict[str, dict[str, Field]]()
    for row in rows:
        version, identity, *values, choices = row
        if identity is not None:
            field = Field._make((identity, *values, [Choice(*choice) for choice in choices]))
            named.setdefault(field.record_type, {})[field.key] = field
    found, database = Definitions(version, named), db.current()
    kept = _kept.get(database)
    if kept is None or kept.version <= version:
        _kept[database] = found
    return found


def mask_names(record_type: str) -> dict[str, str]:
    """Kinds of masks by the names that masked fields have in the audit trail."""
    return {field.told: field.mask for field in definitions().all_of(record_type) if field.mask is not None}
