"""The worker's part: laying rows out, checking, doing and undoing them, a batch of rows per event.

An event's effect on the records, what became of the rows, the counters and the next event are one transaction, so that
the work goes on from where it was whenever a worker was lost, and an event delivered twice does nothing twice. It is
done as the one who started the import, with what he may and sees at that moment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from core.acting import person_now
from core.audit import record
from core.custom_fields.definitions import defining, definitions_in
from core.encoding import dump_json
from core.errors import DomainError
from core.imports.ahead import look_ahead, next_rows
from core.imports.facts import (
    COUNTS,
    FORGET_ROWS,
    LAY_OUT,
    LOCK,
    ROWS_BEFORE,
    SAME_IN_FILE,
    SOURCES,
    WRITE_ROWS,
    BatchFact,
    RowFact,
)
from core.imports.judging import carry_out, judge, policy_of, read_cells, reasons_of, resolve_references, units_of
from core.imports.kinds import KINDS, Kind, Unit
from core.imports.models import WORKING, Action, BatchState, ImportBatch, RowState
from core.imports.undoing import Undone, undo_units
from core.masks import showing
from core.outbox import consumer, emit_next
from core.plan import Plan
from core.sending import sending
from core.statements import array_text
from core.term_merging import wait_for_merging

CHANNEL = "import"
ADVANCED = "import_advanced"
MOST_SECONDS_OF_MERGING = 30.0


@consumer(ADVANCED, "advance_import")
def advance(plan: Plan, payload: Mapping[str, Any]) -> None:
    """Does the next step of an import; nothing where it is paused, or was taken up by another step meanwhile."""
    [rows] = plan.fetch(LOCK(batch_id=payload["batch_id"]))
    if not rows:
        return
    batch: BatchFact = rows[0]
    if batch.step != payload["step"] or batch.is_paused or batch.state not in WORKING:
        return
    kind = KINDS[batch.kind]
    importer = person_now(plan, batch.started_by_id)
    if importer is None:
        raise DomainError("import_starter_left")
    if not (importer.may("imports.create") and importer.may(kind.permission)):
        raise DomainError("import_starter_may_not", name=importer.name, permission=kind.permission)
    told = {"channel": CHANNEL, "route": f"import {kind.name} {batch.id}", "reason": batch.name}
    version = definitions_in(plan).version if kind.has_custom else None
    with plan.acting_as(importer, **told), showing(importer.permissions), defining(version):
        STEPS[batch.state](plan, batch, kind)


def go_on(plan: Plan, batch: BatchFact, **values: Any) -> None:
    """Notes how far it is, and the event by which it goes on."""
    step = batch.step + 1
    event_id = emit_next(plan, ADVANCED, batch_id=batch.id, step=step)
    plan.set(ImportBatch, batch.id, step=step, event_id=event_id, **values)


def _check(plan: Plan, batch: BatchFact, kind: Kind) -> None:
    if batch.position == 0:
        total = lay_out(plan, batch, kind)
        go_on(plan, batch, rows_total=total, position=-1)
        return
    rows = next_rows(plan, batch, kind)
    if not rows:
        _finish_check(plan, batch)
        return
    units = units_of(rows)
    with _ahead_of(plan, batch, kind, rows):
        read_cells(kind, batch.mapping, units, plan.actor.may)
        resolve_references(plan, kind, units)
        judge(plan, kind, units, policy_of(batch))
        write_rows(plan, batch, units, _checked_state)
    go_on(plan, batch, position=rows[-1].position, rows_worked=batch.rows_worked + len(rows))


@contextmanager
def _ahead_of(plan: Plan, batch: BatchFact, kind: Kind, rows: Sequence[RowFact]) -> Iterator[None]:
    """Records that are written by set go to the database behind this block, and while they are on their way the next
    rows are made ready. One by one each waits for its answer, and takes its number at the end."""
    if kind.create_many is None:
        yield
        return
    with sending(plan) as sender:
        if batch.rows_worked + len(rows) < batch.rows_total:
            sender.meanwhile = look_ahead(plan, sender, batch, kind, rows[-1].position)
        yield


def lay_out(plan: Plan, batch: BatchFact, kind: Kind) -> int:
    """Makes the rows out of the files, as many as there are below the heads."""
    _, sources = plan.fetch(FORGET_ROWS(batch_id=batch.id), SOURCES(batch_id=batch.id))
    used = [source for source in sources if source.is_used]
    main = used[batch.joined.get("main", 0)]
    other = used[1 - batch.joined["main"]] if batch.joined else None
    group = batch.mapping.get(kind.group_by, {}).get("column") if kind.group_by else None
    [[(total,)]] = plan.fetch(
        LAY_OUT(
            batch_id=batch.id,
            main_id=main.id,
            main_head=main.head_row,
            main_column=batch.joined.get("main_column"),
            other_id=other.id if other else None,
            other_head=other.head_row if other else 0,
            other_column=batch.joined.get("other_column"),
            group_column=group,
        )
    )
    return int(total)


def _checked_state(unit: Unit) -> RowState:
    if unit.is_bad:
        return RowState.BAD
    return RowState.ASKS if unit.action is Action.ASK else RowState.READY


def _finish_check(plan: Plan, batch: BatchFact) -> None:
    policy = policy_of(batch)
    if policy is Action.CREATE:
        state, action = RowState.BAD, None
    elif policy is Action.ASK:
        state, action = RowState.ASKS, Action.ASK
    else:
        state, action = RowState.READY, policy
    _, counted = plan.fetch(SAME_IN_FILE(batch_id=batch.id, state=state, action=action), COUNTS(batch_id=batch.id))
    counts: Counter[tuple[str, str | None]] = Counter({(state, action): count for state, action, count in counted})
    values = {
        "rows_created": counts["ready", "create"],
        "rows_updated": counts["ready", "update"],
        "rows_skipped": counts["ready", "skip"],
        "rows_asked": counts["asks", "ask"],
        "rows_bad": sum(count for (state, _), count in counts.items() if state == "bad"),
    }
    plan.set(ImportBatch, batch.id, state=BatchState.CHECKED, position=0, rows_worked=batch.rows_total, **values)
    changes = {**values, "rows_total": batch.rows_total}
    record(plan, "import_batch.checked", "import_batch", batch.id, label=batch.name, changes=changes)


def _run(plan: Plan, batch: BatchFact, kind: Kind) -> None:
    rows = next_rows(plan, batch, kind)
    if not rows:
        _finish_run(plan, batch)
        return
    waiting: list[RowFact] = [row for row in rows if row.state == "ready" or (row.state == "asks" and row.choice)]
    units = units_of(waiting)
    if units:
        with _ahead_of(plan, batch, kind, rows):
            read_cells(kind, batch.mapping, units, plan.actor.may)
            resolve_references(plan, kind, units)
            carry_out(plan, kind, units, policy_of(batch))
            write_rows(plan, batch, units, _done_state)
    counts = _counted(units)
    values = {f"rows_{name}": getattr(batch, f"rows_{name}") + count for name, count in counts.items()}
    go_on(plan, batch, position=rows[-1].position, rows_worked=batch.rows_worked + len(rows), **values)


def _done_state(unit: Unit) -> RowState:
    if unit.is_bad:
        return RowState.BAD
    if unit.action is Action.ASK:
        return RowState.ASKS
    return RowState.SKIPPED if unit.action is Action.SKIP else RowState.DONE


def _counted(units: Sequence[Unit]) -> dict[str, int]:
    counts = dict.fromkeys(("created", "updated", "skipped", "asked", "bad"), 0)
    names = {Action.CREATE: "created", Action.UPDATE: "updated", Action.SKIP: "skipped", Action.ASK: "asked"}
    for unit in units:
        if unit.is_bad:
            counts["bad"] += len(unit.rows)
        elif unit.action is not None:
            counts[names[unit.action]] += len(unit.rows)
    return counts


def _finish_run(plan: Plan, batch: BatchFact) -> None:
    wait_for_merging(plan.connection.engine, MOST_SECONDS_OF_MERGING)
    [counted] = plan.fetch(COUNTS(batch_id=batch.id))
    counts: Counter[tuple[str, str | None]] = Counter({(state, action): count for state, action, count in counted})
    values = {
        "rows_created": counts["done", "create"],
        "rows_updated": counts["done", "update"],
        "rows_skipped": counts["skipped", "skip"],
        "rows_asked": counts["asks", "ask"],
        "rows_bad": counts["bad", None],
    }
    ended = {"state": BatchState.DONE, "position": 0, "finished_at": plan.now, "rows_worked": batch.rows_total}
    plan.set(ImportBatch, batch.id, **ended, **values)
    changes = {"rows_total": batch.rows_total, **values}
    record(plan, "import_batch.done", "import_batch", batch.id, label=batch.name, changes=changes)


def _undo(plan: Plan, batch: BatchFact, kind: Kind) -> None:
    before = batch.position or batch.rows_total + 1
    [rows] = plan.fetch(ROWS_BEFORE(batch_id=batch.id, before=before, limit=kind.batch))
    if not rows:
        _finish_undo(plan, batch)
        return
    done = [row for row in rows if row.state == "done"]
    told = undo_units(plan, kind, batch.id, done) if done else Undone(0, 0)
    go_on(
        plan,
        batch,
        position=rows[-1].position,
        rows_worked=batch.rows_worked + len(rows),
        rows_undone=batch.rows_undone + told.undone,
        rows_kept=batch.rows_kept + told.kept,
    )


def _finish_undo(plan: Plan, batch: BatchFact) -> None:
    plan.set(
        ImportBatch, batch.id, state=BatchState.UNDONE, position=0, finished_at=plan.now, rows_worked=batch.rows_total
    )
    changes = {"rows_undone": batch.rows_undone, "rows_kept": batch.rows_kept}
    record(plan, "import_batch.undone", "import_batch", batch.id, label=batch.name, changes=changes)


STEPS: dict[str, Callable[[Plan, BatchFact, Kind], None]] = {
    BatchState.CHECKING: _check,
    BatchState.RUNNING: _run,
    BatchState.UNDOING: _undo,
}


TOLD = (
    "positions", "states", "actions", "keys", "data", "reasons", "found_ids", "record_ids", "before", "versions",
)  # fmt: skip


def write_rows(plan: Plan, batch: BatchFact, units: Sequence[Unit], state_of: Callable[[Unit], RowState]) -> None:
    """Keeps what was found or done with each row; what the check made of it stays where nothing else was made."""
    told: dict[str, list[Any]] = {name: [] for name in TOLD}
    for unit in units:
        state = state_of(unit)
        for row in unit.rows:
            is_first = row is unit.rows[0]
            reasons = reasons_of(unit, row)
            told["positions"].append(row.position)
            told["states"].append(state)
            told["actions"].append(None if unit.is_bad else unit.action)
            told["keys"].append(array_text(unit.keys) if is_first and unit.keys else None)
            told["data"].append(dump_json(unit.data) if is_first and unit.data is not unit.kept_data else None)
            told["reasons"].append(dump_json(reasons) if reasons else None)
            told["found_ids"].append(unit.found.id if unit.found and not unit.found.is_hidden else None)
            told["record_ids"].append(unit.record_id)
            told["before"].append(dump_json(unit.before) if is_first and unit.before is not None else None)
            told["versions"].append(unit.version)
    plan.send(WRITE_ROWS(batch_id=batch.id, **told))
