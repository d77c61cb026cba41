"""Taking an import back: what was built on its records, and undoing one batch of rows.

Whatever refers to a record by a foreign key, or by its type and id, was built on it, but for the parts that came with
it. The tables are read from the models, so that a new one counts without being named here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Table

from core.custom_fields.references import TARGETS
from core.database import Base
from core.encoding import dump_json
from core.errors import DomainError, FieldError
from core.imports.facts import RowFact
from core.imports.kinds import Kind, Row, Unit
from core.imports.models import Action, RowState
from core.models_registry import import_all_models
from core.plan import Plan
from core.statements import Statement, statement

# What only tells of records, and is no part of the business; that somebody follows one goes with it.
_TRACE = frozenset(("audit_row", "audit_seal", "notice", "follower"))


class BuiltFact(NamedTuple):
    """How many (`number`) rows of a table (`what`) stand on a record; `changed` is about the record itself."""

    record_id: int
    label: str
    what: str
    number: int


STATES = statement(
    "imports.write_states",
    """
    UPDATE import_row AS row SET state = told.state, reasons = told.reasons::jsonb
      FROM unnest(%(positions)s::bigint[], %(states)s::text[], %(reasons)s::text[]) AS told (position, state, reasons)
     WHERE row.batch_id = %(batch_id)s::bigint AND row.position = told.position
    """,
    tables="import_row",
    scope="system",
)
FORGET_FOLLOWERS = statement(
    "imports.forget_followers",
    """
    DELETE FROM follower WHERE (record_type = %(record_type)s AND record_id = ANY (%(record_ids)s::bigint[]))
        OR customer_id = ANY (%(record_ids)s::bigint[])
    """,
    tables="follower",
    scope="by_root",
)


@cache
def built_statement(kind: Kind) -> Statement:
    """The statement that answers what stands on records of a kind. Raises ValueError for a kind without a table."""
    import_all_models()
    table = Base.metadata.tables[kind.table]
    parts = [_references(table, kind), _company_references(table, kind), _changes(table, kind)]
    text = " UNION ALL ".join(part for part in parts if part)
    tables = {table.name, *(name for name, _ in _referring(table))}
    if parts[1]:
        tables |= {"custom_reference", "custom_field"}
    return statement(
        f"imports.built_on_{kind.name}", text, tables=" ".join(sorted(tables)), scope="by_root", fact=BuiltFact
    )


def _referring(table: Table) -> Iterable[tuple[str, str]]:
    """Each table with the column that refers to a record of `table`, or that may by its type and id."""
    for other in Base.metadata.sorted_tables:
        for column in other.columns if other.name not in _TRACE else ():
            if any(key.column.table is table and key.column.primary_key for key in column.foreign_keys):
                yield other.name, column.name
        if {"record_type", "record_id"} <= set(other.columns.keys()) and other.name not in _TRACE:
            yield other.name, "record_id"


def _references(table: Table, kind: Kind) -> str:
    label = f"record.{kind.label}::text"
    found = []
    for name, column in _referring(table):
        own = kind.own_parts.get(name) == column
        if own and name not in kind.listed_parts:
            continue
        typed = f" AND part.record_type = '{kind.record_type}'" if column == "record_id" else ""
        mine = " AND NOT part.id = ANY (%(own_ids)s::bigint[])" if own else ""
        found.append(
            f"SELECT record.id, {label}, '{name}', count(*) FROM {name} AS part "  # noqa: S608 (names of our models)
            f"JOIN {table.name} AS record ON record.id = part.{column} "
            f"WHERE part.{column} = ANY (%(ids)s::bigint[]){typed}{mine} GROUP BY record.id"
        )
    return " UNION ALL ".join(found)


def _company_references(table: Table, kind: Kind) -> str:
    """What other records say of it in fields that the company added: no foreign key tells of that."""
    if table.name not in TARGETS:
        return ""
    return (
        f"SELECT record.id, record.{kind.label}::text, 'custom_reference', count(*) FROM custom_field AS field "  # noqa: S608 (names of our models)
        f"JOIN custom_reference AS part ON part.field_id = field.id AND field.target = '{table.name}' "
        f"JOIN {table.name} AS record ON record.id = part.reference_id "
        "WHERE part.reference_id = ANY (%(ids)s::bigint[]) AND NOT part.record_id = ANY (%(ids)s::bigint[]) "
        "GROUP BY record.id"
    )


def _changes(table: Table, kind: Kind) -> str:
    if "version" not in table.c:
        return ""
    return (
        f"SELECT record.id, record.{kind.label}::text, 'changed', 1 FROM {table.name} AS record "  # noqa: S608
        "JOIN unnest(%(all_ids)s::bigint[], %(versions)s::bigint[]) AS told (id, version) ON told.id = record.id "
        "WHERE record.version <> told.version"
    )


def built_on(plan: Plan, kind: Kind, rows: Sequence[Any]) -> list[BuiltFact]:
    """What was built on the records of `rows` since, by record: on created ones whatever refers to them, on all of them
    a later change. `rows` have record_id, action, version and before."""
    if kind.built_on is not None:
        return kind.built_on(plan, rows)
    created = [row for row in rows if row.action == Action.CREATE]
    own = [part for row in created for ids in (row.before or {}).get("parts", {}).values() for part in ids]
    wanted = built_statement(kind)
    given: dict[str, Any] = {
        "ids": [row.record_id for row in created],
        "own_ids": own,
        "all_ids": [row.record_id for row in rows if row.version is not None],
        "versions": [row.version for row in rows if row.version is not None],
    }
    [found] = plan.fetch(wanted(**{name: given[name] for name in wanted.parameter_names}))
    return list(found)


def undo_units(plan: Plan, kind: Kind, batch_id: int, rows: Sequence[RowFact]) -> int:
    """Undoes the rows given, last first; returns how many had to be kept, each with its reason."""
    heads = [row for row in rows if row.position == row.unit and row.record_id is not None]
    built: dict[int, BuiltFact] = {}
    for stands in built_on(plan, kind, heads):
        built.setdefault(stands.record_id, stands)
    free = [row for row in heads if row.record_id not in built]
    refused = _take_back(plan, kind, free)
    told: dict[str, list[Any]] = {"positions": [], "states": [], "reasons": []}
    kept = 0
    for row in rows:
        fact = built.get(row.record_id or 0)
        fault = refused.get(row.record_id or 0) or (
            FieldError("import_built_on", {"what": fact.what, "count": fact.number}) if fact else None
        )
        told["positions"].append(row.position)
        told["states"].append(RowState.KEPT if fault else RowState.UNDONE)
        told["reasons"].append(
            dump_json([{"field": None, "code": fault.code, "data": dict(fault.data)}]) if fault else None
        )
        kept += fault is not None
    plan.fetch(STATES(batch_id=batch_id, **told))
    return kept


def _take_back(plan: Plan, kind: Kind, rows: Sequence[RowFact]) -> Mapping[int, FieldError]:
    """Restores what was updated and removes what was created; answers what was refused, by record."""
    refused: dict[int, FieldError] = {}
    for row in rows:
        if row.action == Action.UPDATE and kind.restore is not None and row.record_id is not None:
            try:
                with plan.attempt():
                    kind.restore(plan, row.record_id, row.before or {}, row.version or 0)
            except DomainError as error:
                refused[row.record_id] = FieldError(error.code, error.data)
    created = [row for row in rows if row.action == Action.CREATE]
    if not created:
        return refused
    if kind.take_back is not None:
        units = [_unit(row) for row in created]
        kind.take_back(plan, units)
        return refused | {unit.record_id or 0: unit.refusal for unit in units if unit.refusal is not None}
    if kind.remove is not None:
        ids = [row.record_id for row in created if row.record_id is not None]
        plan.fetch(FORGET_FOLLOWERS(record_type=kind.record_type, record_ids=ids))
        kind.remove(plan, ids)
        plan.send_writes()
    return refused


def _unit(row: RowFact) -> Unit:
    return Unit([Row(row.position, row.line, row.cells)], data=row.data, record_id=row.record_id, before=row.before)
