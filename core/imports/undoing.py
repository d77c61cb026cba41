"""Taking an import back: what was built on its records, and undoing one batch of rows.

Whatever refers to a record by a foreign key, or by its type and id, was built on it, but for the parts that came with
it. The tables are read from the models, so that a new one counts without being named here.

Several rows of a file may have met one record: what the last of them left is compared with what stands there, and they
are put back newest first, so that the oldest "before" is what remains.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import Table

from core.custom_fields.references import TARGETS
from core.database import Base
from core.encoding import dump_json
from core.errors import DomainError, FieldError
from core.imports.facts import SAME_RECORDS, RowFact
from core.imports.kinds import Kind, Row, Unit
from core.imports.models import Action, RowState
from core.models_registry import import_all_models
from core.plan import Plan
from core.statements import Statement, statement

# What only tells of records, and is no part of the business; that somebody follows one goes with it.
_TRACE = frozenset(("audit_row", "audit_seal", "notice", "follower"))
# What a fact is called that is about the record itself.
CHANGED = "changed"
_NEVER = 0  # no record has this version


class BuiltFact(NamedTuple):
    """How many (`number`) rows of a table (`what`) stand on a record; `changed` is about the record itself."""

    record_id: int
    label: str
    what: str
    number: int


STATES = statement(
    "imports.write_states",
    """
    UPDATE import_row AS row
       SET state = told.state, reasons = told.reasons::jsonb, version = coalesce(told.version, row.version)
      FROM unnest(%(positions)s::bigint[], %(states)s::text[], %(reasons)s::text[], %(versions)s::bigint[])
           AS told (position, state, reasons, version)
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
        f"SELECT record.id, record.{kind.label}::text, '{CHANGED}', 1 FROM {table.name} AS record "  # noqa: S608
        "JOIN unnest(%(all_ids)s::bigint[], %(versions)s::bigint[]) AS told (id, version) ON told.id = record.id "
        "WHERE record.version <> told.version"
    )


def built_on(
    plan: Plan, kind: Kind, batch_id: int, rows: Sequence[Any], undone: Sequence[Any] = (), *, all_rows: bool = False
) -> list[BuiltFact]:
    """What was built on the records of `rows` since, by record: on created ones whatever refers to them, on all of them
    a later change. `rows` have record_id, action, version and before; `undone` are rows of the same records that were
    put back already. A record is as the import left it where it has the last version that any of these gave it; with
    `all_rows` of an import, where no version between theirs came from elsewhere too."""
    if kind.built_on is not None:
        return kind.built_on(plan, batch_id, rows)
    created = [row for row in rows if row.action == Action.CREATE]
    own = [part for row in created for ids in (row.before or {}).get("parts", {}).values() for part in ids]
    last = _last_versions([*rows, *undone])
    if all_rows:
        last |= dict.fromkeys(_met_by_others(rows), _NEVER)
    wanted = built_statement(kind)
    given: dict[str, Any] = {
        "ids": [row.record_id for row in created],
        "own_ids": own,
        "all_ids": list(last),
        "versions": list(last.values()),
    }
    [found] = plan.fetch(wanted(**{name: given[name] for name in wanted.parameter_names}))
    return list(found)


def _last_versions(rows: Iterable[Any]) -> dict[int, int]:
    last: dict[int, int] = {}
    for row in rows:
        if row.version is not None:
            last[row.record_id] = max(row.version, last.get(row.record_id, 0))
    return last


def _met_by_others(rows: Iterable[Any]) -> Iterable[int]:
    """Records that somebody changed between two rows of the import: what he wrote would be lost with them."""
    versions: dict[int, list[int]] = {}
    for row in rows:
        if row.version is not None:
            versions.setdefault(row.record_id, []).append(row.version)
    for identity, found in versions.items():
        if any(after - before > 1 for before, after in pairwise(sorted(found))):
            yield identity


class Undone(NamedTuple):
    """How many rows a step put back, and how many it had to keep."""

    undone: int
    kept: int


def undo_units(plan: Plan, kind: Kind, batch_id: int, rows: Sequence[RowFact]) -> Undone:
    """Undoes the rows given, last first, and with them other rows of the import that met the same records later. Those
    that have to be kept get their reason."""
    heads, undone = [row for row in rows if _is_head(row)], list[RowFact]()
    built = _by_record(built_on(plan, kind, batch_id, heads))
    moved = [identity for identity, facts in built.items() if any(fact.what == CHANGED for fact in facts)]
    if moved:
        positions = [row.position for row in rows]
        [others] = plan.fetch(SAME_RECORDS(batch_id=batch_id, record_ids=moved, positions=positions))
        undone = [row for row in others if row.state == RowState.UNDONE]
        rows = sorted([*rows, *(row for row in others if row.state == RowState.DONE)], key=lambda row: -row.position)
        heads = [row for row in rows if _is_head(row)]
        built = _by_record(built_on(plan, kind, batch_id, heads, undone))
    refused = {
        identity: FieldError("import_built_on", {"what": facts[0].what, "count": facts[0].number})
        for identity, facts in built.items()
    }
    kept, versions = _take_back(plan, kind, heads, _last_versions([*heads, *undone]), refused)
    told: dict[str, list[Any]] = {"positions": [], "states": [], "reasons": [], "versions": []}
    for row in rows:
        fault = kept.get(row.unit)
        told["positions"].append(row.position)
        told["states"].append(RowState.KEPT if fault else RowState.UNDONE)
        told["reasons"].append(
            dump_json([{"field": None, "code": fault.code, "data": dict(fault.data)}]) if fault else None
        )
        told["versions"].append(versions.get(row.unit))
    plan.fetch(STATES(batch_id=batch_id, **told))
    count = told["states"].count(RowState.KEPT)
    return Undone(len(rows) - count, count)


def _is_head(row: RowFact) -> bool:
    return row.position == row.unit and row.record_id is not None


def _by_record(facts: Iterable[BuiltFact]) -> dict[int, list[BuiltFact]]:
    found: dict[int, list[BuiltFact]] = {}
    for fact in facts:
        found.setdefault(fact.record_id, []).append(fact)
    return found


def _take_back(
    plan: Plan, kind: Kind, rows: Sequence[RowFact], last: Mapping[int, int], refused: Mapping[int, FieldError]
) -> tuple[dict[int, FieldError], dict[int, int]]:
    """Restores what was updated and removes what was created; answers by position what was refused, and the versions
    that records got. Where a row is refused (`refused` says so of records), the older ones of its record are too."""
    stuck, versions = dict(refused), dict(last)
    kept: dict[int, FieldError] = {}
    given: dict[int, int] = {}
    created: list[RowFact] = []
    for row in _newest_first(rows):
        identity = row.record_id or 0
        if identity not in stuck and row.action == Action.UPDATE and kind.restore is not None:
            try:
                with plan.attempt():
                    version = kind.restore(plan, identity, row.before or {}, versions.get(identity, 0))
                if version is not None:
                    given[row.position] = versions[identity] = version
            except DomainError as error:
                stuck[identity] = FieldError(error.code, error.data)
        if identity in stuck:
            kept[row.position] = stuck[identity]
        elif row.action == Action.CREATE:
            created.append(row)
    if created:
        kept |= _remove(plan, kind, created)
    return kept, given


def _newest_first(rows: Sequence[RowFact]) -> Iterable[RowFact]:
    """The rows as they stand, but those of one record by the versions they made: a row that waited for a decision was
    done behind rows that follow it in the file."""
    waiting: dict[int | None, list[RowFact]] = {}
    for row in sorted(rows, key=lambda row: (row.version or 0, row.position)):
        waiting.setdefault(row.record_id, []).append(row)
    for row in rows:
        yield waiting[row.record_id].pop()


def _remove(plan: Plan, kind: Kind, created: Sequence[RowFact]) -> Mapping[int, FieldError]:
    if kind.take_back is not None:
        units = [_unit(row) for row in created]
        kind.take_back(plan, units)
        return {unit.rows[0].position: unit.refusal for unit in units if unit.refusal is not None}
    if kind.remove is not None:
        ids = [row.record_id for row in created if row.record_id is not None]
        plan.fetch(FORGET_FOLLOWERS(record_type=kind.record_type, record_ids=ids))
        kind.remove(plan, ids)
        plan.send_writes()
    return {}


def _unit(row: RowFact) -> Unit:
    return Unit([Row(row.position, row.line, row.cells)], data=row.data, record_id=row.record_id, before=row.before)
