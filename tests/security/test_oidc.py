"""Sign-in with a provider: only what it said, to this browser, just now, about a person who may."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import time_machine
from flask.testing import FlaskClient
from joserfc.jwk import RSAKey

from core import sealing
from core.context import Actor
from core.errors import InvalidInput, PermissionDenied
from core.oidc import save_provider
from core.oidc_client import forget_documents
from core.outgoing import Guard, OutgoingRefused, fetch
from core.permissions import PERMISSIONS
from core.scope import EVERYTHING
from core.users import change_user
from tests.conftest import DatabaseUrls
from tests.mailbox import PUBLIC_URL, mailing
from tests.security.oidc_provider import CLIENT_ID, CLIENT_SECRET, Provider, Twist, running_provider
from tests.security.test_password_reset import browser, everything_in
from tests.web.test_sign_in import post, sign_in
from tests.world import World


@pytest.fixture
def world(fresh_database: DatabaseUrls) -> Iterator[World]:
    forget_documents()
    world = World.set_up(fresh_database.app, language="en")
    world.user("wei", "sales", language="en")
    world.run(change_user, user_id(world), {"email": "wei@example.com"})
    yield world
    world.database.dispose()


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running_provider() as provider, mailing("smtp://127.0.0.1:1"):
        yield provider


@pytest.fixture
def visitor(world: World, provider: Provider) -> FlaskClient:
    visitor = browser()
    save(world, provider)
    return visitor


def user_id(world: World, login: str = "wei") -> int:
    return int(world.value("SELECT id FROM app_user WHERE login = :login", login=login))


def save(world: World, provider: Provider, provider_id: int | None = None, **values: Any) -> int:
    sealing.configure("for tests only, thirty-two bytes!")
    given = {
        "name": "Acme", "issuer": provider.issuer, "client_id": CLIENT_ID, "secret": CLIENT_SECRET,
        "may_be_internal": True, **values,
    }  # fmt: skip
    return int(world.run(save_provider, given, provider_id=provider_id)["id"])


def number(world: World) -> int:
    return int(world.value("SELECT min(id) FROM oidc_provider"))


def go(visitor: FlaskClient, world: World, **query: str) -> str:
    """Off to the provider and through it; the path with which it sends the browser back."""
    off = visitor.get(f"/sign-in/with/{number(world)}", query_string=query)
    assert off.status_code == 303
    back = httpx.get(off.headers["Location"]).headers["Location"]
    assert back.startswith(f"{PUBLIC_URL}/sign-in/with/{number(world)}/back?")
    return back.removeprefix(PUBLIC_URL)


def is_in(visitor: FlaskClient) -> bool:
    return bool(visitor.get("/menu").status_code == 200)


def refusal(visitor: FlaskClient, answer: Any) -> str:
    """What the sign-in page says of it; nobody is in."""
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in")
    page = visitor.get("/sign-in", headers={"Accept-Language": "en"}).text
    assert not is_in(visitor)
    return page


# the way --------------------------------------------------------------------------------------------------------------
def test_a_person_comes_in_and_is_linked_once(visitor: FlaskClient, world: World, provider: Provider) -> None:
    assert "Acme" in visitor.get("/sign-in").text
    done = visitor.get(go(visitor, world, next="/users"))
    assert (done.status_code, done.headers["Location"]) == (303, "/users")
    assert is_in(visitor)
    assert world.rows("SELECT issuer, subject, user_id, email FROM oidc_identity") == [
        (provider.issuer, "1", user_id(world), "wei@example.com")
    ]
    linked = world.rows("SELECT record_id, changes FROM audit_row WHERE action = 'user.oidc_linked'")
    assert linked == [(user_id(world), {"issuer": provider.issuer, "subject": "1", "email": "wei@example.com"})]
    provider.claims |= {"email": "other@example.com"}
    again = browser()
    again.get(go(again, world))
    assert is_in(again), "by issuer and subject, whatever the address is by then"
    assert world.value("SELECT count(*) FROM audit_row WHERE action = 'user.oidc_linked'") == 1


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_no_foreign_target_is_followed(visitor: FlaskClient, world: World, target: str) -> None:
    assert visitor.get(go(visitor, world, next=target)).headers["Location"] == "/"


def test_a_session_from_before_does_not_survive(visitor: FlaskClient, world: World) -> None:
    visitor.set_cookie("sign-in", "chosen-by-somebody-else")
    visitor.get(go(visitor, world))
    after = visitor.get_cookie("sign-in")
    assert after is not None and after.value != "chosen-by-somebody-else"
    with visitor.session_transaction() as kept:
        assert "oidc" not in kept


# state ----------------------------------------------------------------------------------------------------------------
def test_another_state_is_refused_before_the_code_is_used(
    visitor: FlaskClient, world: World, provider: Provider
) -> None:
    back = go(visitor, world)
    assert "begun elsewhere" in refusal(visitor, visitor.get(re.sub("state=[^&]+", "state=forged", back)))
    assert provider.traded == []
    assert "begun elsewhere" in refusal(visitor, visitor.get(back)), "one answer, right or wrong"


def test_an_answer_belongs_to_the_browser_that_asked(visitor: FlaskClient, world: World, provider: Provider) -> None:
    """Somebody else's answer would sign this browser in as him."""
    back, other = go(visitor, world), browser()
    go(other, world)
    assert "begun elsewhere" in refusal(other, other.get(back))
    nobody = browser()
    assert "begun elsewhere" in refusal(nobody, nobody.get(back))
    assert provider.traded == []


def test_a_state_is_answered_once_whatever_cookies_are_kept(
    visitor: FlaskClient, world: World, provider: Provider
) -> None:
    back = go(visitor, world)
    kept = visitor.get_cookie("session")
    assert kept is not None
    visitor.get(back)
    assert is_in(visitor)
    thief = browser()
    thief.set_cookie("session", kept.value)
    assert "begun elsewhere" in refusal(thief, thief.get(back))
    assert len(provider.traded) == 1


def test_a_code_is_traded_once(visitor: FlaskClient, world: World, provider: Provider) -> None:
    first = parse_qs(urlsplit(go(visitor, world)).query)["code"][0]
    provider.codes.pop(first)
    back = re.sub("code=[^&]+", f"code={first}", go(visitor, world))
    assert "does not hold" in refusal(visitor, visitor.get(back))


def test_an_answer_that_took_too_long(visitor: FlaskClient, world: World, provider: Provider) -> None:
    back = go(visitor, world)
    with time_machine.travel(later(minutes=11)):
        assert "begun elsewhere" in refusal(visitor, visitor.get(back))
    assert provider.traded == []


def later(**span: int) -> Any:
    return datetime.now(UTC) + timedelta(**span)


def test_another_issuer_in_the_answer(visitor: FlaskClient, world: World, provider: Provider) -> None:
    back = re.sub("iss=[^&]+", "iss=https%3A%2F%2Fevil.example", go(visitor, world))
    assert "does not hold" in refusal(visitor, visitor.get(back))
    assert provider.traded == []


def test_a_provider_that_says_no(visitor: FlaskClient, world: World) -> None:
    state = parse_qs(urlsplit(go(visitor, world)).query)["state"][0]
    back = f"/sign-in/with/{number(world)}/back?error=access_denied&state={state}"
    assert "did not sign you in" in refusal(visitor, visitor.get(back))


# the token ------------------------------------------------------------------------------------------------------------
TWISTS: dict[str, Twist] = {
    "another nonce": lambda claims: claims | {"nonce": "another"},
    "no nonce": lambda claims: {name: value for name, value in claims.items() if name != "nonce"},
    "another audience": lambda claims: claims | {"aud": "somebody else"},
    "another audience, ours as the party": lambda claims: claims | {"aud": "somebody else", "azp": CLIENT_ID},
    "several audiences without saying for whom": lambda claims: claims | {"aud": [CLIENT_ID, "somebody else"]},
    "another party": lambda claims: claims | {"azp": "somebody else"},
    "expired": lambda claims: claims | {"exp": claims["iat"] - 61},
    "no end": lambda claims: {name: value for name, value in claims.items() if name != "exp"},
    "from the future": lambda claims: claims | {"iat": claims["iat"] + 3600, "exp": claims["iat"] + 7200},
    "another issuer": lambda claims: claims | {"iss": "https://evil.example"},
    "no subject": lambda claims: claims | {"sub": ""},
    "a subject that is no text": lambda claims: claims | {"sub": ["1"]},
}


@pytest.mark.parametrize("name", TWISTS)
def test_a_token_that_does_not_hold(visitor: FlaskClient, world: World, provider: Provider, name: str) -> None:
    provider.twist = TWISTS[name]
    assert "does not hold" in refusal(visitor, visitor.get(go(visitor, world)))
    assert world.value("SELECT count(*) FROM oidc_identity") == 0


@pytest.mark.parametrize("name", ["unsigned", "signed_with_the_public_key", "signed_by_another"])
def test_a_token_that_is_not_signed_by_the_provider(
    visitor: FlaskClient, world: World, provider: Provider, name: str
) -> None:
    provider.sign = getattr(provider, name)
    assert "does not hold" in refusal(visitor, visitor.get(go(visitor, world)))


def test_a_new_key_of_the_provider_is_taken(
    visitor: FlaskClient, world: World, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.get(go(visitor, world))
    provider.key = RSAKey.generate_key(2048, {"kid": "two"})
    other = browser()
    assert "does not hold" in refusal(other, other.get(go(other, world))), "keys are read once a minute at most"
    monkeypatch.setattr("core.oidc_client.NEW_KEYS_AFTER_SECONDS", 0)
    other.get(go(other, world))
    assert is_in(other) and provider.key_reads == 2


# the person -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_address_that_is_not_verified_links_nobody(
    visitor: FlaskClient, world: World, provider: Provider, verified: object
) -> None:
    provider.claims["email_verified"] = verified
    assert "no verified e-mail address" in refusal(visitor, visitor.get(go(visitor, world)))


def test_somebody_without_an_account(visitor: FlaskClient, world: World, provider: Provider) -> None:
    provider.claims["email"] = "stranger@example.com"
    assert "You have no account here" in refusal(visitor, visitor.get(go(visitor, world)))


@pytest.mark.parametrize("linked_before", [True, False])
def test_a_disabled_user(visitor: FlaskClient, world: World, linked_before: bool) -> None:
    if linked_before:
        visitor.get(go(visitor, world))
    world.run(change_user, user_id(world), {"is_active": False})
    assert not is_in(visitor)
    assert "You have no account here" in refusal(visitor, visitor.get(go(visitor, world)))


def test_the_subject_of_another_issuer_is_another_person(
    visitor: FlaskClient, world: World, provider: Provider
) -> None:
    visitor.get(go(visitor, world))
    with running_provider() as other:
        other.claims |= {"email": "stranger@example.com"}
        save(world, other, number(world))
        again = browser()
        assert "You have no account here" in refusal(again, again.get(go(again, world)))


def test_an_address_that_passed_to_another_person(visitor: FlaskClient, world: World, provider: Provider) -> None:
    visitor.get(go(visitor, world))
    provider.claims["sub"] = "2"
    other = browser()
    assert "belongs to another person" in refusal(other, other.get(go(other, world)))
    admin = browser()
    sign_in(admin)
    identity = world.value("SELECT id FROM oidc_identity")
    page = f"/settings/sign-in/{number(world)}"
    assert post(admin, f"{page}/people/{identity}/unlink", page).status_code == 303
    other.get(go(other, world))
    assert is_in(other)
    assert world.value("SELECT count(*) FROM audit_row WHERE action = 'user.oidc_unlinked'") == 1


def test_domains_keep_others_out_also_those_linked_before(
    visitor: FlaskClient, world: World, provider: Provider
) -> None:
    visitor.get(go(visitor, world))
    save(world, provider, number(world), domains=["books.example"])
    other = browser()
    assert "not one of this company" in refusal(other, other.get(go(other, world)))


def test_accounts_are_made_for_our_domains_only(visitor: FlaskClient, world: World, provider: Provider) -> None:
    with pytest.raises(InvalidInput) as refused:
        save(world, provider, number(world), new_role="sales")
    assert refused.value.fields["domains"].code == "domains_needed"
    save(world, provider, number(world), new_role="sales", domains=["example.com"])
    provider.claims |= {"sub": "9", "email": "Lin@Example.com", "name": "Lin\nWei"}
    visitor.get(go(visitor, world))
    assert is_in(visitor)
    assert world.rows(
        "SELECT login, app_user.name, email, password_hash, role.code FROM app_user JOIN user_role ON user_id = "
        "app_user.id JOIN role ON role.id = role_id WHERE login LIKE 'lin%'"
    ) == [("lin@example.com", "Lin Wei", "lin@example.com", None, "sales")]
    provider.claims |= {"sub": "10", "email": "lin@evil.example"}
    other = browser()
    assert "not one of this company" in refusal(other, other.get(go(other, world)))


# the provider ---------------------------------------------------------------------------------------------------------
def test_a_provider_that_is_not_offered(visitor: FlaskClient, world: World, provider: Provider) -> None:
    back = go(visitor, world)
    save(world, provider, number(world), is_active=False)
    assert "Acme" not in visitor.get("/sign-in").text
    assert visitor.get(f"/sign-in/with/{number(world)}").status_code == 404
    assert visitor.get(back).status_code == 404 and not is_in(visitor)


def test_without_an_address_of_our_own_nothing_is_offered(visitor: FlaskClient, world: World) -> None:
    with mailing("smtp://127.0.0.1:1", public_url=None):
        assert "Acme" not in visitor.get("/sign-in").text
        assert visitor.get(f"/sign-in/with/{number(world)}").status_code == 404


def test_the_way_back_is_our_own_address(visitor: FlaskClient, world: World) -> None:
    off = visitor.get(f"/sign-in/with/{number(world)}", headers={"Host": "evil.example"})
    assert parse_qs(urlsplit(off.headers["Location"]).query)["redirect_uri"][0].startswith(PUBLIC_URL + "/")


@pytest.mark.parametrize("lie", [{"issuer": "https://evil.example"}, {"jwks_uri": "file:///etc/passwd"}])
def test_a_description_that_does_not_fit(
    visitor: FlaskClient, world: World, provider: Provider, lie: dict[str, str]
) -> None:
    provider.metadata = lie
    assert "cannot be used now" in refusal(visitor, visitor.get(f"/sign-in/with/{number(world)}"))


def test_our_own_network_is_asked_only_where_it_was_allowed(
    visitor: FlaskClient, world: World, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidInput):
        save(world, provider, number(world), may_be_internal=False)
    guard = Guard.of_environment(private=True)
    for address in (
        "http://169.254.169.254/latest",
        "http://[fe80::1]",
        "http://[::ffff:169.254.169.254]",
        "http://0.0.0.0",
    ):
        with pytest.raises(OutgoingRefused, match="outgoing_inside"):
            fetch("GET", address, guard=guard)
    with pytest.raises(OutgoingRefused, match="outgoing_inside"):
        fetch("GET", provider.issuer + "/keys")
    assert fetch("GET", provider.issuer + "/keys", guard=guard).status == 200


# settings -------------------------------------------------------------------------------------------------------------
def test_the_secret_goes_in_and_never_comes_out(visitor: FlaskClient, world: World) -> None:
    sealed = world.value("SELECT secret FROM oidc_provider")
    assert sealing.unseal(sealed, "oidc client secret") == CLIENT_SECRET
    with pytest.raises(sealing.Unsealable):
        sealing.unseal(sealed, "something else")
    assert CLIENT_SECRET not in everything_in(world)
    audit = str(world.rows("SELECT changes FROM audit_row WHERE record_type = 'oidc_provider'"))
    assert sealed not in audit and "•" in audit
    admin = browser()
    sign_in(admin)
    key = {"Authorization": f"Bearer {world.token('admin')}"}
    for page in (
        admin.get(f"/settings/sign-in/{number(world)}").text,
        admin.get(f"/api/v1/sign-in-providers/{number(world)}", headers=key).text,
    ):
        assert CLIENT_SECRET not in page and sealed not in page and "Acme" in page


def test_a_provider_by_the_pages(visitor: FlaskClient, world: World) -> None:
    admin = browser()
    sign_in(admin)
    given = {"name": "Keys", "issuer": "https://keys.example.com", "client_id": "c", "secret": "x", "is_active": "y"}
    faulty = post(admin, "/settings/sign-in/new", **{**given, "issuer": "http://keys.example.com", "domains": "a b"})
    assert faulty.status_code == 422 and faulty.text.count('class="err"') == 2
    made = post(admin, "/settings/sign-in/new", **given, domains="b.example, a.example\n", new_role="sales")
    page = made.headers["Location"]
    assert world.value("SELECT domains FROM oidc_provider WHERE name = 'Keys'") == ["a.example", "b.example"]
    version = world.value("SELECT version FROM oidc_provider WHERE name = 'Keys'")
    saved = post(admin, page, **{**given, "secret": "", "name": "Key ring", "version": version})
    assert saved.status_code == 303
    row = world.rows("SELECT name, secret IS NOT NULL, domains, new_role_id FROM oidc_provider WHERE client_id = 'c'")
    assert row == [("Key ring", True, [], None)]
    assert post(admin, page, **{**given, "version": version}).status_code == 422, "somebody else saved meanwhile"
    same = post(admin, "/settings/sign-in/new", **{**given, "name": "Other"})
    assert same.status_code == 422


def test_who_keeps_the_settings_but_not_the_users_makes_no_provider(world: World, provider: Provider) -> None:
    keeper = Actor(None, "keeper", "Keeper", frozenset(PERMISSIONS) - {"users.manage"}, viewer=EVERYTHING)
    with pytest.raises(PermissionDenied):
        world.run(save_provider, {"name": "Acme"}, context=world.context(actor=keeper))


def test_a_key_that_changed_is_said_not_guessed(visitor: FlaskClient, world: World) -> None:
    sealing.configure("another key, that nothing was sealed with")
    assert "cannot be used now" in refusal(visitor, visitor.get(f"/sign-in/with/{number(world)}"))
