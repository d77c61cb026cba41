"""How people are told: in the application, by mail at once, once a day, or not at all; and what a mail says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core import mail
from core.command import run
from core.context import Context
from core.digest import run_due, tell_due_tasks, write_digest
from core.errors import InvalidInput
from core.mail import compose_stored, send_mail
from core.notices import choose_ways, mark_all_read, mark_read
from core.outbox import apply_event
from core.talk.comments import write_comment
from core.users import change_user
from crm.activities import record_activity
from crm.owners import change_customer
from tests.mailbox import deliver, mailing, open_mailbox
from tests.talk.conftest import as_, told, work
from tests.world import World, new_key

assert send_mail and apply_event
ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture(scope="module", autouse=True)
def addresses(world: World) -> None:
    for login in ("bert", "chief"):
        world.run(change_user, world.actor_of(login).user_id, {"email": f"{login}@example.com"})


_readers = count(1)


@pytest.fixture
def reader(world: World) -> str:
    """The login of somebody in sales, of the test's own: what others left unread or due would go into his mail too."""
    login = f"reader{next(_readers)}"
    made = world.user(login, "sales", language="en")
    world.run(change_user, made.user_id, {"email": f"{login}@example.com"})
    return login


@pytest.fixture
def customer(world: World, reader: str) -> int:
    return world.customer(owner_id=world.actor_of(reader).user_id)


_days = iter(range(1, 200))


@pytest.fixture
def day() -> datetime:
    """Half past eight of a day that no other test uses."""
    return (datetime.now(ZONE) + timedelta(days=next(_days) * 10)).replace(hour=8, minute=30)


def mails(world: World, login: str, kind: str = "digest") -> list[Any]:
    return world.rows(
        """SELECT message.id, message.data, message.state FROM mail_message AS message
             JOIN app_user ON app_user.id = message.user_id
            WHERE login = :login AND kind = :kind ORDER BY message.id""",
        login=login,
        kind=kind,
    )


def test_what_is_unread_comes_once_a_day_in_one_mail(
    world: World, reader: str, app: Flask, customer: int, day: datetime
) -> None:
    as_(world, "chief", write_comment, "customer", customer, f"@{reader} one")
    as_(world, "chief", write_comment, "customer", customer, f"@{reader} two")
    before = len(mails(world, reader))
    for moment in (day.replace(hour=7), day, day, day.replace(hour=17)):
        run_due(moment)
    found = mails(world, reader)
    assert len(found) == before + 1
    assert len(found[-1][1]["notice_ids"]) == 2
    name = world.value("SELECT name FROM customer WHERE id = :id", id=customer)
    with app.app_context():
        said = compose_stored(found[-1][0]).said
    assert said is not None and said.subject.startswith("2 unread")
    assert said.text.count(name) == 2 and f"/customers/{customer}#comment-" in said.text
    run_due(day + timedelta(days=1))
    assert len(mails(world, reader)) == before + 1, "what was in one mail is in no second"


def test_nothing_unread_is_no_mail_and_the_hour_is_each_one_s_own(
    world: World, reader: str, customer: int, day: datetime
) -> None:
    as_(world, reader, choose_ways, {}, digest_hour=17)
    before = len(mails(world, reader))
    run_due(day)
    as_(world, "chief", write_comment, "customer", customer, f"@{reader} late")
    run_due(day.replace(hour=12))
    assert len(mails(world, reader)) == before
    run_due(day.replace(hour=17))
    assert len(mails(world, reader)) == before + 1
    as_(world, reader, mark_all_read)
    as_(world, reader, choose_ways, {}, digest_hour=8)
    run_due(day + timedelta(days=1))
    assert len(mails(world, reader)) == before + 1


def test_two_workers_write_one_mail(world: World, reader: str, customer: int, day: datetime) -> None:
    as_(world, "chief", write_comment, "customer", customer, f"@{reader} once")
    user_id, before = world.actor_of(reader).user_id, len(mails(world, reader))
    answers = [run(write_digest, user_id, day.date(), context=Context(route="worker")).data for _ in range(2)]
    assert [answer["notices"] for answer in answers] == [1, 0]
    assert len(mails(world, reader)) == before + 1


def test_a_customer_that_is_seen_no_more_is_not_named(
    world: World, reader: str, app: Flask, customer: int, day: datetime
) -> None:
    """Composed when it is sent, of what its reader sees by then; with nothing left it is not sent at all."""
    name = world.value("SELECT name FROM customer WHERE id = :id", id=customer)
    as_(world, "chief", write_comment, "customer", customer, f"@{reader} look")
    run_due(day)
    message = mails(world, reader)[-1][0]
    world.run(change_customer, customer, {"owner_id": world.actor_of("bert").user_id})
    with app.app_context():
        preview = compose_stored(message)
    assert preview.said is None or name not in preview.said.text + preview.said.subject
    with open_mailbox() as mailbox, mailing(mailbox.url), app.app_context():
        run(mail.queue_waiting, context=Context(route="worker"))
        deliver()
        sent = [letter.get_content() for letter in mailbox.mails]
    assert not any(name in text for text in sent)
    assert world.rows("SELECT state::text, answer FROM mail_message WHERE id = :id", id=message) == [
        ("failed", "not_wanted")
    ]


def test_by_mail_at_once_and_not_at_all(world: World, reader: str, app: Flask, customer: int) -> None:
    as_(world, reader, choose_ways, {"mentioned": "mail", "commented": "none"})
    before = len(told(world, reader))
    with open_mailbox() as mailbox, mailing(mailbox.url), app.app_context():
        as_(world, "chief", write_comment, "customer", customer, "nobody hears this")
        assert len(told(world, reader)) == before
        as_(world, "chief", write_comment, "customer", customer, f"@{reader} now")
        deliver()
        deliver()
        letters = [letter for letter in mailbox.mails if letter["To"] == f"{reader}@example.com"]
        assert len(letters) == 1, "never twice"
        assert "Chief calls upon you" in letters[0]["Subject"]


def test_choices_are_checked(world: World) -> None:
    for choices in ({"mentioned": "by pigeon"}, {"nothing": "app"}, {"factor_added": "none"}):
        with pytest.raises(InvalidInput) as refused:
            as_(world, "anna", choose_ways, choices)
        assert set(refused.value.fields) == set(choices)
    with pytest.raises(InvalidInput):
        as_(world, "anna", choose_ways, {}, digest_hour=24)


def test_due_and_late_tasks_are_told_once(world: World, reader: str, customer: int, day: datetime) -> None:
    own = world.context(actor=world.actor_of(reader), now=day - timedelta(days=1))
    late = world.run(record_activity, customer, {"kind": "task", "subject": "L", "due_on": own.today}, context=own)[
        "id"
    ]
    due = world.run(record_activity, customer, {"kind": "task", "subject": "D", "due_on": day.date()}, context=own)[
        "id"
    ]
    before = len(told(world, reader))
    for _ in range(2):
        run(tell_due_tasks, day.date(), context=Context(now=day, route="worker"))
    found = [(kind, record_id) for kind, _, record_id in told(world, reader)[before:]]
    assert ("activity_due", due) in found and ("activity_overdue", late) in found
    assert len([one for one in found if one[1] in (due, late)]) == 2


def test_who_is_given_something_is_told(world: World, reader: str) -> None:
    first, bert = (world.actor_of(login).user_id for login in (reader, "bert"))
    customer = as_(world, "chief", _create, {"name": "Given AG", "country": "DE", "owner_id": first})["id"]
    work(world)
    assert told(world, reader, "assigned")[-1] == ("assigned", "customer", customer)
    before = len(told(world, reader, "assigned"))
    as_(world, reader, change_customer, customer, {"owner_id": bert})
    work(world)
    assert told(world, "bert", "assigned")[-1] == ("assigned", "customer", customer)
    assert len(told(world, reader, "assigned")) == before


def _create(plan: Any, values: dict[str, Any]) -> Any:
    from core.customers import create_customer

    return create_customer(plan, values)


def test_the_list_the_bell_and_marking(
    world: World, reader: str, customer: int, browser: Callable[[str], FlaskClient]
) -> None:
    as_(world, "chief", write_comment, "customer", customer, f"@{reader} here")
    own = browser(reader)
    assert own.get("/notifications/count").get_json() == {"unread": 1}
    html = {"Accept": "text/html"}
    assert "data-bell-count>1<" in own.get("/menu", headers=html).text
    page = own.get("/notifications?view=unread").text
    name = world.value("SELECT name FROM customer WHERE id = :id", id=customer)
    assert name in page and name in own.get("/notifications/panel").text
    mine = "SELECT max(id) FROM notice WHERE record_id = :id AND user_id = :user_id"
    notice = world.value(mine, id=customer, user_id=world.actor_of(reader).user_id)
    assert browser("bert").post(f"/notifications/{notice}/open", data={"idempotency_key": new_key()}).status_code == 404
    opened = own.post(f"/notifications/{notice}/open", data={"idempotency_key": new_key()})
    assert opened.status_code == 303 and f"/customers/{customer}#comment-" in opened.location
    assert own.get("/notifications/count").get_json() == {"unread": 0}
    assert own.post(f"/notifications/{notice}/unread", data={"idempotency_key": new_key()}).status_code == 303
    assert own.get("/notifications/count").get_json() == {"unread": 1}
    world.run(change_customer, customer, {"owner_id": world.actor_of("bert").user_id})
    for path in ("/notifications", "/notifications/panel"):
        assert name not in own.get(path).text, "what she sees no more is not named"
    with pytest.raises(Exception, match="not_found"):
        as_(world, "bert", mark_read, [notice])
