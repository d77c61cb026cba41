"""run(command, …): the one place where a transaction begins, is retried and commits.

The entry point (view, API handler, task, command line) owns the transaction through `run`; domain functions only add to
the plan.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any

import psycopg
import structlog
from sqlalchemy import Connection, exc

from core import database as db
from core.audit import record  # whose session listeners belong to every command
from core.constraints import refusal_of
from core.context import Context
from core.encoding import dump_json, load_json
from core.errors import Busy, DomainError, KeptTry
from core.idempotency import Claim, Replay
from core.masks import showing, shown_effect, shown_refusal
from core.needs import check
from core.plan import Effect, Plan, PlanConflict
from core.scope import viewing
from core.search_entries import SearchEntry  # noqa: F401  (the same)

MAX_RETRIES = 3
# What was sent does not fit a column, although nobody noticed before: the sender's to mend, and said as a refusal.
_DOES_NOT_FIT: dict[type[psycopg.Error], str] = {
    psycopg.errors.NumericValueOutOfRange: "figure_too_large",
    psycopg.errors.StringDataRightTruncation: "text_too_long",
    psycopg.errors.UntranslatableCharacter: "unreadable_character",
    psycopg.errors.CharacterNotInRepertoire: "unreadable_character",
    psycopg.errors.InvalidTextRepresentation: "unreadable_value",
    psycopg.errors.DatetimeFieldOverflow: "unreadable_value",
}
FIRST_PAUSE_SECONDS = 0.02
_WAITED_TOO_LONG = (
    PlanConflict,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
    psycopg.errors.QueryCanceled,
)
logger = structlog.get_logger()


class Result:
    """What a command answered, as the JSON text that is also stored under the idempotency key."""

    def __init__(self, text: str, *, replayed: bool = False) -> None:
        self.text = text
        self.replayed = replayed

    @cached_property
    def data(self) -> Any:
        return load_json(self.text)

    def __getitem__(self, name: str) -> Any:
        return self.data[name]


class Preview:
    """What a command would do: its effects and warnings in order, and the digest a confirmation must carry."""

    def __init__(self, effects: list[Effect], warnings: list[Effect], digest: str, result: Any) -> None:
        self.effects = effects
        self.warnings = warnings
        self.digest = digest
        self.result = result

    def as_data(self) -> dict[str, Any]:
        return {
            "effects": [{"kind": effect.kind, **effect.data} for effect in self.effects],
            "warnings": [{"kind": warning.kind, **warning.data} for warning in self.warnings],
            "digest": self.digest,
        }


def run(
    command: Callable[..., Any], /, *arguments: Any, context: Context, database: db.Database | None = None, **named: Any
) -> Result:
    """Calls `command(plan, …)` in one transaction, applies its plan, commits, and returns its answer.

    Deadlocks, serialization failures and plan conflicts are tried again at most three times with jitter. A connection
    lost before the batch is tried again too; one lost during it only under an idempotency key, since the outcome is
    unknown then. Raises DomainError for a refusal, PermissionDenied where the actor lacks what the command declares
    (`core.needs`); nothing is left behind.
    """
    if context.actor.read_only:
        raise DomainError("viewing_as", http_status=403, name=context.actor.name)
    check(command, context.actor)
    unknown = False
    for attempt in range(MAX_RETRIES + 1):
        attempted = _Attempt(database or db.current(), context)
        try:
            with viewing(context.actor.viewer), showing(context.actor.permissions):
                return attempted.run(command, arguments, named)
        except Exception as error:
            unknown = unknown or (attempted.applying and _is_lost(cause_of(error)))
            if attempt == MAX_RETRIES or not attempted.may_retry(error):
                if isinstance(error, DomainError) and error.kept is not None:
                    _keep_try(error.code, error.kept, context, database or db.current())
                raise _told(_as_refusal(error, unknown=unknown), context) from error
            logger.info("command_retried", command=command.__name__, attempt=attempt + 1, cause=type(error).__name__)
            time.sleep(FIRST_PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1.5))  # noqa: S311 (jitter, no secret)
    raise AssertionError("unreachable")


def preview(
    command: Callable[..., Any], /, *arguments: Any, context: Context, database: db.Database | None = None, **named: Any
) -> Preview:
    """What `run` would do now, for whom it would, by the same code under the same locks; nothing is written."""
    check(command, context.actor)
    with (database or db.current()).engine.connect() as connection:
        plan = Plan(connection, context)
        try:
            with viewing(context.actor.viewer), showing(context.actor.permissions):
                result = command(plan, *arguments, **named)
                return Preview(_shown(plan.effects), _shown(plan.warnings), plan.digest(), result)
        except Exception as error:
            raise _told(_as_refusal(error, unknown=False), context) from error
        finally:
            connection.rollback()


def _keep_try(code: str, kept: KeptTry, context: Context, database: db.Database) -> None:
    """Writes a refused try into the audit trail, in a transaction of its own: that of the command left nothing behind.

    Should that fail, the refusal stands all the same.
    """

    def keep(plan: Plan) -> None:
        changes = {"refused": code, **kept.changes}
        record(plan, kept.action, kept.record_type, kept.record_id, label=kept.label, changes=changes)

    try:
        with viewing(context.actor.viewer):
            _Attempt(database, replace(context, idempotency_key=None, expected_digest=None)).run(keep, (), {})
    except Exception:
        logger.exception("refused_try_not_kept", code=code, action=kept.action)


class _Attempt:
    def __init__(self, database: db.Database, context: Context) -> None:
        self.database = database
        self.context = context
        self.applying = False

    def run(self, command: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> Result:
        connection = self.database.engine.connect()
        try:
            plan = Plan(connection, self.context)
            claim = Claim(plan) if self.context.idempotency_key else None
            try:
                answer = command(plan, *arguments, **named)
                plan.open()
            except Replay as replay:
                connection.rollback()
                return Result(replay.response, replayed=True)
            if self.context.expected_digest and plan.digest() != self.context.expected_digest:
                raise DomainError("plan_changed", digest=plan.digest(), effects=_effects(plan))
            if plan._session is not None:
                plan._session.flush()
            plan.take_numbers()
            text = dump_json(answer)
            if claim is not None:
                claim.fill(text)
            self.applying = True
            plan.apply()
            connection.commit()
            return Result(text)
        except BaseException:
            _abandon(connection)
            raise
        finally:
            connection.close()

    def may_retry(self, error: Exception) -> bool:
        cause = cause_of(error)
        if isinstance(cause, PlanConflict | psycopg.errors.DeadlockDetected | psycopg.errors.SerializationFailure):
            return True
        if _is_lost(cause):
            return not self.applying or self.context.idempotency_key is not None
        return False


def _abandon(connection: Connection) -> None:
    """Ends the transaction without a trace; a connection that cannot even do that is thrown away, and the pool with it:
    a server that restarted has ended all of them, and the next try must not meet another dead one."""
    try:
        db.driver(connection).rollback()
        connection.rollback()
    except (psycopg.Error, exc.SQLAlchemyError):
        connection.invalidate()
        connection.engine.dispose()


def _effects(plan: Plan) -> list[dict[str, Any]]:
    return [{"kind": effect.kind, **effect.data} for effect in _shown(plan.effects)]


def _shown(effects: list[Effect]) -> list[Effect]:
    """As the actor may see them; the digest is that of the effects themselves."""
    return [Effect(effect.kind, shown_effect(effect.kind, effect.data)) for effect in effects]


def cause_of(error: BaseException) -> BaseException:
    """The driver's own error below SQLAlchemy's wrapper."""
    return error.orig if isinstance(error, exc.DBAPIError) and error.orig is not None else error


def _is_lost(cause: BaseException) -> bool:
    return isinstance(cause, psycopg.OperationalError) and cause.sqlstate in (None, "57P01", "57P02", "57P03")


def _as_refusal(error: Exception, *, unknown: bool) -> Exception:
    """What the caller is told. Once a batch was sent and its answer lost, later failures do not make it undone."""
    cause = cause_of(error)
    if isinstance(cause, _WAITED_TOO_LONG):
        return Busy()
    if isinstance(cause, psycopg.DataError):
        return _does_not_fit(cause) or error
    if isinstance(cause, psycopg.IntegrityError):
        return refusal_of(cause) or error
    if _is_lost(cause):
        return DomainError("outcome_unknown" if unknown else "database_unavailable", http_status=503)
    return error


def _told(error: Exception, context: Context) -> Exception:
    """A refusal as its actor may read it. Whoever decided by its data did so before, within the command."""
    if isinstance(error, DomainError):
        with showing(context.actor.permissions):
            error.data = shown_refusal(error.data)
    return error


def _does_not_fit(cause: psycopg.DataError) -> DomainError | None:
    """The refusal, where it is one: a division by zero is a fault of ours. The driver itself refuses a NUL, without a
    state."""
    code = "unreadable_character" if cause.sqlstate is None else _DOES_NOT_FIT.get(type(cause))
    return DomainError(code, http_status=422) if code else None
