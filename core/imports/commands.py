"""What a person does with an import: hand files in, say what its columns are, start, pause, decide, undo, discard."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.audit import record
from core.constraints import means
from core.encoding import dump_json
from core.errors import DomainError, FieldError, FieldErrors, InvalidInput, NotFound, PermissionDenied
from core.imports.facts import (
    CHOOSE,
    FORGET_BATCH,
    FORGET_FILES,
    FORGET_ROWS,
    FORGET_SOURCES,
    IS_KEY,
    LOCK,
    MADE,
    REMEMBER,
    REMEMBERED,
    SOURCES,
    UNDECIDED,
    BatchFact,
    SourceFact,
)
from core.imports.fields import Field, guess_head_row, head_key
from core.imports.job import ADVANCED
from core.imports.kinds import KINDS, Kind
from core.imports.mapping import check_mapping, guessed, still_open, with_guarded
from core.imports.models import (
    WORKING,
    Action,
    BatchState,
    ImportBatch,
    ImportChunk,
    ImportSource,
)
from core.imports.reading import LONGEST_NAME, Line, Sheet, Upload
from core.imports.undoing import built_on
from core.needs import needs
from core.outbox import emit
from core.plan import Plan
from core.trace import OutboxEvent, OutboxState

MOST_FILES: Final = 2
MOST_SHOWN_BUILT: Final = 50
_CHUNK: Final = 500
_HEAD_LINES: Final = 40
means("uq_import_mapping_heads", "done_meanwhile")
means("uq_import_source_batch", "done_meanwhile")
means("uq_import_chunk_source", "done_meanwhile")


@needs("imports.create")
def upload_import(plan: Plan, kind_name: str, uploads: Sequence[Upload]) -> dict[str, Any]:
    """Keeps the files of an import, line by line, and guesses what they hold. Nothing is checked yet.

    Of a workbook the sheet most like the kind is taken. Two files make one table by a column they have in common.
    Raises NotFound for a kind there is not, PermissionDenied, InvalidInput, and what the files are refused for.
    """
    kind = kind_for(plan, kind_name)
    if not 1 <= len(uploads) <= MOST_FILES:
        raise InvalidInput({"files": FieldError("import_files", {"most": MOST_FILES})})
    digest = hashlib.sha256(b"\0".join(hashlib.sha256(upload.content).digest() for upload in uploads)).hexdigest()
    name = " + ".join(upload.name for upload in uploads)[:LONGEST_NAME]
    batch_id = plan.insert(
        ImportBatch, kind=kind.name, name=name, started_by_id=plan.actor.user_id, created_at=plan.now, digest=digest,
        signature="", heads=[], joined={}, mapping={}, options={},
    )  # fmt: skip
    place = 0
    for upload in uploads:
        place = _keep_file(plan, kind, batch_id, upload, place)
    plan.send_writes()
    answer = _understand(plan, kind, batch_id)
    record(plan, "import_batch.uploaded", "import_batch", batch_id, label=name, changes={"kind": kind.name})
    return {"id": batch_id, "kind": kind.name, "name": name, "state": BatchState.MAPPING, **answer}


@dataclass
class _Kept:
    source_id: int
    fitness: int


def _keep_file(plan: Plan, kind: Kind, batch_id: int, upload: Upload, place: int) -> int:
    kept: list[_Kept] = []
    fields = kind.all_fields()
    for sheet in upload.sheets():
        found = _keep_sheet(plan, fields, batch_id, sheet, place)
        if found is not None:
            kept.append(found)
            place += 1
    if not kept:
        raise DomainError("upload_empty", http_status=422)
    best = max(kept, key=lambda each: each.fitness)
    for each in kept:
        if each is not best:
            plan.set(ImportSource, each.source_id, is_used=False)
    return place


def _keep_sheet(plan: Plan, fields: Sequence[Field], batch_id: int, sheet: Sheet, place: int) -> _Kept | None:
    """Keeps the lines of a sheet in chunks, each sent at once; None where it holds nothing."""
    first: list[Line] = []
    for line in sheet.lines:
        first.append(line)
        if len(first) == _HEAD_LINES:
            break
    if not any(cell for line in first for cell in line):
        return None
    head_row = guess_head_row(fields, first)
    heads = {head_key(cell) for cell in first[head_row - 1] if cell}
    fitness = sum(bool(heads.intersection(wanted.names)) for wanted in fields)
    source_id, count, width = plan.new_id(), 0, 0
    plan.insert(
        ImportSource, id=source_id, batch_id=batch_id, place=place, name=sheet.name, encoding=sheet.encoding,
        width=0, lines=0, head_row=head_row,
    )  # fmt: skip
    for chunk in _chunks(first, sheet.lines):
        width = max(width, *(len(line) for line in chunk))
        plan.insert(ImportChunk, source_id=source_id, first_line=count + 1, lines=[_trimmed(line) for line in chunk])
        count += len(chunk)
        plan.send_writes()
    plan.set(ImportSource, source_id, width=width, lines=count)
    return _Kept(source_id, fitness)


def _chunks(first: list[Line], rest: Iterator[Line]) -> Iterator[list[Line]]:
    chunk = list(first)
    for line in rest:
        chunk.append(line)
        if len(chunk) >= _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _trimmed(line: Line) -> Line:
    """A line as it is kept: nothing at all where it is empty."""
    return line if any(line) else []


def _understand(plan: Plan, kind: Kind, batch_id: int) -> dict[str, Any]:
    """Heads, how two files belong together, and the mapping: as last time for a file of these heads, else guessed."""
    [sources] = plan.fetch(SOURCES(batch_id=batch_id))
    used: list[SourceFact] = [source for source in sources if source.is_used]
    join = _join(plan, used)
    main = used[join.get("main", 0)]
    ordered = [main, *(source for source in used if source is not main)]
    heads = [head for source in ordered for head in heads_of(source)]
    key = "\n".join((kind.name, *(head_key(head) for head in heads)))
    signature = hashlib.sha256(key.encode()).hexdigest()
    [remembered] = plan.fetch(REMEMBERED(kind=kind.name, signature=signature, user_id=plan.actor.user_id))
    samples = [line for line in main.first_lines[main.head_row :] if line]
    guess = guessed(plan, kind, heads, samples)
    mapping, options, is_own = remembered[0] if remembered else (guess, {}, True)
    mapping = still_open(plan, kind, mapping if is_own else with_guarded(kind, mapping, guess))
    values = {"heads": heads, "joined": join, "signature": signature, "mapping": mapping, "options": options}
    plan.set(ImportBatch, batch_id, **values)
    return {"heads": heads, "mapping": mapping, "remembered": bool(remembered)}


def heads_of(source: SourceFact) -> list[str]:
    """The heads of a source, one for each of its columns."""
    line = source.first_lines[source.head_row - 1] if source.head_row <= len(source.first_lines) else []
    return [(line[column] if column < len(line) else None) or "" for column in range(source.width)]


def _join(plan: Plan, used: Sequence[SourceFact]) -> dict[str, Any]:
    """How two files make one table: by a head they share, whose values are unique in one of them. The rows are those of
    the other one (an order's lines, products of a category), with the cells of the first behind."""
    if len(used) < MOST_FILES:
        return {}
    keys = [[head_key(head) for head in heads_of(source)] for source in used]
    for head in keys[0]:
        if head and head in keys[1]:
            columns = [keys[0].index(head), keys[1].index(head)]
            unique = [
                plan.fetch(IS_KEY(source_id=source.id, column=column, head_row=source.head_row))[0][0][0]
                for source, column in zip(used, columns, strict=True)
            ]
            if any(unique):
                main = 0 if unique[1] else 1
                return {"main": main, "main_column": columns[main], "other_column": columns[1 - main]}
    raise InvalidInput({"files": FieldError("import_unrelated")})


def kind_for(plan: Plan, name: str) -> Kind:
    """A kind that the actor may write. Raises NotFound, PermissionDenied."""
    if name not in KINDS:
        raise NotFound("import_kind", name)
    kind = KINDS[name]
    if not plan.actor.may(kind.permission):
        raise PermissionDenied(kind.permission)
    return kind


def lock_batch(plan: Plan, batch_id: int, *states: BatchState) -> BatchFact:
    """An import of the actor's under lock, in one of the states. Raises NotFound, `import_state`."""
    [rows] = plan.fetch(LOCK(batch_id=batch_id))
    if not rows or rows[0].started_by_id != plan.actor.user_id:
        raise NotFound("import_batch", batch_id)
    batch: BatchFact = rows[0]
    kind_for(plan, batch.kind)
    if states and batch.state not in states:
        raise DomainError("import_state", state=batch.state)
    return batch


@needs("imports.create")
def choose_heads(plan: Plan, batch_id: int, heads: Mapping[int, int]) -> dict[str, Any]:
    """Says which sheets are taken and in which line (from 1) the heads of each stand; guesses the mapping anew.

    Raises NotFound, `import_state`, InvalidInput.
    """
    batch = lock_batch(plan, batch_id, BatchState.MAPPING, BatchState.CHECKED)
    [sources] = plan.fetch(SOURCES(batch_id=batch_id))
    by_id: dict[int, SourceFact] = {source.id: source for source in sources}
    errors = FieldErrors()
    if not 1 <= len(heads) <= MOST_FILES or not heads.keys() <= by_id.keys():
        errors.add("sheets", "import_files", most=MOST_FILES)
    errors.raise_if_any()
    for source_id, row in heads.items():
        if not 1 <= row <= min(by_id[source_id].lines, _HEAD_LINES):
            errors.add("head_row", "import_head_row", most=min(by_id[source_id].lines, _HEAD_LINES))
    errors.raise_if_any()
    for source in by_id.values():
        plan.set(ImportSource, source.id, is_used=source.id in heads, head_row=heads.get(source.id, source.head_row))
    plan.send_writes()
    answer = _understand(plan, KINDS[batch.kind], batch_id)
    plan.set(ImportBatch, batch_id, state=BatchState.MAPPING, position=0)
    record(plan, "import_batch.heads_chosen", "import_batch", batch_id, label=batch.name, changes={"heads": heads})
    return {"id": batch_id, **answer}


@needs("imports.create")
def check_import(
    plan: Plan, batch_id: int, mapping: Mapping[str, Mapping[str, Any]], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Takes over what the columns are, remembers it for the next file of these heads, and has every row checked.

    `mapping` says by field its `column` and `unit`; `options["existing"]` what is done with a row whose record there is
    already. Raises NotFound, `import_state`, InvalidInput beside the field.
    """
    batch = lock_batch(plan, batch_id, BatchState.MAPPING, BatchState.CHECKED)
    kind = KINDS[batch.kind]
    check_mapping(plan, kind, batch.heads, mapping)
    existing = options.get("existing") or Action.SKIP
    if existing not in list(Action):
        raise InvalidInput({"existing": FieldError("unknown_choice", {"choices": list(Action)})})
    kept = {"existing": existing}
    plan.fetch(
        REMEMBER(
            id=plan.new_id(), kind=kind.name, signature=batch.signature, user_id=plan.actor.user_id,
            mapping=dump_json(mapping), options=dump_json(kept), now=plan.now,
        )
    )  # fmt: skip
    fresh = {f"rows_{name}": 0 for name in ["total", "worked", "created", "updated", "skipped", "asked", "bad"]}
    _work(plan, batch, BatchState.CHECKING, mapping=dict(mapping), options=kept, **fresh)
    changes = {"mapping": dict(mapping), **kept}
    record(plan, "import_batch.mapped", "import_batch", batch_id, label=batch.name, changes=changes)
    return {"id": batch_id, "state": BatchState.CHECKING}


def _work(plan: Plan, batch: BatchFact, state: BatchState, **values: Any) -> None:
    """Hands an import to the worker, which begins at its first row."""
    step = batch.step + 1
    event_id = emit(plan, ADVANCED, batch_id=batch.id, step=step)
    values = {"position": 0, "rows_worked": 0, **values}
    plan.set(ImportBatch, batch.id, state=state, is_paused=False, step=step, event_id=event_id, **values)


@needs("imports.create")
def start_import(plan: Plan, batch_id: int) -> dict[str, Any]:
    """Has the checked rows done; after the first time those that were decided since. Rows that still ask are left.

    Raises NotFound, `import_state`, `import_nothing_to_do`.
    """
    batch = lock_batch(plan, batch_id, BatchState.CHECKED, BatchState.DONE)
    [[(_, decided)]] = plan.fetch(UNDECIDED(batch_id=batch_id))
    values: dict[str, int] = {}
    if batch.state == BatchState.CHECKED:
        if not decided and not batch.rows_created + batch.rows_updated + batch.rows_skipped:
            raise DomainError("import_nothing_to_do")
        undecided = batch.rows_asked
        values = {"rows_created": 0, "rows_updated": 0, "rows_skipped": 0, "rows_asked": undecided}
    elif not decided:
        raise DomainError("import_nothing_to_do")
    _work(plan, batch, BatchState.RUNNING, **values)
    record(plan, "import_batch.started", "import_batch", batch_id, label=batch.name)
    return {"id": batch_id, "state": BatchState.RUNNING}


@needs("imports.create")
def pause_import(plan: Plan, batch_id: int) -> dict[str, Any]:
    """Stops the worker before its next batch of rows; what is done stays done. Raises NotFound, `import_state`."""
    batch = lock_batch(plan, batch_id, *WORKING)
    plan.set(ImportBatch, batch_id, is_paused=True)
    record(plan, "import_batch.paused", "import_batch", batch_id, label=batch.name)
    return {"id": batch_id, "state": batch.state, "is_paused": True}


@needs("imports.create")
def resume_import(plan: Plan, batch_id: int) -> dict[str, Any]:
    """Goes on with what was paused, or what a worker gave up. Raises NotFound, `import_state`, `import_not_stopped`."""
    batch = lock_batch(plan, batch_id, *WORKING)
    if not batch.is_paused and batch.event_state != OutboxState.DEAD:
        raise DomainError("import_not_stopped")
    if batch.event_state == OutboxState.DEAD and batch.event_id is not None:
        plan.set(OutboxEvent, batch.event_id, state=OutboxState.DONE)
    step = batch.step + 1
    event_id = emit(plan, ADVANCED, batch_id=batch_id, step=step)
    plan.set(ImportBatch, batch_id, is_paused=False, step=step, event_id=event_id)
    record(plan, "import_batch.resumed", "import_batch", batch_id, label=batch.name)
    return {"id": batch_id, "state": batch.state, "is_paused": False}


@needs("imports.create")
def decide_rows(plan: Plan, batch_id: int, choice: Action, units: Sequence[int] | None = None) -> dict[str, Any]:
    """Says what is done with rows that ask: those of `units` (the position of a record's first row), or all of them.

    Raises NotFound, `import_state`, InvalidInput.
    """
    batch = lock_batch(plan, batch_id, BatchState.CHECKED, BatchState.DONE)
    if choice not in (Action.UPDATE, Action.SKIP):
        raise InvalidInput({"choice": FieldError("unknown_choice", {"choices": [Action.UPDATE, Action.SKIP]})})
    [rows] = plan.fetch(CHOOSE(batch_id=batch_id, choice=choice, units=None if units is None else list(units)))
    changes = {"choice": choice, "rows": len(rows)}
    record(plan, "import_batch.decided", "import_batch", batch_id, label=batch.name, changes=changes)
    return {"id": batch_id, "rows": len(rows)}


@needs("imports.create")
def undo_import(plan: Plan, batch_id: int) -> dict[str, Any]:
    """Takes the whole import back, in the background: what it created is removed or reversed, what it changed is as it
    was. Numbers it has used stay used, and the audit trail keeps both.

    Raises NotFound, `import_state`, and `import_built_upon` with what was built on its records since.
    """
    batch = lock_batch(plan, batch_id, BatchState.DONE)
    kind = KINDS[batch.kind]
    [made] = plan.fetch(MADE(batch_id=batch_id))
    if not made:
        raise DomainError("import_nothing_to_undo")
    built = built_on(plan, kind, batch_id, made, all_rows=True)
    if built:
        shown = [fact._asdict() for fact in built[:MOST_SHOWN_BUILT]]
        raise DomainError("import_built_upon", count=len({fact.record_id for fact in built}), built=shown)
    for action, effect in ((Action.CREATE, "import_taken_back"), (Action.UPDATE, "import_restored")):
        count = sum(row.action == action for row in made)
        if count:
            plan.effect(effect, records=kind.name, count=count, reversed=kind.take_back is not None)
    _work(plan, batch, BatchState.UNDOING, rows_undone=0, rows_kept=0)
    record(plan, "import_batch.undo_started", "import_batch", batch_id, label=batch.name)
    return {"id": batch_id, "state": BatchState.UNDOING}


@needs("imports.create")
def discard_import(plan: Plan, batch_id: int) -> dict[str, Any]:
    """Throws the files and rows of an import away that has done nothing, or is undone. Raises NotFound,
    `import_state`."""
    batch = lock_batch(plan, batch_id, BatchState.MAPPING, BatchState.CHECKED, BatchState.UNDONE)
    plan.fetch(*(forget(batch_id=batch_id) for forget in (FORGET_ROWS, FORGET_FILES, FORGET_SOURCES, FORGET_BATCH)))
    record(plan, "import_batch.discarded", "import_batch", batch_id, label=batch.name)
    return {"id": batch_id}
