"""Second factors: taken once, asked for on every way in, never shown again; and delays that grow and end."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pyotp
import pytest
import time_machine

from core.company import change_company
from core.delays import LONGEST_DELAY_SECONDS
from core.errors import FieldErrors
from core.passwords import check_password, hasher
from core.sealing import Seal, Unsealable
from core.users import create_user
from tests.conftest import DatabaseUrls
from tests.security.people import COOKIE, House, Visitor, code_at, codes_left, later
from tests.world import PASSWORD, World, new_key


@pytest.fixture(scope="module")
def house(module_database: DatabaseUrls) -> Iterator[House]:
    world = World.set_up(module_database.app, language="en")
    yield House(world)
    world.database.dispose()


@pytest.fixture
def guarded(house: House) -> tuple[Visitor, pyotp.TOTP]:
    """Somebody with an authenticator, signed in."""
    visitor = house.signed_in()
    return visitor, visitor.add_authenticator()


def half_way(house: House, login: str) -> Visitor:
    """Somebody who has given the right password and no more."""
    visitor = house.visitor()
    answer = visitor.sign_in(login)
    assert answer.headers["Location"] == "/sign-in/second"
    return visitor


def code(visitor: Visitor, text: str) -> Any:
    return visitor.post("/sign-in/second", code=text)


# the authenticator ----------------------------------------------------------------------------------------------------
def test_the_password_alone_opens_no_page(house: House, guarded: tuple[Visitor, pyotp.TOTP]) -> None:
    owner, totp = guarded
    thief = half_way(house, owner.login)
    assert thief.token == "", "no session"
    assert not thief.is_in
    for path in ("/", "/menu", "/account", "/account/sessions", "/account/authenticator", "/customers"):
        assert "/sign-in" in thief.get(path).headers["Location"], path
    with thief.client.session_transaction() as cookie:
        half = cookie["half"]
    assert not thief.with_token(half).is_in, "what the first step gave is no session's token"
    with later(seconds=40):
        done = code(thief, code_at(totp))
        assert done.status_code == 303
        assert thief.is_in


def test_a_code_is_taken_once(house: House, guarded: tuple[Visitor, pyotp.TOTP]) -> None:
    owner, totp = guarded
    first, second = half_way(house, owner.login), half_way(house, owner.login)
    with later(seconds=40):
        same = code_at(totp)
        assert code(first, same).status_code == 303
        answer = code(second, same)
        assert answer.status_code == 422
        assert "was used already" in answer.text
        assert not second.is_in


def test_the_code_that_set_it_up_is_used(house: House) -> None:
    visitor = house.signed_in()
    secret_code = code_at(visitor.add_authenticator())
    assert code(half_way(house, visitor.login), secret_code).status_code == 422


def test_one_code_at_two_places_at_once_opens_one(house: House, guarded: tuple[Visitor, pyotp.TOTP]) -> None:
    owner, totp = guarded
    visitors = [half_way(house, owner.login) for _ in range(3)]
    with later(seconds=40):
        same = code_at(totp)
        threads = [threading.Thread(target=code, args=(visitor, same)) for visitor in visitors]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(visitor.is_in for visitor in visitors) == 1


def test_codes_of_the_steps_beside_are_good_and_no_others(house: House, guarded: tuple[Visitor, pyotp.TOTP]) -> None:
    owner, totp = guarded
    with later(minutes=10):
        for seconds, status in ((-95, 422), (95, 422), (-30, 303)):
            assert code(half_way(house, owner.login), code_at(totp, seconds=seconds)).status_code == status, seconds
    with later(minutes=20):
        assert code(half_way(house, owner.login), code_at(totp, seconds=30)).status_code == 303
        assert code(half_way(house, owner.login), code_at(totp)).status_code == 422, "earlier than the last one taken"


def test_the_first_step_is_over_after_five_minutes(house: House, guarded: tuple[Visitor, pyotp.TOTP]) -> None:
    owner, totp = guarded
    visitor = half_way(house, owner.login)
    with later(minutes=5, seconds=1):
        assert code(visitor, code_at(totp)).headers["Location"] == "/sign-in"
        assert not visitor.is_in


def test_the_first_step_is_over_after_five_wrong_codes(house: House, guarded: tuple[Visitor, pyotp.TOTP]) -> None:
    owner, totp = guarded
    visitor = half_way(house, owner.login)
    for number in range(5):
        with later(seconds=40 * number):
            code(visitor, "000000")
    with later(seconds=250):
        assert code(visitor, code_at(totp)).headers["Location"] == "/sign-in"


def test_the_right_password_does_not_free_guesses_at_the_code(
    house: House, guarded: tuple[Visitor, pyotp.TOTP]
) -> None:
    owner, totp = guarded
    with standing() as clock:
        answers = [code(half_way(house, owner.login), "000000").status_code for _ in range(4)]
        assert answers == [422] * 4
        thief = half_way(house, owner.login)
        assert code(thief, "000001").status_code == 422
        assert house.visitor().sign_in(owner.login).status_code == 429, "the delay begins, for the password too"
        assert code(thief, code_at(totp, seconds=30)).status_code == 429, "the right code within it is refused"
        clock.shift(LONGEST_DELAY_SECONDS + 1)
        assert code(half_way(house, owner.login), code_at(totp)).status_code == 303, "and never locked out"


def test_a_wrong_first_code_sets_nothing_up(house: House) -> None:
    visitor = house.signed_in()
    visitor.post("/account/authenticator/begin")
    assert visitor.post("/account/authenticator", code="000000").status_code == 422
    assert house.visitor().sign_in(visitor.login).headers["Location"] == "/", "the password is still enough"


def test_the_secret_is_shown_once_and_kept_sealed(house: House) -> None:
    visitor = house.signed_in()
    visitor.post("/account/authenticator/begin")
    page = visitor.get("/account/authenticator").text
    secret = page.split('class="secret">')[1].split("<")[0].replace(" ", "")
    picture = visitor.get("/account/authenticator/picture")
    assert picture.mimetype == "image/svg+xml"
    assert b"style=" not in picture.data
    rows = house.world.rows(
        """SELECT row::text FROM totp_factor AS row UNION ALL SELECT row::text FROM audit_row AS row
            UNION ALL SELECT row::text FROM idempotency_key AS row"""
    )
    assert not [text for (text,) in rows if secret in text]
    visitor.post("/account/authenticator", code=code_at(pyotp.TOTP(secret)))
    assert visitor.get("/account/authenticator").headers["Location"] == "/account"
    assert visitor.get("/account/authenticator/picture").status_code == 404
    assert secret not in visitor.get("/account").text


def test_a_sealed_secret_opens_for_its_owner_and_here_only() -> None:
    seal = Seal("one installation's secret", "second factors")
    sealed = seal.close("JBSWY3DPEHPK3PXP", "7")
    assert seal.open(sealed, "7") == "JBSWY3DPEHPK3PXP"
    assert seal.close("JBSWY3DPEHPK3PXP", "7") != sealed
    middle = len(sealed) // 2  # the last letter also holds bits that stand for nothing
    changed = sealed[:middle] + ("A" if sealed[middle] != "A" else "B") + sealed[middle + 1 :]
    for other, text, owner in (
        (seal, sealed, "8"),
        (seal, changed, "7"),
        (seal, "v1.", "7"),
        (Seal("another's secret", "second factors"), sealed, "7"),
        (Seal("one installation's secret", "another purpose"), sealed, "7"),
    ):
        with pytest.raises(Unsealable):
            other.open(text, owner)


def test_setting_up_removing_and_refusing_are_on_record(house: House, guarded: tuple[Visitor, pyotp.TOTP]) -> None:
    owner, _totp = guarded
    code(half_way(house, owner.login), "000000")
    owner.post("/account/authenticator/remove")
    for action in ("factor_added", "factor_removed", "sign_in_failed"):
        assert house.audited(owner.login, f"user.{action}") == 1, action
    kinds = house.world.rows("SELECT kind FROM notice WHERE user_id = :id", id=house.user_id(owner.login))
    assert sorted(kind for (kind,) in kinds) == ["factor_added", "factor_removed"]


# recovery codes -------------------------------------------------------------------------------------------------------
def test_a_recovery_code_lets_in_once(house: House, guarded: tuple[Visitor, pyotp.TOTP]) -> None:
    owner, _totp = guarded
    codes = owner.make_recovery_codes()
    assert len(set(codes)) == 10
    typed = codes[0].lower().replace("-", " ")
    assert code(half_way(house, owner.login), typed).status_code == 303
    again = half_way(house, owner.login)
    assert code(again, codes[0]).status_code == 422
    assert not again.is_in
    assert codes_left(house, owner.login) == 9
    assert house.audited(owner.login, "user.recovery_code_used") == 1
    told = "SELECT count(*) FROM notice WHERE kind = 'recovery_code_used' AND user_id = :id"
    assert house.world.value(told, id=house.user_id(owner.login)) == 1


def test_new_codes_kill_the_old_ones(house: House, guarded: tuple[Visitor, pyotp.TOTP]) -> None:
    owner, _totp = guarded
    old = owner.make_recovery_codes()
    new = owner.make_recovery_codes()
    assert not set(old) & set(new)
    assert code(half_way(house, owner.login), old[1]).status_code == 422
    assert code(half_way(house, owner.login), new[1]).status_code == 303


def test_somebody_else_s_code_opens_nothing(house: House, guarded: tuple[Visitor, pyotp.TOTP]) -> None:
    owner, _totp = guarded
    other = house.signed_in()
    other.add_authenticator()
    foreign = other.make_recovery_codes()[0]
    assert code(half_way(house, owner.login), foreign).status_code == 422


def test_codes_are_shown_once_and_kept_as_hashes(house: House, guarded: tuple[Visitor, pyotp.TOTP]) -> None:
    owner, _totp = guarded
    key = new_key()
    shown = owner.post("/account/recovery-codes", idempotency_key=key).text
    assert shown.count("<li>") >= 10
    codes = re.findall(r"<li>([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})</li>", shown)
    assert len(codes) == 10
    again = owner.post("/account/recovery-codes", idempotency_key=key).text
    assert not re.findall(r"<li>[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}</li>", again), "the same form again shows none"
    rows = house.world.rows(
        """SELECT row::text FROM recovery_code AS row UNION ALL SELECT row::text FROM audit_row AS row
            UNION ALL SELECT row::text FROM idempotency_key AS row
            UNION ALL SELECT row::text FROM outbox_event AS row"""
    )
    assert not [text for (text,) in rows if any(each in text for each in codes)]


def test_what_is_shown_once_goes_out_as_it_is(house: House, guarded: tuple[Visitor, pyotp.TOTP]) -> None:
    """Codes, tokens and the authenticator's key: their pages are not compressed, so that sizes tell nothing of them."""
    owner, _totp = guarded
    newcomer = house.signed_in()
    newcomer.post("/account/authenticator/begin")
    for visitor in (owner, newcomer):
        visitor.client.environ_base["HTTP_ACCEPT_ENCODING"] = "br, gzip"
    assert owner.get("/account").headers["Content-Encoding"] == "br"
    token = {"name": "Nightly", "days": "90", "scopes": ["customers.read"]}
    answers = [
        owner.post("/account/recovery-codes"),
        owner.post("/account/tokens/new", **token),
        newcomer.get("/account/authenticator"),
    ]
    for answer, shown in zip(answers, ('class="codes"', 'class="secret"', 'class="secret"'), strict=True):
        assert shown in answer.text, "not compressed"
        assert "Content-Encoding" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store, no-transform"


def test_without_a_factor_there_are_no_codes(house: House, guarded: tuple[Visitor, pyotp.TOTP]) -> None:
    nobody = house.signed_in()
    assert nobody.post("/account/recovery-codes").status_code == 303
    assert codes_left(house, nobody.login) == 0
    owner, _totp = guarded
    owner.make_recovery_codes()
    owner.post("/account/authenticator/remove")
    assert codes_left(house, owner.login) == 0
    assert house.visitor().sign_in(owner.login).headers["Location"] == "/"


def test_a_proof_asks_for_the_factor_where_there_is_one(house: House, guarded: tuple[Visitor, pyotp.TOTP]) -> None:
    owner, totp = guarded
    with later(minutes=11):
        assert owner.post("/account/prove", password=PASSWORD, next="/account").status_code == 422
        assert owner.get("/account/password").status_code == 303
        assert owner.post("/account/prove", code=code_at(totp), next="/account").status_code == 303
        assert owner.get("/account/password").status_code == 200


# the company's rule ---------------------------------------------------------------------------------------------------
@pytest.fixture
def rule(house: House) -> Iterator[Any]:
    yield lambda who: house.world.run(change_company, {"second_factor_for": who})
    house.world.run(change_company, {"second_factor_for": "nobody"})


def test_who_must_and_has_none_sets_one_up_first(house: House, rule: Any) -> None:
    before, seller = house.signed_in("admin"), house.signed_in("sales")
    rule("administrators")
    assert seller.get("/customers").status_code == 200
    admin = house.visitor()
    admin.sign_in(before.login)
    for visitor in (admin, before):
        for path in ("/", "/customers", "/users", "/settings", "/account/tokens", "/account/sessions", "/search"):
            assert visitor.get(path).headers["Location"] == "/account", path
        for path in ("/users/new", "/customers/new", "/account/tokens/new", "/account/password"):
            assert visitor.post(path, name="x").headers["Location"] == "/account", path
    assert "Set up a second factor to go on" in admin.get("/account").text
    admin.add_authenticator()
    assert admin.get("/users").status_code == 200
    assert before.get("/users").status_code == 200, "it is the person's, not the browser's"
    rule("everyone")
    assert seller.get("/customers").headers["Location"] == "/account"


def test_the_rule_is_the_company_s_setting(house: House, rule: Any) -> None:
    admin = house.signed_in("admin")
    admin.add_authenticator()
    values = {"second_factor_for": "everyone", "session_idle_hours": "12", "session_days": "30"}
    assert admin.post("/settings/sign-in", **values).status_code == 303
    assert 'value="everyone"' in re.findall(r"<option[^>]*selected[^>]*>", admin.get("/settings/sign-in").text)[0]
    for wrong in ({"session_days": "0"}, {"session_idle_hours": "721"}, {"second_factor_for": "some"}):
        assert admin.post("/settings/sign-in", **{**values, **wrong}).status_code == 422, wrong


def test_an_administrator_takes_lost_factors_away(house: House, guarded: tuple[Visitor, pyotp.TOTP]) -> None:
    owner, totp = guarded
    owner.make_recovery_codes()
    half = half_way(house, owner.login)
    admin = house.signed_in("admin")
    path = f"/users/{house.user_id(owner.login)}"
    assert totp.secret not in admin.get(path).text
    assert house.signed_in("sales").post(f"{path}/reset-factors").status_code == 403
    assert admin.post(f"{path}/reset-factors").status_code == 303
    with later(seconds=40):
        assert code(half, code_at(totp)).headers["Location"] == "/sign-in", "what was half way is over"
    assert codes_left(house, owner.login) == 0
    assert house.visitor().sign_in(owner.login).headers["Location"] == "/"
    assert house.audited(owner.login, "user.factors_reset") == 1
    told = "SELECT data ->> 'by' FROM notice WHERE kind = 'factors_reset' AND user_id = :id"
    assert house.world.value(told, id=house.user_id(owner.login)) == admin.login.title()


# delays ---------------------------------------------------------------------------------------------------------------
@contextmanager
def standing() -> Iterator[Any]:
    """The clock stands still and is moved by hand, so that a slow machine tests the same."""
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:
        yield clock


def fail(visitor: Visitor, login: str, times: int) -> list[int]:
    return [visitor.sign_in(login, "wrong wrong").status_code for _ in range(times)]


def test_the_delay_of_an_account_grows_and_ends(house: House) -> None:
    login = house.somebody()
    with standing() as clock:
        assert fail(house.visitor(), login, 5) == [422] * 5
        waits = []
        for _ in range(12):
            refused = house.visitor().sign_in(login)
            assert refused.status_code == 429, "the right password within the delay"
            waits.append(int(refused.headers["Retry-After"]))
            clock.shift(waits[-1])
            assert house.visitor().sign_in(login, "wrong wrong").status_code == 422
        assert waits[0] <= 3
        assert all(longer >= shorter for shorter, longer in pairwise(waits))
        assert waits[-1] == LONGEST_DELAY_SECONDS + 1
        clock.shift(LONGEST_DELAY_SECONDS + 1)
        assert house.visitor().sign_in(login).status_code == 303, "never for good"
        assert fail(house.visitor(), login, 5) == [422] * 5, "and then it begins anew"


def test_a_refusal_within_the_delay_does_not_lengthen_it(house: House) -> None:
    login = house.somebody()
    with standing() as clock:
        fail(house.visitor(), login, 5)
        assert fail(house.visitor(), login, 30) == [429] * 30
        clock.shift(3)
        assert house.visitor().sign_in(login).status_code == 303


def test_the_delay_of_an_address_is_not_for_ever_and_not_for_others(house: House) -> None:
    office, honest = house.address(), house.somebody()
    with standing() as clock:
        for _ in range(13):
            assert house.visitor(office).sign_in(house.somebody(), "wrong wrong").status_code == 422
        assert house.visitor(office).sign_in(honest).status_code == 429
        assert house.visitor().sign_in(honest).status_code == 303, "from elsewhere he comes in"
        clock.shift(3)
        assert house.visitor(office).sign_in(honest).status_code == 303


def test_an_account_of_one_s_own_frees_no_guesses_at_others(house: House) -> None:
    office, own = house.address(), house.somebody()
    with standing():
        for _ in range(12):
            assert house.visitor(office).sign_in(house.somebody(), "wrong wrong").status_code == 422
            assert house.visitor(office).sign_in(own).status_code == 303
        assert house.visitor(office).sign_in(house.somebody(), "wrong wrong").status_code == 422
        assert house.visitor(office).sign_in(own).status_code == 429


def test_who_mistypes_and_then_comes_in_holds_up_no_colleague(house: House) -> None:
    office = house.address()
    with standing():
        for _ in range(8):
            clumsy = house.somebody()
            assert fail(house.visitor(office), clumsy, 3) == [422] * 3
            assert house.visitor(office).sign_in(clumsy).status_code == 303


def test_failures_are_forgotten_after_a_day(house: House) -> None:
    office, login = house.address(), house.somebody()
    with standing() as clock:
        fail(house.visitor(), login, 6)
        for _ in range(14):
            house.visitor(office).sign_in(house.somebody(), "wrong wrong")
        clock.shift(25 * 3600)
        assert fail(house.visitor(office), login, 2) == [422, 422]
        assert house.visitor(office).sign_in(login).status_code == 303


def test_a_few_failures_are_forgotten_after_a_day_too(house: House) -> None:
    """Below any delay as well; else a day later the first delay would tell which names there are."""
    told = {}
    for login in (house.somebody(), "nobody-of-that-name"):
        with standing() as clock:
            fail(house.visitor(), login, 4)
            clock.shift(25 * 3600)
            told[login] = fail(house.visitor(), login, 7)
    assert list(told.values()) == [[422] * 5 + [429] * 2] * 2


def test_all_addresses_of_one_network_are_one(house: House) -> None:
    """Who has one IPv6 address has 2^64 of them."""
    with standing():
        for number in range(13):
            visitor = house.visitor(f"2001:db8:7:7::{number:x}")
            assert visitor.sign_in(house.somebody(), "wrong wrong").status_code == 422
        assert house.visitor("2001:db8:7:7:ffff::1").sign_in(house.somebody()).status_code == 429
        assert house.visitor("2001:db8:7:8::1").sign_in(house.somebody()).status_code == 303


def test_a_name_nobody_has_is_answered_like_one_somebody_has(house: House) -> None:
    known, unknown = house.somebody(), "nobody-of-this-name"
    answers = {}
    for login in (known, unknown):
        visitor = house.visitor()
        with standing():
            told = [visitor.sign_in(login, "wrong wrong") for _ in range(7)]
        answers[login] = [
            (answer.status_code, re.findall(r'role="alert".*?</div>', answer.text, re.S)) for answer in told
        ]
    assert [status for status, _text in answers[known]] == [422] * 5 + [429] * 2
    assert answers[known] == answers[unknown]


def test_the_hash_is_checked_whether_or_not_there_is_such_a_user(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same work is done in both cases, so that the time does not tell."""
    checked: list[str] = []

    class Counting:
        def verify(self, kept: str, password: str) -> bool:
            checked.append(kept)
            return hasher.verify(kept, password)

    monkeypatch.setattr("core.passwords.hasher", Counting())
    house.visitor().sign_in("nobody-at-all", "wrong wrong")
    house.visitor().sign_in(house.somebody(), "wrong wrong")
    assert len(checked) == 2
    for kept in checked:
        assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_failures_at_the_same_moment_are_all_counted(house: House) -> None:
    login, office = house.somebody(), house.address()
    statuses: list[int] = []

    def guess(number: int) -> None:
        statuses.append(house.visitor(office).sign_in(login, f"wrong {number}").status_code)

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(8)]
    with standing():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(statuses) == [422] * 5 + [429] * 3


def test_many_attempts_at_once_do_not_tell_which_names_there_are(house: House) -> None:
    told = {}
    for login in (house.somebody(), "nobody-at-once"):
        statuses: list[int] = []
        visitors = [house.visitor() for _ in range(10)]
        gate = threading.Barrier(len(visitors))

        def guess(visitor: Visitor, login: str = login, gate: Any = gate, statuses: list[int] = statuses) -> None:
            gate.wait()
            statuses.append(visitor.sign_in(login, "wrong wrong").status_code)

        threads = [threading.Thread(target=guess, args=(visitor,)) for visitor in visitors]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        told[login] = sorted(statuses)
    assert list(told.values()) == [[422] * 5 + [429] * 5] * 2


# passwords ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "too_short"),
        ("12345678", "password_common"),
        ("87654321", "password_common"),
        ("Password123!", "password_common"),
        ("ＰＡＳＳＷＯＲＤ", "password_common"),
        ("13800138000", "password_common"),
        ("123456789012", "password_common"),
        ("aaaaaaaa", "password_common"),
        ("11112222", "password_common"),
        ("woaini1314", "password_common"),
        ("lin.wei2024", "password_like_name"),
        ("Hengtong 2026!", "password_like_name"),
        ("x" * 201, "too_long"),
        ("correct horse battery", None),
        ("demo-demo", None),
        ("龙井茶在苏州好喝", None),
    ],
)
def test_what_is_guessed_first_is_refused(password: str, code: str | None) -> None:
    errors = FieldErrors()
    check_password(errors, password, "lin.wei", "Lin Wei", "Hengtong")
    assert [fault.code for fault in errors.found.values()] == ([code] if code else [])


def test_a_user_is_made_with_no_such_password(house: House) -> None:
    from core.errors import InvalidInput

    values = {"login": "weak", "name": "Weak", "roles": ["sales"], "password": "password1"}
    with pytest.raises(InvalidInput) as refused:
        house.world.run(create_user, values)
    assert refused.value.fields["password"].code == "password_common"


def test_nothing_is_kept_of_a_cookie_that_is_nonsense(house: House) -> None:
    for token in ("", "x" * 3000, "\x7f", "%00", datetime.now(UTC).isoformat()):
        visitor = house.visitor()
        visitor.client.set_cookie(COOKIE, token)
        assert visitor.get("/menu").status_code == 303
