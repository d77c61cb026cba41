"""The same done with many records: each in a transaction of its own, in the background, with a way back.

A job names its records when it is asked for, so that it acts on exactly those, whatever fits the list meanwhile. Each
record is one command run as who asked, with what he may and sees then; its effect and the mark of its row are one
transaction, so a worker that is lost does nothing twice. What a record refuses is kept with its reason; the others go
on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.audit import record
from core.command import run
from core.context import Actor, Context
from core.encoding import dump_json, load_json
from core.errors import DomainError, NotFound, PermissionDenied
from core.lists.bulk_models import (
    ADD_ROWS,
    JOB,
    JOBS,
    LOCK_JOB,
    LOCK_ROW,
    MARK_ROW,
    NEXT_ROWS,
    PROGRESS,
    REFUSED,
    WHO,
    BulkJob,
    JobFact,
    JobState,
    Progress,
    RefusedFact,
    RowFact,
    RowState,
    WhoFact,
)
from core.needs import for_anybody, for_the_system
from core.outbox import consumer, emit
from core.plan import Plan
from core.queries.reading import read
from core.scope import Viewer

MOST_RECORDS: Final = 100_000
AT_ONCE: Final = 100
"""How many records an event takes on before the next one."""


@dataclass(frozen=True)
class Action:
    """What can be done with each record of a list: `act(plan, record_id, data)` answers what `undo(plan, record_id,
    before, data)` needs; without `undo` there is no way back. Both hold their own locks and rules."""

    name: str
    permission: str
    act: Callable[[Plan, int, Mapping[str, Any]], Mapping[str, Any]]
    undo: Callable[[Plan, int, Mapping[str, Any], Mapping[str, Any]], None] | None = None


ACTIONS: Final[dict[tuple[str, str], Action]] = {}


def offer(list_name: str, *actions: Action) -> None:
    """Makes actions known for a list. Raises ValueError for a name that is taken."""
    for action in actions:
        if (list_name, action.name) in ACTIONS:
            raise ValueError(f"action {action.name} of {list_name} is offered twice")
        ACTIONS[list_name, action.name] = action


@for_anybody
def start_job(
    plan: Plan, list_name: str, action: str, record_ids: Sequence[int], data: dict[str, Any]
) -> dict[str, Any]:
    """Keeps what is to be done with which records, and has it begun. Raises `nothing_selected`, `too_many_selected`,
    PermissionDenied, NotFound for an action the list does not have."""
    found = ACTIONS.get((list_name, action))
    if found is None:
        raise NotFound("bulk_action", action)
    if not plan.actor.may(found.permission):
        raise PermissionDenied(found.permission)
    ids = sorted(set(record_ids))
    if not ids:
        raise DomainError("nothing_selected")
    if len(ids) > MOST_RECORDS:
        raise DomainError("too_many_selected", most=MOST_RECORDS)
    job = BulkJob(
        list_name=list_name,
        action=action,
        data=load_json(dump_json(data)),
        user_id=plan.actor.user_id,
        total=len(ids),
        created_at=plan.now,
    )
    plan.session.add(job)
    plan.session.flush()
    plan.fetch(ADD_ROWS(job_id=job.id, ids=ids))
    emit(plan, "bulk_job_advanced", job_id=job.id)
    record(plan, "bulk_job.started", "bulk_job", job.id, label=f"{list_name}: {action}", changes={"records": len(ids)})
    return {"id": job.id, "total": len(ids)}


@for_anybody
def stop_job(plan: Plan, job_id: int) -> dict[str, Any]:
    """Leaves the records that still wait as they are; what is done stays done, and can be undone. Raises NotFound."""
    job = _own_job(plan, job_id)
    if job.state in (JobState.RUNNING, JobState.UNDOING):
        plan.set(BulkJob, job.id, state=JobState.STOPPED, finished_at=plan.now)
    return {"id": job.id}


@for_anybody
def resume_job(plan: Plan, job_id: int) -> dict[str, Any]:
    """Goes on with a job that was stopped. Raises NotFound."""
    job = _own_job(plan, job_id)
    if job.state == JobState.STOPPED:
        plan.set(BulkJob, job.id, state=JobState.RUNNING, finished_at=None)
        emit(plan, "bulk_job_advanced", job_id=job.id)
    return {"id": job.id}


@for_anybody
def undo_job(plan: Plan, job_id: int) -> dict[str, Any]:
    """Takes back what a job did, record by record; one that somebody changed since is left as it is, and named. Raises
    NotFound, `not_undoable`."""
    job = _own_job(plan, job_id)
    if ACTIONS[job.list_name, job.action].undo is None or job.state not in (JobState.DONE, JobState.STOPPED):
        raise DomainError("not_undoable")
    plan.set(BulkJob, job.id, state=JobState.UNDOING, finished_at=None)
    emit(plan, "bulk_job_advanced", job_id=job.id)
    record(plan, "bulk_job.undone", "bulk_job", job.id, label=f"{job.list_name}: {job.action}", changes={})
    return {"id": job.id}


def _own_job(plan: Plan, job_id: int) -> JobFact:
    [rows] = plan.fetch(LOCK_JOB(job_id=job_id))
    if not rows or rows[0].user_id != plan.actor.user_id:
        raise NotFound("bulk_job", job_id)
    return rows[0]


def list_jobs(user_id: int | None) -> list[JobFact]:
    """What somebody has had done with many records, the latest first."""
    return read(JOBS(user_id=user_id))[0]


def read_job(job_id: int, user_id: int | None, limit: int) -> tuple[JobFact, Progress, list[RefusedFact]]:
    """A job of one's own, how far it is, and the first of the records it left as they were. Raises NotFound."""
    jobs, [progress], refused = read(JOB(job_id=job_id), PROGRESS(job_id=job_id), REFUSED(job_id=job_id, limit=limit))
    if not jobs or jobs[0].user_id != user_id:
        raise NotFound("bulk_job", job_id)
    return jobs[0], progress, refused


# one record after the other -------------------------------------------------------------------------------------------
@consumer("bulk_job_advanced", "work_on_records")
def advance(plan: Plan, payload: Mapping[str, Any]) -> None:
    """Works on the next records of a job and has itself called again, until none waits."""
    [rows] = plan.fetch(JOB(job_id=payload["job_id"]))
    if not rows or rows[0].state not in (JobState.RUNNING, JobState.UNDOING):
        return
    job: JobFact = rows[0]
    waiting = RowState.WAITING if job.state == JobState.RUNNING else RowState.CHANGED
    [found] = plan.fetch(NEXT_ROWS(job_id=job.id, state=waiting, limit=AT_ONCE))
    if not found:
        _finish(plan, job)
        return
    [who] = plan.fetch(WHO(user_id=job.user_id))
    work_on(job, [row[0] for row in found], _actor(who[0]) if who else None)
    emit(plan, "bulk_job_advanced", job_id=job.id)


@for_anybody
def finish_job(plan: Plan, job_id: int) -> dict[str, Any]:
    """Marks a job as finished where no record of it waits. Raises NotFound."""
    job = _own_job(plan, job_id)
    if job.state in (JobState.RUNNING, JobState.UNDOING):
        waiting = RowState.WAITING if job.state == JobState.RUNNING else RowState.CHANGED
        [found] = plan.fetch(NEXT_ROWS(job_id=job.id, state=waiting, limit=1))
        if not found:
            _finish(plan, job)
    return {"id": job_id}


def _finish(plan: Plan, job: JobFact) -> None:
    done = JobState.DONE if job.state == JobState.RUNNING else JobState.UNDONE
    plan.set(BulkJob, job.id, state=done, finished_at=plan.now)


def _actor(who: WhoFact) -> Actor:
    return Actor(
        who.id, who.login, who.name, frozenset(who.permissions), tuple(who.roles), who.language,
        viewer=Viewer.read(who.viewer), channel="worker",
    )  # fmt: skip


def work_on(job: JobFact, record_ids: Sequence[int], actor: Actor | None) -> None:
    """Does, or undoes, what a job says with some of its records, each in its own transaction."""
    for record_id in record_ids:
        try:
            if actor is None:
                raise DomainError("requester_left")
            context = Context(actor=actor, route=f"bulk {job.list_name}", channel="worker")
            if job.state == JobState.RUNNING:
                run(act_on_record, job.id, record_id, context=context)
            else:
                run(undo_record, job.id, record_id, context=context)
        except DomainError as error:
            run(refuse_record, job.id, record_id, _said(error), context=Context(route="worker", channel="worker"))


def _said(error: DomainError) -> dict[str, Any]:
    """What a record refused, as it is kept; of a refusal that stands beside fields, what the first field was told."""
    fault = next(iter(error.fields.values()), error)
    return {"code": fault.code, "data": fault.data}


def act_here(job_id: int, actor: Actor, limit: int) -> None:
    """Works on the first records of a job at once, so that a small one is done when its page is shown. What is left,
    and what a lost connection leaves, is the worker's."""
    jobs, waiting, changed = read(
        JOB(job_id=job_id),
        NEXT_ROWS(job_id=job_id, state=RowState.WAITING, limit=limit),
        NEXT_ROWS(job_id=job_id, state=RowState.CHANGED, limit=limit),
    )
    found = waiting if jobs[0].state == JobState.RUNNING else changed
    work_on(jobs[0], [row[0] for row in found], actor)
    if len(found) < limit:
        run(finish_job, job_id, context=Context(actor=actor, channel=actor.channel))


@for_anybody
def act_on_record(plan: Plan, job_id: int, record_id: int) -> dict[str, Any]:
    """Does with one record what its job says; nothing where that was done already. Locks its row, then what the action
    locks. Raises what the action refuses."""
    job, row, action = _row(plan, job_id, record_id)
    if row.state == RowState.WAITING and job.state == JobState.RUNNING:
        before = action.act(plan, record_id, job.data)
        _mark(plan, job_id, record_id, RowState.CHANGED, before=before)
    return {}


@for_anybody
def undo_record(plan: Plan, job_id: int, record_id: int) -> dict[str, Any]:
    """Takes back what was done with one record. Raises what the action refuses."""
    job, row, action = _row(plan, job_id, record_id)
    if row.state == RowState.CHANGED and action.undo is not None:
        action.undo(plan, record_id, row.before or {}, job.data)
        _mark(plan, job_id, record_id, RowState.UNDONE)
    return {}


@for_the_system
def refuse_record(plan: Plan, job_id: int, record_id: int, refusal: dict[str, Any]) -> dict[str, Any]:
    """Keeps why a record was left as it is."""
    [rows] = plan.fetch(LOCK_ROW(job_id=job_id, record_id=record_id))
    if rows and rows[0].state in (RowState.WAITING, RowState.CHANGED):
        state = RowState.REFUSED if rows[0].state == RowState.WAITING else RowState.KEPT
        _mark(plan, job_id, record_id, state, refusal=refusal)
    return {}


def _row(plan: Plan, job_id: int, record_id: int) -> tuple[JobFact, RowFact, Action]:
    jobs, rows = plan.fetch(JOB(job_id=job_id), LOCK_ROW(job_id=job_id, record_id=record_id))
    if not jobs or not rows or jobs[0].user_id != plan.actor.user_id:
        raise NotFound("bulk_job", job_id)
    job: JobFact = jobs[0]
    action = ACTIONS[job.list_name, job.action]
    if not plan.actor.may(action.permission):
        raise PermissionDenied(action.permission)
    return job, rows[0], action


def _mark(
    plan: Plan,
    job_id: int,
    record_id: int,
    state: RowState,
    *,
    before: Any = None,
    refusal: Any = None,
) -> None:
    sent = {"before": before, "refusal": refusal}
    texts = {name: None if value is None else dump_json(value) for name, value in sent.items()}
    plan.fetch(MARK_ROW(job_id=job_id, record_id=record_id, state=state, **texts))
