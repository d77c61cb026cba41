"""What is done once a day: telling people of what is due, and the daily mail of what they have not read.

Once, whoever looks and however often: each job of a day is a row, written with what it did. The daily mail comes from
the hour its person chose on, in the company's time zone; where nothing is unread by then, none comes that day. What it
says is written when it is sent, of what its reader sees by then.
"""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import psycopg
import structlog
from sqlalchemy import exc

from core import clock, wire
from core import database as db
from core.command import run
from core.context import Actor, Context
from core.errors import DomainError
from core.mail import Claimed, still_wanted, write_mail
from core.needs import for_the_system
from core.notices import DIGEST, MAIL_KIND, USUAL_HOUR, notify
from core.organization import Notice
from core.plan import Plan
from core.queries.notices import some_notices
from core.queries.reading import read_one
from core.scope import Viewer, viewing
from core.statements import statement
from core.talk.files import sweep

DIGEST_KIND = "digest"
MOST_IN_ONE = 100
# What waited longer, because no mail server was set, say, is news no more.
WORTH_SENDING_FOR = timedelta(days=3)
KEPT_DAYS = 60
PAUSE_SECONDS = 60
logger = structlog.get_logger()

CLAIM = statement(
    "digest.claim",
    """
    INSERT INTO daily_run (job, on_day, done_at) VALUES (%(job)s, %(on_day)s::date, %(now)s::timestamptz)
    ON CONFLICT DO NOTHING RETURNING job
    """,
    tables="daily_run",
    scope="system",
)
LAST_RUN = statement(
    "digest.last_run",
    "SELECT max(on_day) FROM daily_run WHERE job = %(job)s AND on_day < %(on_day)s::date",
    tables="daily_run",
    scope="system",
)
SWEEP = statement(
    "digest.sweep",
    "DELETE FROM daily_run WHERE on_day < %(before)s::date",
    tables="daily_run",
    scope="system",
)
DUE_PEOPLE = statement(
    "digest.due_people",
    f"""
    SELECT person.id FROM app_user AS person LEFT JOIN notice_setting AS setting ON setting.user_id = person.id
     WHERE person.is_active AND coalesce(setting.digest_hour, {USUAL_HOUR}) <= %(hour)s::int
       AND NOT EXISTS (SELECT FROM daily_run WHERE job = 'digest ' || person.id AND on_day = %(on_day)s::date)
     ORDER BY person.id
    """,  # noqa: S608 (a constant)
    tables="app_user notice_setting daily_run",
    scope="system",
)


class Recipient(NamedTuple):
    address: str | None
    language: str


RECIPIENT = statement(
    "digest.recipient",
    "SELECT email, language FROM app_user WHERE id = %(user_id)s::bigint AND is_active",
    tables="app_user",
    scope="system",
    fact=Recipient,
)
UNSENT = statement(
    "digest.unsent",
    f"""
    SELECT id FROM notice WHERE user_id = %(user_id)s::bigint AND way = '{DIGEST}' AND mail_id IS NULL
       AND read_at IS NULL ORDER BY created_at, id LIMIT {MOST_IN_ONE} FOR UPDATE
    """,  # noqa: S608 (constants)
    tables="notice",
    scope="system",
)
READER = statement(
    "digest.reader",
    """
    SELECT app_user.id, login, name, language,
           ARRAY(SELECT DISTINCT unnest(role.permissions)::text FROM user_role JOIN role ON role.id = user_role.role_id
                  WHERE user_role.user_id = app_user.id), viewer_of(app_user.id)
      FROM app_user WHERE app_user.id = %(user_id)s::bigint AND is_active
    """,
    tables="app_user user_role role",
    scope="system",
)


def reader_of(user_id: int | None) -> Actor | None:
    """Somebody who is still here with what he may do and sees now, as whom something is written for him."""
    found = read_one(READER(user_id=user_id))
    if found is None:
        return None
    identity, login, name, language, permissions, viewer = found
    return Actor(identity, login, name, frozenset(permissions), (), language, viewer=Viewer.read(viewer))


# the daily mail -------------------------------------------------------------------------------------------------------
@for_the_system
def write_digest(plan: Plan, user_id: int, on_day: date) -> dict[str, Any]:
    """The daily mail of one person, or the mark that there was nothing to tell him that day. A second time does
    nothing. Locks his notices."""
    [claimed] = plan.fetch(CLAIM(job=f"digest {user_id}", on_day=on_day, now=plan.now))
    if not claimed:
        return {"notices": 0}
    people, rows = plan.fetch(RECIPIENT(user_id=user_id), UNSENT(user_id=user_id))
    ids = [row[0] for row in rows]
    if not ids or not people or not people[0].address:
        return {"notices": 0}
    mail_id = write_mail(
        plan,
        kind=DIGEST_KIND,
        to=people[0].address,
        language=people[0].language,
        user_id=user_id,
        data={"notice_ids": ids, "day": on_day.isoformat()},
    )
    for notice_id in ids:
        plan.set(Notice, notice_id, mail_id=mail_id)
    return {"notices": len(ids)}


@still_wanted(DIGEST_KIND)
@still_wanted(MAIL_KIND)
def _is_worth_sending(plan: Plan, message: Claimed) -> bool:
    """Whether anything in it is still unread, and about something that its reader still sees."""
    reader = reader_of(message.user_id)
    if reader is None or message.created_at < plan.now - WORTH_SENDING_FOR:
        return False
    with viewing(reader.viewer):
        told = some_notices(reader, list(message.data["notice_ids"]))
    return any(one.row.read_at is None and not one.is_hidden for one in told)


# what is due ----------------------------------------------------------------------------------------------------------
class DueTask(NamedTuple):
    id: int
    owner_id: int
    customer_id: int
    due_on: date


DUE_TASKS = statement(
    "digest.due_tasks",
    """
    SELECT id, owner_id, customer_id, due_on FROM activity
     WHERE done_at IS NULL AND due_on BETWEEN %(since)s::date AND %(today)s::date ORDER BY due_on, id
    """,
    tables="activity",
    scope="system",
    fact=DueTask,
)


@for_the_system
def tell_due_tasks(plan: Plan, on_day: date) -> dict[str, Any]:
    """Tells everybody of his tasks that are due today, and of those that became late since the last time; once."""
    job = "due tasks"
    [claimed] = plan.fetch(CLAIM(job=job, on_day=on_day, now=plan.now))
    if not claimed:
        return {"told": None}
    [[(last,)]] = plan.fetch(LAST_RUN(job=job, on_day=on_day))
    [tasks] = plan.fetch(DUE_TASKS(since=last or on_day - timedelta(days=1), today=on_day))
    for task in tasks:
        kind = "activity_due" if task.due_on == on_day else "activity_overdue"
        notify(plan, kind, [task.owner_id], ("activity", task.id), due_on=task.due_on)
    plan.fetch(SWEEP(before=on_day - timedelta(days=KEPT_DAYS)))
    return {"told": len(tasks)}


# the clock ------------------------------------------------------------------------------------------------------------
def run_due(now: datetime | None = None) -> int:
    """Does what is due by now and was not done yet today; how many people were looked at."""
    moment = now or clock.now()
    local = moment.astimezone(ZoneInfo(db.current().time_zone()))
    context = Context(now=moment, route="worker", channel="worker")
    if run(tell_due_tasks, local.date(), context=context).data["told"] is not None:
        sweep(moment)
    with db.current().autocommit() as connection:
        [people] = wire.fetch(
            db.driver(connection), [DUE_PEOPLE(hour=local.hour, on_day=local.date())], transaction=False
        )
    for (user_id,) in people:
        run(write_digest, user_id, local.date(), context=context)
    return len(people)


class Daily:
    """Looks once a minute, beside the worker, until stopped. Several may: each job of a day is done by one of them."""

    def __init__(self, *, pause_seconds: float = PAUSE_SECONDS) -> None:
        self.pause_seconds = pause_seconds
        self._stop = threading.Event()

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=self.loop, name="daily", daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        self._stop.set()

    def loop(self) -> None:
        while not self._stop.wait(self.pause_seconds):
            try:
                run_due()
            except (exc.SQLAlchemyError, psycopg.Error, OSError, DomainError) as error:
                logger.warning("daily_interrupted", error=repr(error))
