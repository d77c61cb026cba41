"""What people are told inside the application, and by mail: one mechanism for all kinds.

A command tells somebody in its own transaction, or emits an event and a consumer does: `notify(plan, kind, people,
record, …)`. Told is who is still here (else his delegate), may see the record, and has not chosen to hear nothing of
that kind; nobody is told of what he did himself. A notice names its record by type and id only, so that what is read
later is what its reader may see by then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from core.errors import DomainError, FieldErrors, NotFound
from core.mail import write_mail
from core.needs import for_anybody
from core.organization import Notice, NoticeSetting
from core.outbox import emit
from core.plan import Plan
from core.statements import statement
from core.talk.records import READERS, RECORDS, Reader

APP, MAIL, DIGEST, NONE = "app", "mail", "digest", "none"
WAYS: Final = (APP, MAIL, DIGEST, NONE)
MAIL_KIND: Final = "notice"
USUAL_HOUR: Final = 8
Record = tuple[str, int]


@dataclass(frozen=True)
class Kind:
    """A kind of notice. `usual` is the way of whoever has chosen none; `permission` what one needs for it ever to
    come; `is_own`: about one's own account or work, told to whoever did it too, and `is_fixed` in the application
    whatever anybody chose."""

    code: str
    usual: str = APP
    permission: str = "home.read"
    is_own: bool = False
    is_fixed: bool = False


# Quiet from the start: what calls for somebody by name, or waits for his decision, comes by the daily mail too.
KINDS: Final[dict[str, Kind]] = {
    kind.code: kind
    for kind in (
        Kind("mentioned", DIGEST),
        Kind("commented"),
        Kind("file_added"),
        Kind("assigned", DIGEST, "customers.read"),
        Kind("approval_asked", DIGEST, "approvals.read"),
        Kind("approval_decided", APP, "approvals.read"),
        Kind("payment_recorded", APP, "payments.read"),
        Kind("order_shipped", APP, "orders.read"),
        Kind("stock_alert", APP, "stock.receive"),
        Kind("activity_due", APP, "activities.write", is_own=True),
        Kind("activity_overdue", DIGEST, "activities.write", is_own=True),
        Kind("job_finished", is_own=True),
        Kind("customers_taken_over", APP, "customers.read", is_own=True),
        Kind("departure_done", APP, "users.manage", is_own=True),
        # Somebody changed how one signs in: always told.
        Kind("password_changed", is_own=True, is_fixed=True),
        Kind("factor_added", is_own=True, is_fixed=True),
        Kind("factor_removed", is_own=True, is_fixed=True),
        Kind("factors_reset", is_own=True, is_fixed=True),
        Kind("recovery_code_used", is_own=True, is_fixed=True),
        Kind("recovery_codes_made", is_own=True, is_fixed=True),
    )
}
HOLDERS = statement(
    "notices.holders",
    """
    SELECT DISTINCT app_user.id FROM app_user JOIN user_role ON user_role.user_id = app_user.id
      JOIN role ON role.id = user_role.role_id
     WHERE app_user.is_active AND %(permission)s = ANY (role.permissions) ORDER BY app_user.id
    """,
    tables="app_user user_role role",
    scope="system",
)


def notify(plan: Plan, kind: str, people: Iterable[int | None], record: Record | None = None, **data: Any) -> list[int]:
    """Tells these people of something, as far as each may see the record and wants to hear of it; answers who is told.

    `data` is what the sentence needs beside the record: JSON, no texts that somebody may not see later. One round trip
    for whatever number of people, none for nobody. Raises KeyError for a kind that is not declared.
    """
    declared = KINDS[kind]
    wanted = {person for person in people if person is not None}
    if not declared.is_own:
        wanted.discard(plan.actor.user_id or 0)
    if not wanted:
        return []
    about = {"record_id": record[1]} if record else {}
    query = RECORDS[record[0]].readers if record else READERS
    [readers] = plan.fetch(query(**about, people=sorted(wanted), kind=kind, usual=declared.usual))
    told = [reader for reader in readers if declared.is_fixed or reader.way != NONE]
    for reader in told:
        _tell(plan, declared, reader, record, data)
    return [reader.id for reader in told]


def _tell(plan: Plan, kind: Kind, reader: Reader, record: Record | None, data: Mapping[str, Any]) -> None:
    way = APP if reader.way == NONE else reader.way
    notice_id, mail_id = plan.new_id(), None
    if way == MAIL and reader.address:
        mail_id = write_mail(
            plan,
            kind=MAIL_KIND,
            to=reader.address,
            language=reader.language,
            user_id=reader.id,
            data={"notice_ids": [notice_id]},
        )
    plan.insert(
        Notice,
        id=notice_id,
        user_id=reader.id,
        kind=kind.code,
        record_type=record[0] if record else None,
        record_id=record[1] if record else None,
        by_id=plan.actor.user_id,
        data=dict(data),
        way=way,
        mail_id=mail_id,
        created_at=plan.now,
    )


def given_to(plan: Plan, user_id: int, record_type: str, record_id: int) -> None:
    """Somebody gave something to somebody else, who is told by a worker: the command waits for nothing."""
    by_id = plan.actor.user_id
    if by_id is not None and by_id != user_id:
        emit(plan, "assigned", user_id=user_id, record_type=record_type, record_id=record_id, by_id=by_id)


def holders_of(plan: Plan, permission: str) -> list[int]:
    """Who has a permission by his roles and is still here. One round trip."""
    [rows] = plan.fetch(HOLDERS(permission=permission))
    return [row[0] for row in rows]


# reading and choosing -------------------------------------------------------------------------------------------------
MARK = statement(
    "notices.mark",
    """
    UPDATE notice SET read_at = %(now)s::timestamptz
     WHERE user_id = %(user_id)s::bigint AND read_at IS NULL
       AND (%(all)s::boolean OR id = ANY (%(ids)s::bigint[]))
    RETURNING id
    """,
    tables="notice",
    scope="system",
)
UNMARK = statement(
    "notices.unmark",
    """
    UPDATE notice SET read_at = NULL
     WHERE user_id = %(user_id)s::bigint AND id = %(id)s::bigint RETURNING id
    """,
    tables="notice",
    scope="system",
)
OWN = statement(
    "notices.own",
    """
    SELECT id, record_type, record_id, kind, data FROM notice
     WHERE user_id = %(user_id)s::bigint AND id = %(id)s::bigint
    """,
    tables="notice",
    scope="system",
)


@for_anybody
def mark_read(plan: Plan, notice_ids: Collection[int]) -> dict[str, Any]:
    """Marks some of the actor's notices as read; what is read already stays as it was. Raises NotFound where one id is
    given that is none of his."""
    if len(notice_ids) == 1:
        [own] = plan.fetch(OWN(user_id=plan.actor.user_id, id=next(iter(notice_ids))))
        if not own:
            raise NotFound("notice", next(iter(notice_ids)))
    return {"read": _mark(plan, list(notice_ids))}


@for_anybody
def mark_unread(plan: Plan, notice_id: int) -> dict[str, Any]:
    """Marks one of the actor's notices as unread again. Raises NotFound."""
    [rows] = plan.fetch(UNMARK(user_id=plan.actor.user_id, id=notice_id))
    if not rows:
        raise NotFound("notice", notice_id)
    return {"id": notice_id}


@for_anybody
def mark_all_read(plan: Plan) -> dict[str, Any]:
    """Marks all of the actor's notices as read."""
    return {"read": _mark(plan, None)}


def _mark(plan: Plan, ids: list[int] | None) -> int:
    [rows] = plan.fetch(MARK(user_id=plan.actor.user_id, now=plan.now, all=ids is None, ids=ids or []))
    return len(rows)


@for_anybody
def choose_ways(
    plan: Plan, choices: Mapping[str, str], *, digest_hour: int | None = None, version: int | None = None
) -> dict[str, Any]:
    """Sets how the actor wants to be told, by kind, and the hour of his daily mail. Kinds not named stay as they are.

    Raises InvalidInput beside the kind; `edit_conflict` where it was changed since `version`.
    """
    errors = FieldErrors()
    for code, way in choices.items():
        if code not in KINDS or KINDS[code].is_fixed or way not in WAYS:
            errors.add(code, "unknown_choice", choices=list(WAYS))
    if digest_hour is not None and not 0 <= digest_hour <= 23:
        errors.add("digest_hour", "out_of_range", smallest=0, largest=23)
    errors.raise_if_any()
    setting = plan.session.query(NoticeSetting).filter_by(user_id=plan.actor.user_id).with_for_update().one_or_none()
    if setting is None:
        setting = NoticeSetting(user_id=plan.actor.user_id, choices={}, digest_hour=USUAL_HOUR, version=1)
        plan.session.add(setting)
    elif version is not None and setting.version != version:
        raise DomainError("edit_conflict", version=setting.version)
    setting.choices = dict(sorted({**setting.choices, **choices}.items()))
    if digest_hour is not None:
        setting.digest_hour = digest_hour
    plan.session.flush()
    return {"choices": ways_of(setting.choices), "digest_hour": setting.digest_hour, "version": setting.version}


def ways_of(choices: Mapping[str, str]) -> dict[str, str]:
    """The way of every kind that can be chosen, given what somebody has chosen."""
    return {code: choices.get(code, kind.usual) for code, kind in KINDS.items() if not kind.is_fixed}
