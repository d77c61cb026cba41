"""Roles, standard and own: what may be changed, that nobody gives more than he has, and that a change bites at once."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from core.context import Actor
from core.errors import InvalidInput, NotFound
from core.permissions import PERMISSIONS, REQUIRED, ROLES, implied_by
from core.roles import change_role, create_role, remove_role
from core.scope import Viewer
from core.units import place_user, save_unit, share_customer
from core.users import change_user, create_user
from crm.owners import hand_over_customers
from tests.conftest import DatabaseUrls
from tests.security.company import PERSONNEL, Company, browser_of, build, call, explained, post, refusal, statuses_of
from tests.security.conftest import SETTINGS
from tests.world import PASSWORD
from web.app import create_app
from web.permissions import SIGNED_IN, route_matrix


@pytest.fixture
def fresh(fresh_database: DatabaseUrls) -> Iterator[Company]:
    """A company of a test's own, which it changes."""
    world = build(fresh_database)
    yield world
    world.database.dispose()


# what may be made and changed -----------------------------------------------------------------------------------------
NONSENSE: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "  "}, "name", "required"),
    ({"name": "x" * 81}, "name", "too_long"),
    ({"name": "Sales"}, "name", "duplicate_name"),
    ({"name_zh": "销售"}, "name_zh", "duplicate_name"),
    ({"permissions": []}, "permissions", "required"),
    ({"permissions": ["customers.raed"]}, "permissions", "permission_unknown"),
    ({"permissions": ["orders.write", "orders.read"]}, "permissions", "permission_needs_others"),
    ({"row_scope": "galaxy"}, "row_scope", "unknown_choice"),
    ({"row_scope": None}, "row_scope", "required"),
    ({"code": "Not a code"}, "code", "role_code_form"),
    ({"code": "sales"}, "code", "duplicate_code"),
]


def test_a_role_that_makes_no_sense_is_refused(fresh: Company) -> None:
    good = {"name": "Odd", "permissions": ["home.read"]}
    for values, beside, code in NONSENSE:
        refused = refusal(fresh, create_role, good | values)
        assert isinstance(refused, InvalidInput)
        assert refused.fields[beside].code == code, values
    assert fresh.rows("SELECT id FROM role WHERE name = 'Odd'") == []


def test_what_is_missing_beside_a_permission_is_named(fresh: Company) -> None:
    values = {"name": "Odd", "permissions": ["orders.confirm", "payments.write"]}
    refused = refusal(fresh, create_role, values)
    assert refused.fields["permissions"].data["missing"] == {
        "orders.confirm": ["customers.read", "orders.read"],
        "payments.write": ["customers.read", "invoices.read", "payments.read"],
    }


def test_standard_roles_have_what_their_permissions_need() -> None:
    assert all(name in PERMISSIONS and others <= PERMISSIONS.keys() for name, others in REQUIRED.items())
    for code, role in ROLES.items():
        for permission in role.permissions:
            assert implied_by(permission) <= role.permissions, (code, permission)


def test_codes_are_made_from_names(fresh: Company) -> None:
    made = [fresh.run(create_role, {"name": name, "permissions": ["home.read"]})["code"]
            for name in ("Key accounts (EU)", "Key-Accounts EU", "客服二组", "外勤")]  # fmt: skip
    assert made == ["key_accounts_eu", "key_accounts_eu_2", "role", "role_2"]


def test_changes_are_recorded_with_before_and_after(fresh: Company) -> None:
    made = fresh.run(create_role, {"name": "Desk", "permissions": ["home.read"]})
    values = {"permissions": ["home.read", "customers.read"], "row_scope": "team"}
    changed = fresh.run(change_role, made["id"], values, version=made["version"])
    assert (changed["version"], changed["name"], changed["row_scope"]) == (made["version"] + 1, "Desk", "team")
    fresh.run(remove_role, made["id"])
    rows = fresh.rows(
        "SELECT action, record_label, changes FROM audit_row WHERE record_id = :id ORDER BY recorded_at, id",
        id=made["id"],
    )
    assert [row[:2] for row in rows] == [("role.created", "desk"), ("role.changed", "desk"), ("role.deleted", "desk")]
    assert rows[1][2] == {
        "permissions": [["home.read"], ["customers.read", "home.read"]],
        "row_scope": ["own", "team"],
    }


def test_whoever_saves_over_a_newer_version_is_told(fresh: Company) -> None:
    made = fresh.run(create_role, {"name": "Desk", "permissions": ["home.read"]})
    fresh.run(change_role, made["id"], {"name": "Front desk"}, version=made["version"])
    refused = refusal(fresh, change_role, made["id"], {"name": "Back"}, version=made["version"])
    assert (refused.code, refused.data) == ("edit_conflict", {"version": made["version"] + 1})


def test_the_administrator_keeps_everything(fresh: Company) -> None:
    admin = fresh.role_id("admin")
    for values, beside in (
        ({"permissions": sorted(PERMISSIONS.keys() - {"audit.read"})}, "permissions"),
        ({"row_scope": "own"}, "row_scope"),
    ):
        assert refusal(fresh, change_role, admin, values).fields[beside].code == "administrator_keeps_all"
    assert set(fresh.permissions_of("admin")) == set(PERMISSIONS)


def test_standard_roles_and_roles_in_use_stay(fresh: Company) -> None:
    assert refusal(fresh, remove_role, fresh.role_id("service")).code == "standard_role_stays"
    refused = refusal(fresh, remove_role, fresh.role_id("personnel"))
    assert (refused.code, refused.data) == ("role_in_use", {"role": "personnel", "people": ["Hr"], "count": 1})
    with pytest.raises(NotFound):
        fresh.run(remove_role, 7)
    with pytest.raises(NotFound):
        fresh.run(change_role, 7, {})


# owners ---------------------------------------------------------------------------------------------------------------
def test_an_owner_of_customers_keeps_reading_them(fresh: Company) -> None:
    """Neither he loses the role nor the role the permission; both go once somebody else owns them."""
    blind = fresh.role("Desk", "home.read")
    refused = refusal(fresh, change_user, fresh.users["rep"], {"roles": [blind]})
    assert (refused.code, list(refused.fields), refused.data["count"]) == ("user_owns_customers", ["roles"], 1)
    refused = refusal(fresh, change_role, fresh.role_id("sales"), {"permissions": ["home.read"]})
    assert (refused.code, list(refused.fields)) == ("user_owns_customers", ["permissions"])
    assert refused.data["owner"] in ("Rep", "Mate", "North", "Far") and refused.data["role"] == "sales"
    fresh.run(change_user, fresh.users["rep"], {"roles": ["service"]})
    for login in ("mate", "north", "far"):
        fresh.run(change_user, fresh.users[login], {"roles": ["sales", "service"]})
    fresh.run(change_role, fresh.role_id("sales"), {"permissions": ["home.read"]})
    assert fresh.permissions_of("sales") == ["home.read"]


def test_whoever_manages_users_without_seeing_their_customers_is_refused_alike(fresh: Company) -> None:
    """The count is not narrowed to the rows that the one who asks may see."""
    wide = [*ROLES["sales"].permissions, *PERSONNEL]
    fresh.run(change_role, fresh.role_id("personnel"), {"permissions": wide})
    context = fresh.context(actor=fresh.actor_of("hr"))
    rep = fresh.users["rep"]
    for values in ({"is_active": False}, {"roles": ["personnel"]}):
        if "roles" in values:
            fresh.run(change_role, fresh.role_id("personnel"), {"permissions": [*wide, "audit.read"]})
            blind = fresh.role("Desk", "home.read")
            values = {"roles": [blind]}
        assert refusal(fresh, change_user, rep, values, context=context).code == "user_owns_customers"
    narrow = {"permissions": ["home.read"]}
    refused = refusal(fresh, change_role, fresh.role_id("sales"), narrow, context=context)
    assert refused.code == "user_owns_customers"


# escalation -----------------------------------------------------------------------------------------------------------
def test_nobody_gives_more_than_he_has(fresh: Company) -> None:
    hr = fresh.context(actor=fresh.actor_of("hr"))
    more = {"name": "More", "permissions": [*PERSONNEL, "audit.read"]}
    wider = {"name": "Wider", "permissions": PERSONNEL, "row_scope": "team"}
    person = {"login": "puppet", "name": "Puppet", "password": PASSWORD}
    own, desk = fresh.role_id("personnel"), fresh.role("Desk", "home.read")
    before = fresh.rows("SELECT id, version FROM role ORDER BY id")
    attempts: list[tuple[Callable[..., Any], tuple[Any, ...], str, str]] = [
        (create_role, (more,), "grants_too_much", "permissions"),
        (create_role, (wider,), "sees_too_much", "row_scope"),
        (change_role, (own, {"permissions": more["permissions"]}), "grants_too_much", "permissions"),
        (change_role, (own, {"row_scope": "all"}), "sees_too_much", "row_scope"),
        (change_role, (fresh.role_id("sales"), {"permissions": PERSONNEL}), "grants_too_much", "permissions"),
        (change_user, (fresh.users["hr"], {"roles": ["personnel", "admin"]}), "grants_too_much", "roles"),
        (change_user, (fresh.users["care"], {"roles": ["manager"]}), "grants_too_much", "roles"),
        (change_user, (fresh.users["boss"], {"roles": [desk]}), "grants_too_much", "roles"),
        (create_user, ({**person, "roles": ["admin"]},), "grants_too_much", "roles"),
        (create_user, ({**person, "roles": ["personnel", "regional"]},), "grants_too_much", "roles"),
    ]
    for command, arguments, code, beside in attempts:
        refused = refusal(fresh, command, *arguments, context=hr)
        assert (refused.code, list(refused.fields), refused.http_status) == (code, [beside], 403), arguments
    assert fresh.rows("SELECT id, version FROM role ORDER BY id") == before
    assert fresh.rows("SELECT id FROM app_user WHERE login = 'puppet'") == []
    fresh.run(create_user, {**person, "roles": ["personnel", desk]}, context=hr)


def test_nobody_says_how_somebody_above_him_signs_in(fresh: Company) -> None:
    hr, admin = fresh.context(actor=fresh.actor_of("hr")), fresh.actor_of("admin").user_id
    for values in ({"password": "mine-now-1"}, {"login": "mine"}, {"email": "mine@example.com"}):
        refused = refusal(fresh, change_user, admin, values, context=hr)
        assert (refused.code, list(refused.fields)) == ("grants_too_much", list(values))
    fresh.run(change_user, admin, {"title": "Founder"}, context=hr)
    desk = fresh.role("Desk", "home.read")
    clerk = fresh.user("clerk", desk).user_id
    fresh.run(change_user, clerk, {"password": "forgotten-1", "email": "clerk@example.com"}, context=hr)


def test_nobody_moves_himself_to_see_more(fresh: Company) -> None:
    fresh.run(change_role, fresh.role_id("personnel"), {"row_scope": "team"})
    hr = fresh.context(actor=fresh.actor_of("hr"))
    refused = refusal(fresh, place_user, fresh.users["hr"], fresh.units["Seattle"], context=hr)
    assert (refused.code, refused.http_status) == ("place_of_oneself", 403)
    fresh.run(place_user, fresh.users["store"], fresh.units["Seattle"], context=hr)
    fresh.run(place_user, fresh.actor_of("admin").user_id, fresh.units["Seattle"])


def test_nobody_moves_others_to_see_more(fresh: Company) -> None:
    hr_id = fresh.users["hr"]
    fresh.run(place_user, hr_id, fresh.units["Boston"])
    fresh.run(change_role, fresh.role_id("personnel"), {"row_scope": "region"})
    hr = fresh.context(actor=fresh.actor_of("hr"))
    before = set(hr.actor.viewer.owners)
    for command, arguments, named in (
        (place_user, (fresh.users["rep"], fresh.units["Boston"]), {}),
        (save_unit, ({"parent_id": fresh.value("SELECT parent_id FROM org_unit WHERE name = 'Boston'")},),
         {"unit_id": fresh.units["Seattle"]}),
        (save_unit, ({"parent_id": fresh.value("SELECT parent_id FROM org_unit WHERE name = 'Seattle'")},),
         {"unit_id": fresh.units["Boston"]}),
    ):  # fmt: skip
        refused = refusal(fresh, command, *arguments, context=hr, **named)
        assert (refused.code, refused.http_status) == ("view_of_oneself", 403)
        assert set(fresh.actor_of("hr").viewer.owners) == before
    fresh.run(place_user, fresh.users["rep"], fresh.units["Portland"], context=hr)  # elsewhere he may
    fresh.run(save_unit, {"name": "Harbour"}, unit_id=fresh.units["Seattle"], context=hr)


def test_customers_handed_over_by_who_does_not_see_them_go_with_everything(fresh: Company) -> None:
    fresh.run(change_role, fresh.role_id("personnel"), {"row_scope": "own"})
    rep, mate = fresh.users["rep"], fresh.users["mate"]
    owned = fresh.value("SELECT count(*) FROM customer WHERE owner_id = :id", id=rep)
    assert owned
    answer = fresh.run(hand_over_customers, rep, to_user_id=mate, context=fresh.context(actor=fresh.actor_of("hr")))
    assert answer["customers"] == owned
    for table in ("customer", "opportunity", "quotation", "sales_order", "invoice"):
        assert fresh.value(f"SELECT count(*) FROM {table} WHERE owner_id = :id", id=rep) == 0, table


def test_a_narrow_token_gives_no_more_than_its_scopes(fresh: Company) -> None:
    """Although its owner is the administrator: who steals the token would else make himself a user without limits."""
    app = create_app(SETTINGS)
    narrow = fresh.token("admin", ["users.manage"])
    role = {"name": "Door", "permissions": ["users.manage", "audit.read"]}
    user = {"login": "puppet", "name": "Puppet", "password": PASSWORD, "roles": ["admin"]}
    for path, body in (("/roles", role), ("/users", user)):
        answer = call(app, narrow, "POST", path, body)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "grants_too_much")
    assert call(app, fresh.token("admin"), "POST", "/roles", role).status_code == 201


def test_escalation_is_refused_in_words_by_page_and_by_call(fresh: Company) -> None:
    app = create_app(SETTINGS)
    browser, token = browser_of(app, "hr"), fresh.token("hr")
    answer = post(browser, "/users/roles/new", {"name": "More", "row_scope": "own", "everything": "administration"})
    assert answer.status_code == 422
    assert "may not do himself" in answer.text and "Change company settings" in answer.text
    values = {"name": "Hr", "login": "hr", "language": "en", "roles": ["personnel", "admin"], "is_active": "y"}
    answer = post(browser, f"/users/{fresh.users['hr']}", values)
    assert answer.status_code == 422 and "may not do himself" in answer.text
    answer = call(app, token, "PATCH", f"/users/{fresh.users['hr']}", {"roles": ["admin"]})
    assert answer.status_code == 403
    assert answer.get_json()["code"] == "grants_too_much" and "orders.confirm" in answer.get_json()["permissions"]
    answer = call(app, token, "PATCH", f"/roles/{fresh.role_id('personnel')}", {"row_scope": "all"})
    assert (answer.status_code, answer.get_json()["code"]) == (403, "sees_too_much")
    assert fresh.actor_of("hr").permissions == frozenset(PERSONNEL)


# at once --------------------------------------------------------------------------------------------------------------
def test_a_demotion_bites_on_the_next_request(fresh: Company) -> None:
    """Of a session and of a token, whether the person loses the role or the role the permission."""
    app = create_app(SETTINGS)
    browser, token = browser_of(app, "boss"), fresh.token("boss")
    narrow = fresh.token("boss", ["payments.read", "ledger.read"])

    def statuses() -> list[int]:
        answers = [
            browser.get("/payments"),
            call(app, token, "GET", "/payments"),
            call(app, narrow, "GET", "/payments"),
        ]
        return [answer.status_code for answer in answers]

    assert statuses() == [200, 200, 200]
    assert call(app, narrow, "GET", "/products").status_code == 403
    without = sorted(ROLES["manager"].permissions - {"payments.read", "payments.write", "banks.write"})
    fresh.run(change_role, fresh.role_id("manager"), {"permissions": without})
    assert statuses() == [403, 403, 403]
    fresh.run(change_role, fresh.role_id("manager"), {"permissions": sorted(ROLES["manager"].permissions)})
    assert statuses() == [200, 200, 200]
    fresh.run(change_user, fresh.users["boss"], {"roles": ["warehouse"]})
    assert statuses() == [403, 403, 403]


def test_a_narrower_scope_bites_on_the_next_request(fresh: Company) -> None:
    app = create_app(SETTINGS)
    browser, path = browser_of(app, "region"), f"/customers/{fresh.customers['rep']}"
    assert browser.get(path).status_code == 200
    fresh.run(change_role, fresh.role_id("regional"), {"row_scope": "team"})
    assert browser.get(path).status_code == 404
    fresh.run(change_role, fresh.role_id("regional"), {"row_scope": "all"})
    assert browser.get(path).status_code == 200


# own roles ------------------------------------------------------------------------------------------------------------
def test_an_own_role_lets_through_what_it_names_and_nothing_else(fresh: Company) -> None:
    """Made and given by the API, held against every route and method."""
    app, token = create_app(SETTINGS), fresh.token()
    permissions = ["home.read", "api.use", "products.read", "products.write", "stock.read", "suppliers.read"]
    made = call(app, token, "POST", "/roles", {"name": "Catalogue", "name_zh": "商品", "permissions": permissions})
    assert made.status_code == 201 and made.get_json()["is_standard"] is False
    user = {"login": "cat", "name": "Cat", "password": PASSWORD, "roles": [made.get_json()["code"]]}
    assert call(app, token, "POST", "/users", user).status_code == 201
    wrong = [
        f"{row.method} {row.rule}: {status}"
        for row, status in statuses_of(app, fresh, "cat", route_matrix(app))
        if (status == 403) == (row.permission in {*permissions, SIGNED_IN}) or status >= 500
        if not row.rule.startswith("/lists/<list_name>")  # those ask for the permission of their list
    ]
    assert wrong == []
    listed = call(app, token, "GET", "/roles").get_json()["items"]
    assert {role["code"]: role["people"] for role in listed}["catalogue"] == 1


# as people move -------------------------------------------------------------------------------------------------------
def test_as_people_move_the_answer_moves_along(fresh: Company) -> None:
    """Places, scopes and shares at random: what is said is what the database shows the person."""
    chance, app = random.Random(7), create_app(SETTINGS)
    token = fresh.token()
    people = ["rep", "mate", "north", "far", "lead", "region"]
    for _ in range(6):
        mover = chance.choice(people)
        fresh.run(place_user, fresh.users[mover], chance.choice([*fresh.units.values(), None]))
        fresh.run(change_role, fresh.role_id("regional"), {"row_scope": chance.choice(["own", "team", "region"])})
        fresh.run(share_customer, chance.choice(list(fresh.customers.values())), unit_id=chance.choice(
            list(fresh.units.values())))  # fmt: skip
        for login in people:
            viewer = fresh.actor_of(login).viewer
            for owner, customer in fresh.customers.items():
                said = explained(app, token, fresh.users[login], record=fresh.orders[owner])
                seen = fresh.users[owner] in viewer.owners or customer in viewer.shared
                listed = call(app, fresh.token(login), "GET", f"/customers/{customer}").status_code == 200
                assert said["record"]["sees"] == bool(said["record"]["reasons"]) == seen == listed
                assert Viewer(said["sees_all"], tuple(said["owners"]), tuple(said["shared_customers"])) == viewer


# forms ----------------------------------------------------------------------------------------------------------------
def test_roles_are_made_copied_changed_and_removed_on_their_pages(fresh: Company) -> None:
    app = create_app(SETTINGS)
    browser = browser_of(app, "admin")
    browser.post("/preferences", data={"language": "en"})
    sales = fresh.role_id("sales")
    copied = browser.get(f"/users/roles/new?copy={sales}").text
    ticked = set(re.findall(r'name="permissions"[^>]*value="([\w.]+)" checked', copied))
    assert ticked == ROLES["sales"].permissions
    values = {"name": "Field sales", "name_zh": "外勤", "row_scope": "team", "permissions": sorted(ticked)}
    assert post(browser, "/users/roles/new", values).status_code == 303
    made = fresh.rows("SELECT id, row_scope, name_zh, is_standard FROM role WHERE code = 'field_sales'")
    [(role_id, scope, name_zh, is_standard)] = made
    assert (scope, name_zh, is_standard) == ("team", "外勤", False)
    page = browser.get(f"/users/roles/{role_id}").text
    version = re.findall(r'name="version"[^>]*value="(\d+)"', page)[0]
    whole = {**values, "everything": ["goods"], "version": version, "permissions": ["home.read"]}
    assert post(browser, f"/users/roles/{role_id}", whole).status_code == 303
    assert set(fresh.permissions_of("field_sales")) == {"home.read"} | {
        name for name in PERMISSIONS if name.split(".")[0] in ("products", "stock", "warehouses", "suppliers")
    }
    stale = post(browser, f"/users/roles/{role_id}", whole)
    assert stale.status_code == 422 and "changed" in stale.text
    odd = post(browser, f"/users/roles/{role_id}", {**whole, "everything": [], "permissions": ["orders.write"]})
    assert odd.status_code == 422
    refused = post(browser, f"/users/roles/{sales}/remove", {})
    assert refused.status_code == 409 and "A standard role stays." in refused.text
    assert post(browser, f"/users/roles/{role_id}/remove", {}).status_code == 303
    assert fresh.rows("SELECT id FROM role WHERE code = 'field_sales'") == []
    admin = fresh.role_id("admin")
    renamed = {"name": "Chief", "name_zh": "总管", "version": "1", "permissions": ["home.read"], "row_scope": "own"}
    assert post(browser, f"/users/roles/{admin}", renamed).status_code == 303
    assert set(fresh.permissions_of("admin")) == set(PERMISSIONS)


def test_an_actor_without_roles_may_nothing() -> None:
    assert not any(Actor(1, "x", "x").may(name) for name in PERMISSIONS)
