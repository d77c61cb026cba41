"""A forgotten password: the link reaches its owner's mailbox and nobody else, works once, and opens no session."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pyotp
import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import insert

from core import mail
from core.credentials import TotpFactor
from core.password_links import MAILS_AN_HOUR, REQUESTS_AN_HOUR, RESET_FOR, make_reset_link
from core.roles import create_role
from core.second_factors import seal_of
from core.tokens import issue_token
from core.users import change_user
from tests.architecture.hooks import watched
from tests.conftest import DatabaseUrls
from tests.mailbox import PUBLIC_URL, Mailbox, configure_again, deliver, mailing, open_mailbox
from tests.security.conftest import SETTINGS
from tests.web.test_sign_in import post, sign_in
from tests.world import World
from web.app import create_app

NEW = "a better password"


@pytest.fixture
def world(fresh_database: DatabaseUrls) -> Iterator[World]:
    world = World.set_up(fresh_database.app, language="en")
    world.user("wei", "sales", language="en")
    world.run(change_user, world.actor_of("wei").user_id, {"email": "wei@example.com"})
    yield world
    world.database.dispose()


@pytest.fixture
def visitor(world: World) -> FlaskClient:
    return browser()


@pytest.fixture
def mailbox(visitor: FlaskClient) -> Iterator[Mailbox]:
    with open_mailbox() as mailbox, mailing(mailbox.url):
        yield mailbox


def browser() -> FlaskClient:
    before = mail.current()
    client = create_app(SimpleNamespace(**vars(SETTINGS))).test_client()
    configure_again(before)
    return client


def ask(visitor: FlaskClient, account: str = "wei", **options: object):  # type: ignore[no-untyped-def]
    return post(visitor, "/sign-in/forgot", account=account)


def link_in(mailbox: Mailbox, number: int = -1) -> str:
    found = re.search(r"^(https://\S+)$", mailbox.text(number), re.MULTILINE)
    assert found is not None
    return found[1]


def set_password(visitor: FlaskClient, link: str, password: str = NEW, again: str | None = None):  # type: ignore[no-untyped-def]
    return post(visitor, "/sign-in/reset", link=link, password=password, again=password if again is None else again)


@pytest.fixture
def go_on() -> Iterator[Callable[[timedelta], None]]:
    """Lets time pass."""
    with ExitStack() as travels:
        yield lambda span: travels.enter_context(time_machine.travel(datetime.now(UTC) + span))


def everything_in(world: World) -> str:
    """Every row of the database as text."""
    names = [name for (name,) in world.rows("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")]
    return "\n".join(str(world.rows(f"SELECT row::text FROM {name} AS row")) for name in names)


# the way --------------------------------------------------------------------------------------------------------------
def test_a_link_sets_a_password_once_and_opens_no_session(world: World, visitor: FlaskClient, mailbox: Mailbox) -> None:
    elsewhere = browser()
    sign_in(elsewhere, "wei")
    token = world.run(issue_token, "wei")["token"]
    assert ask(visitor).status_code == 200
    deliver()
    assert mailbox.recipients == ["wei@example.com"] and mailbox.mails[0]["Subject"].startswith("Set a new password")
    done = set_password(visitor, link_in(mailbox))
    assert (done.status_code, done.headers["Location"]) == (303, "/sign-in")
    assert visitor.get("/menu").status_code == 303, "no session was opened"
    assert elsewhere.get("/menu").status_code == 303, "all sessions ended"
    assert visitor.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401, "tokens too"
    assert sign_in(browser(), "wei").status_code == 422, "the old password is gone"
    assert sign_in(browser(), "wei", NEW).status_code == 303
    deliver()
    assert mailbox.mails[1]["Subject"] == "Your password was changed"
    assert set_password(visitor, link_in(mailbox, 0), "yet another one").status_code == 422
    assert sign_in(browser(), "wei", NEW).status_code == 303
    actions = [action for (action,) in world.rows("SELECT action FROM audit_row ORDER BY id")]
    assert {"user.reset_requested", "user.password_set_by_link"} <= set(actions)


def test_the_part_behind_the_sign_is_enough(visitor: FlaskClient, mailbox: Mailbox) -> None:
    ask(visitor, "WEI@example.com ")
    deliver()
    assert set_password(visitor, f" {link_in(mailbox).partition('#')[2]} ").status_code == 303


def test_the_rules_of_passwords_hold_and_use_nothing_up(visitor: FlaskClient, mailbox: Mailbox) -> None:
    ask(visitor)
    deliver()
    short = set_password(visitor, link_in(mailbox), "short")
    assert short.status_code == 422 and "At least 8 characters" in short.text
    assert short.headers["Cache-Control"] == "no-store, no-transform", "the link still stands in its field"
    assert set_password(visitor, link_in(mailbox), NEW, "something else").status_code == 422
    assert visitor.get("/sign-in/reset").status_code == 200, "a scanner opens it"
    assert set_password(visitor, link_in(mailbox)).status_code == 303


# what dies ------------------------------------------------------------------------------------------------------------
def test_a_link_dies_of_age(visitor: FlaskClient, mailbox: Mailbox, go_on: Callable[[timedelta], None]) -> None:
    ask(visitor)
    deliver()
    go_on(RESET_FOR + timedelta(seconds=1))
    assert set_password(visitor, link_in(mailbox)).status_code == 422


def test_only_the_newest_link_lives(visitor: FlaskClient, mailbox: Mailbox) -> None:
    for _ in range(2):
        ask(visitor)
        deliver()
    assert set_password(visitor, link_in(mailbox, 0)).status_code == 422
    assert set_password(visitor, link_in(mailbox, 1)).status_code == 303


@pytest.mark.parametrize(
    "change", [{"password": "set by somebody else"}, {"email": "new@example.com"}, {"is_active": False}]
)
def test_a_link_dies_with_what_it_rests_on(
    world: World, visitor: FlaskClient, mailbox: Mailbox, change: dict[str, object]
) -> None:
    ask(visitor)
    deliver()
    world.run(change_user, world.actor_of("wei").user_id, change)
    assert set_password(visitor, link_in(mailbox)).status_code == 422


@pytest.mark.parametrize("change", [{"email": "new@example.com"}, {"is_active": False}])
def test_a_mail_that_lost_its_point_is_not_sent(
    world: World, visitor: FlaskClient, mailbox: Mailbox, change: dict[str, object]
) -> None:
    with mailing("smtp://127.0.0.1:1"):
        ask(visitor)
        deliver()
    world.run(change_user, world.actor_of("wei").user_id, change)
    world.run(mail.queue_waiting)
    deliver()
    assert mailbox.mails == []
    assert world.rows("SELECT state::text, answer FROM mail_message") == [("failed", "too_late")]


def test_a_mail_that_waited_too_long_is_not_sent(
    world: World, visitor: FlaskClient, mailbox: Mailbox, go_on: Callable[[timedelta], None]
) -> None:
    with mailing("smtp://127.0.0.1:1"):
        ask(visitor)
        deliver()
    go_on(RESET_FOR + timedelta(seconds=1))
    deliver()
    assert mailbox.mails == [] and world.value("SELECT answer FROM mail_message") == "too_late"


# what is told to nobody -----------------------------------------------------------------------------------------------
def test_the_answer_is_the_same_by_the_same_statements(world: World, visitor: FlaskClient, mailbox: Mailbox) -> None:
    """For an account, for none, for one without e-mail and for one that may not sign in."""
    world.user("gone", "sales")
    world.run(change_user, world.actor_of("gone").user_id, {"is_active": False, "email": "gone@example.com"})
    answers, statements = set(), set()
    for account in ("wei", "wei@example.com", "nobody", "admin", "gone"):
        with watched() as seen:
            answer = ask(browser(), account)
        assert answer.status_code == 200
        answers.add(re.sub(r'name="csrf_token" value="[^"]+"', "", answer.text))
        statements.add(frozenset(seen.statements | seen.raw))
        assert account not in answer.text
    assert len(answers) == len(statements) == 1
    deliver()
    assert mailbox.recipients == ["wei@example.com"] * 2


def test_the_secret_is_in_the_mail_and_nowhere_else(
    world: World, visitor: FlaskClient, mailbox: Mailbox, capfd: pytest.CaptureFixture[str]
) -> None:
    ask(visitor)
    deliver()
    address, _, token = link_in(mailbox).partition("#")
    assert address == f"{PUBLIC_URL}/sign-in/reset" and len(token) >= 43
    assert token not in everything_in(world)
    admin = browser()
    sign_in(admin)
    page = admin.get("/settings/mail").text
    assert "wei@example.com" in page and token not in page
    key = {"Authorization": f"Bearer {world.token('admin')}"}
    assert token not in admin.get("/api/v1/mails", headers=key).text
    set_password(visitor, token)
    assert token not in everything_in(world)
    out = capfd.readouterr()
    assert token not in out.out + out.err


def test_the_link_is_made_of_our_own_address(visitor: FlaskClient, mailbox: Mailbox) -> None:
    visitor.application.config["WTF_CSRF_ENABLED"] = False
    headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    assert visitor.post("/sign-in/forgot", data={"account": "wei"}, headers=headers).status_code == 200
    deliver()
    assert "evil" not in mailbox.text() and link_in(mailbox).startswith(PUBLIC_URL + "/")


def test_the_page_sends_no_referrer(visitor: FlaskClient, mailbox: Mailbox) -> None:
    assert visitor.get("/sign-in/reset").headers["Referrer-Policy"] == "no-referrer"


# what is limited ------------------------------------------------------------------------------------------------------
def test_an_account_gets_three_mails_an_hour(
    world: World, mailbox: Mailbox, go_on: Callable[[timedelta], None], visitor: FlaskClient
) -> None:
    for _ in range(MAILS_AN_HOUR + 2):
        assert ask(visitor).status_code == 200
        deliver()
    assert len(mailbox.mails) == MAILS_AN_HOUR
    assert world.value("SELECT count(*) FROM audit_row WHERE action = 'user.reset_refused'") == 2
    go_on(timedelta(hours=1, seconds=1))
    ask(visitor)
    deliver()
    assert len(mailbox.mails) == MAILS_AN_HOUR + 1


def test_an_address_asks_ten_times_an_hour(visitor: FlaskClient, mailbox: Mailbox) -> None:
    answers = [ask(visitor, f"nobody{number}") for number in range(REQUESTS_AN_HOUR + 1)]
    assert [answer.status_code for answer in answers] == [200] * REQUESTS_AN_HOUR + [429]
    assert int(answers[-1].headers["Retry-After"]) > 3000
    assert "Too many requests from here" in answers[-1].text


def test_a_network_asks_ten_times_an_hour_by_whichever_of_its_addresses(visitor: FlaskClient, mailbox: Mailbox) -> None:
    statuses = []
    for number in range(REQUESTS_AN_HOUR + 1):
        visitor.environ_base["REMOTE_ADDR"] = f"2001:db8::{number:x}"
        statuses.append(ask(visitor).status_code)
    assert statuses == [200] * REQUESTS_AN_HOUR + [429]


def test_what_is_half_signed_in_by_the_old_password_is_over(
    world: World, visitor: FlaskClient, mailbox: Mailbox
) -> None:
    """Whoever knew the password and has yet to show the second factor begins again, with the new one."""
    wei, secret = world.actor_of("wei"), pyotp.random_base32()
    sealed = seal_of(SETTINGS.secret_key).close(secret, str(wei.user_id))
    factor = {
        "user_id": wei.user_id,
        "secret": sealed,
        "created_at": datetime.now(UTC),
        "confirmed_at": datetime.now(UTC),
    }
    with world.database.engine.begin() as connection:
        connection.execute(insert(TotpFactor).values(**factor, last_step=0))
    thief = browser()
    assert sign_in(thief, "wei").headers["Location"] == "/sign-in/second"
    ask(visitor)
    deliver()
    assert set_password(visitor, link_in(mailbox)).status_code == 303
    assert thief.get("/sign-in/second").headers["Location"] == "/sign-in"


def test_who_has_no_password_but_a_provider_gets_no_link(world: World, visitor: FlaskClient, mailbox: Mailbox) -> None:
    with world.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE app_user SET password_hash = NULL WHERE login = 'wei'")
        connection.exec_driver_sql(
            "INSERT INTO oidc_identity (id, issuer, subject, user_id, email, linked_at) SELECT nextval('id_seq'), "
            "'https://idp.example', 's', id, email, now() FROM app_user WHERE login = 'wei'"
        )
    ask(visitor)
    deliver()
    assert mailbox.mails == []


# without mail ---------------------------------------------------------------------------------------------------------
def test_without_mail_the_page_says_so(world: World, visitor: FlaskClient) -> None:
    page = visitor.get("/sign-in/forgot").text
    assert "This installation sends no mail" in page
    assert post(visitor, "/sign-in/forgot", "/sign-in", account="wei").status_code == 422
    with mailing("smtp://127.0.0.1:1", public_url=None):
        assert "This installation sends no mail" in visitor.get("/sign-in/forgot").text
    assert world.value("SELECT count(*) FROM password_request") == 0


def test_a_link_from_the_machine_itself(world: World, visitor: FlaskClient) -> None:
    token = world.run(make_reset_link, "ADMIN")["token"]
    assert world.value("SELECT count(*) FROM audit_row WHERE action = 'user.reset_link_made'") == 1
    assert set_password(visitor, token).status_code == 303
    assert sign_in(browser(), "admin", NEW).status_code == 303


# invitations ----------------------------------------------------------------------------------------------------------
def test_an_invited_user_sets_the_first_password(world: World, visitor: FlaskClient, mailbox: Mailbox) -> None:
    sign_in(visitor)
    given = {"name": "Lin", "login": "lin", "language": "en", "roles": "sales"}
    refused = post(visitor, "/users/new", **given)
    assert refused.status_code == 422 and world.value("SELECT count(*) FROM app_user WHERE login = 'lin'") == 0
    assert post(visitor, "/users/new", **given, email="lin@example.com").status_code == 303
    deliver()
    assert mailbox.mails[0]["Subject"].startswith("Your account at")
    assert "已邀请" in visitor.get("/users").text
    user = world.actor_of("lin").user_id
    assert post(visitor, f"/users/{user}/invite", f"/users/{user}").status_code == 303
    deliver()
    assert set_password(visitor, link_in(mailbox, 0)).status_code == 422, "a newer one was sent"
    assert set_password(visitor, link_in(mailbox, 1)).status_code == 303
    assert sign_in(browser(), "lin", NEW).status_code == 303
    assert "已邀请" not in visitor.get("/users").text
    post(visitor, f"/users/{user}/invite", f"/users/{user}")
    deliver()
    assert len(mailbox.mails) == 2, "who has a password is not invited"


def test_an_invitation_is_confirmed_without_an_address_that_is_masked(
    world: World, visitor: FlaskClient, mailbox: Mailbox
) -> None:
    """For who manages people and may not read addresses: where it went stays behind the mask afterwards too."""
    code = world.run(
        create_role, {"name": "Personnel", "permissions": ["home.read", "users.manage"], "row_scope": "own"}
    )["code"]
    world.user("personnel", code, language="en")
    sign_in(visitor)
    post(visitor, "/users/new", name="Lin", login="lin", language="en", roles="sales", email="lin.geheim@example.com")
    user, clerk = world.actor_of("lin").user_id, browser()
    sign_in(clerk, "personnel")
    assert post(clerk, f"/users/{user}/invite", f"/users/{user}").status_code == 303
    page = clerk.get(f"/users/{user}").text
    assert "An invitation to l•••@example.com is on its way" in page
    assert "geheim" not in page


def test_invitations_by_the_api(world: World, visitor: FlaskClient, mailbox: Mailbox) -> None:
    key = {"Authorization": f"Bearer {world.token('admin')}"}
    given = {"login": "lin", "name": "Lin", "roles": ["sales"], "email": "lin@example.com", "invite": True}
    made = visitor.post("/api/v1/users", json=given, headers={**key, "Idempotency-Key": "1"})
    assert made.status_code == 201
    deliver()
    assert mailbox.recipients == ["lin@example.com"]
    without = {"login": "po", "name": "Po", "roles": ["sales"]}
    refused = visitor.post("/api/v1/users", json=without, headers={**key, "Idempotency-Key": "2"})
    assert refused.status_code == 422 and "password" in refused.text


def test_without_mail_an_administrator_sets_the_password(world: World, visitor: FlaskClient) -> None:
    sign_in(visitor)
    refused = post(visitor, "/users/new", name="Lin", login="lin", language="en", roles="sales", email="l@example.com")
    assert refused.status_code == 422
