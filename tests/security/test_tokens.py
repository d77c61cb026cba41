"""API tokens: kept as hashes, never more than their person may, dead when they should be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from core.errors import DomainError, InvalidInput, NotFound
from core.tokens import TOKEN_PREFIX, end_token, issue_own_token, issue_token
from core.users import change_user
from tests.conftest import DatabaseUrls
from tests.security.people import House, later
from tests.world import World, new_key
from web.api.operation import OPERATIONS


@pytest.fixture(scope="module")
def house(module_database: DatabaseUrls) -> Iterator[House]:
    world = World.set_up(module_database.app, language="en")
    yield House(world)
    world.database.dispose()


def call(house: House, token: str, path: str = "/me", body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": new_key()}
    client = house.app.test_client()
    path = f"/api/v1{path}"
    return client.get(path, headers=headers) if body is None else client.post(path, headers=headers, json=body)


def issue(house: House, login: str, *scopes: str, **named: Any) -> str:
    return str(house.world.run(issue_token, login, list(scopes) or None, **named)["token"])


# scope ∩ role ---------------------------------------------------------------------------------------------------------
def test_a_token_does_what_both_allow(house: House) -> None:
    token = issue(house, house.somebody("sales"), "customers.read", "users.manage")
    assert call(house, token, "/customers").status_code == 200
    assert call(house, token, "/users").status_code == 403, "his scope, not his role"
    assert call(house, token, "/products").status_code == 403, "his role, not his scope"
    assert call(house, token).get_json()["permissions"] == ["api.use", "customers.read"]


def test_a_demotion_bites_with_the_next_call(house: House) -> None:
    login = house.somebody("admin")
    limited, whole = issue(house, login, "users.manage"), issue(house, login)
    assert [call(house, token, "/users").status_code for token in (limited, whole)] == [200, 200]
    house.world.run(change_user, house.user_id(login), {"roles": ["sales"]})
    assert [call(house, token, "/users").status_code for token in (limited, whole)] == [403, 403]
    assert call(house, whole, "/customers").status_code == 200


def test_without_the_permission_to_use_the_api_no_token_does(house: House) -> None:
    login = house.somebody("sales")
    token = issue(house, login)
    role = "UPDATE role SET permissions = array_remove(permissions, 'api.use') WHERE code = 'sales'"
    back = "UPDATE role SET permissions = permissions || '{api.use}' WHERE code = 'sales'"
    from sqlalchemy import text

    with house.world.database.autocommit() as connection:
        connection.execute(text(role))
        assert call(house, token).status_code == 401
        connection.execute(text(back))
    assert call(house, token).status_code == 200


def test_no_scopes_are_not_all_scopes(house: House) -> None:
    login = house.somebody("sales")
    with pytest.raises(InvalidInput):
        house.world.run(issue_token, login, [])
    token = issue(house, login)
    from sqlalchemy import text

    emptied = text("UPDATE api_token SET scopes = '{}' WHERE user_id = :id")
    with house.world.database.autocommit() as connection:
        connection.execute(emptied, {"id": house.user_id(login)})
    assert call(house, token).get_json()["permissions"] == ["api.use"]
    assert call(house, token, "/customers").status_code == 403


def test_nobody_gives_a_token_more_than_he_may(house: House) -> None:
    visitor = house.signed_in("sales")
    answer = visitor.post("/account/tokens/new", name="greedy", days="90", scopes=["customers.read", "users.manage"])
    assert answer.status_code == 422
    assert "users.manage" in answer.text
    for scopes in ([], ["no.such"]):
        assert visitor.post("/account/tokens/new", name="x", days="90", scopes=scopes).status_code == 422
    assert visitor.post("/account/tokens/new", name="x", days="9999", scopes=["customers.read"]).status_code == 422
    mine = "SELECT count(*) FROM api_token WHERE user_id = :id"
    assert house.world.value(mine, id=house.user_id(visitor.login)) == 0
    with pytest.raises(DomainError):
        actor = house.world.actor_of(visitor.login)
        context = house.world.context(actor=actor)
        house.world.run(issue_own_token, "x", ["users.manage"], days=90, token_hash="h", context=context)


def test_a_token_issues_no_token_and_changes_no_factor(house: House) -> None:
    """Neither by the API, which has no such call, nor by a page, which takes no token."""
    calls = {(operation.method, operation.path) for operation in OPERATIONS}
    assert ("POST", "/tokens") not in calls
    assert not [path for _method, path in calls if re.search("factor|passkey|recovery|password", path)]
    token = issue(house, house.somebody("admin"))
    headers = {"Authorization": f"Bearer {token}"}
    answer = house.app.test_client().post("/account/tokens/new", headers=headers, data={"name": "x"})
    assert "/sign-in" in answer.headers["Location"]


# dead when they should be ---------------------------------------------------------------------------------------------
def test_an_expired_token_is_nobody(house: House) -> None:
    token = issue(house, house.somebody(), days=30)
    with later(days=29, hours=23):
        assert call(house, token).status_code == 200
    with later(days=30, minutes=1):
        assert call(house, token).status_code == 401


def test_an_ended_token_is_nobody(house: House) -> None:
    login = house.somebody()
    token = issue(house, login)
    token_id = house.world.value("SELECT id FROM api_token WHERE user_id = :id", id=house.user_id(login))
    house.world.run(end_token, house.user_id(login), token_id)
    assert call(house, token).status_code == 401
    with pytest.raises(NotFound):
        house.world.run(end_token, house.user_id(login), token_id)
    assert house.audited(login, "user.token_ended") == 1


def test_a_disabled_user_s_token_is_nobody_and_stays_so(house: House) -> None:
    login = house.somebody()
    token = issue(house, login)
    house.world.run(change_user, house.user_id(login), {"is_active": False})
    assert call(house, token).status_code == 401
    house.world.run(change_user, house.user_id(login), {"is_active": True})
    assert call(house, token).status_code == 401


@pytest.mark.parametrize("token", ["", "x", "cht_" + "x" * 43, "x" * 5000, "' OR true --", "cht_\x00"])
def test_what_is_no_token_is_nobody(house: House, token: str) -> None:
    assert house.app.test_client().get("/api/v1/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401


# the pages ------------------------------------------------------------------------------------------------------------
def test_a_token_is_shown_once_and_kept_as_a_hash(house: House) -> None:
    visitor = house.signed_in("sales")
    values = {"name": "Nightly", "days": "90", "scopes": ["customers.read"], "idempotency_key": new_key()}
    shown = visitor.post("/account/tokens/new", **values).text
    [token] = re.findall(rf"{TOKEN_PREFIX}[\w-]{{40,}}", shown)
    assert call(house, token, "/customers").status_code == 200
    again = visitor.post("/account/tokens/new", **values).text
    assert TOKEN_PREFIX not in again, "the same form again shows none, and makes none"
    assert "shown already" in again
    assert TOKEN_PREFIX not in visitor.get("/account/tokens").text
    rows = house.world.rows(
        """SELECT row::text FROM api_token AS row UNION ALL SELECT row::text FROM audit_row AS row
            UNION ALL SELECT row::text FROM idempotency_key AS row
            UNION ALL SELECT row::text FROM outbox_event AS row"""
    )
    assert not [text for (text,) in rows if token in text or token.removeprefix(TOKEN_PREFIX) in text]
    expiry = house.world.value(
        "SELECT extract(day FROM expires_at - created_at)::int FROM api_token WHERE name = 'Nightly'"
    )
    assert expiry == 90
    [ending] = re.findall(r'action="(/account/tokens/\d+/end)"', visitor.get("/account/tokens").text)
    assert house.signed_in("admin").post(ending).status_code == 404, "another's is none of mine"
    assert call(house, token).status_code == 200
    assert visitor.post(ending).status_code == 303
    assert call(house, token).status_code == 401


def test_the_last_use_is_noted_once_an_hour(house: House) -> None:
    login = house.somebody()
    token = issue(house, login)
    used = "SELECT last_used_at FROM api_token WHERE user_id = :id"
    assert house.world.value(used, id=house.user_id(login)) is None
    call(house, token)
    first = house.world.value(used, id=house.user_id(login))
    with later(minutes=30):
        call(house, token)
        assert house.world.value(used, id=house.user_id(login)) == first
    with later(minutes=61):
        call(house, token)
        assert house.world.value(used, id=house.user_id(login)) > first


def test_an_administrator_sees_and_ends_them(house: House) -> None:
    admin, login = house.signed_in("admin"), house.somebody()
    token, user_id = issue(house, login, name="Stray"), house.user_id(login)
    page = admin.get(f"/users/{user_id}").text
    assert "Stray" in page
    [ending] = re.findall(rf'action="(/users/{user_id}/tokens/\d+/end)"', page)
    assert house.signed_in("sales").post(ending).status_code == 403
    assert admin.post(ending).status_code == 303
    assert call(house, token).status_code == 401


def test_by_the_api_a_person_sees_and_ends_his_own(house: House) -> None:
    login = house.somebody()
    whole, limited = issue(house, login, name="whole"), issue(house, login, "customers.read", name="limited")
    listed = {row["name"]: row["id"] for row in call(house, whole, "/tokens").get_json()["items"]}
    assert listed.keys() == {"whole", "limited"}
    assert not [row for row in call(house, whole, "/tokens").get_json()["items"] if "token" in str(sorted(row))]
    assert call(house, limited, f"/tokens/{listed['whole']}/end", {}).status_code == 403, "not with a limited one"
    assert call(house, limited, "/sessions/1/end", {}).status_code == 403
    assert call(house, limited, f"/tokens/{listed['limited']}/end", {}).status_code == 200, "but itself"
    assert call(house, limited).status_code == 401
    other = issue(house, house.somebody())
    assert call(house, other, f"/tokens/{listed['whole']}/end", {}).status_code == 404
    browser = house.visitor()
    browser.sign_in(login)
    [session] = call(house, whole, "/sessions").get_json()["items"]
    assert call(house, whole, f"/sessions/{session['id']}/end", {}).status_code == 200
    assert not browser.is_in


def test_by_the_api_an_administrator_ends_a_user_s(house: House) -> None:
    admin, victim = issue(house, house.somebody("admin")), house.signed_in()
    token, user_id = issue(house, victim.login), house.user_id(victim.login)
    [row] = call(house, admin, f"/users/{user_id}/tokens").get_json()["items"]
    [session] = call(house, admin, f"/users/{user_id}").get_json()["sessions"]
    assert call(house, admin, f"/users/{user_id}/tokens/{row['id']}/end", {}).status_code == 200
    assert call(house, admin, f"/users/{user_id}/sessions/{session['id']}/end", {}).status_code == 200
    assert call(house, token).status_code == 401
    assert not victim.is_in
