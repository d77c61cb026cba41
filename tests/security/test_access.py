"""The page that says who may do what, and why somebody may or may not, tells what the server does."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask

from core.permissions import PERMISSIONS, ROLES
from tests.conftest import DatabaseUrls
from tests.security.company import Company, browser_of, build, call, explained, statuses_of
from tests.security.conftest import SETTINGS, Visitor
from tests.web.input.pages import Page
from tests.web.input.test_bad_input import CORPUS
from web.app import create_app
from web.permissions import PUBLIC, SIGNED_IN, RouteRow, route_matrix


@pytest.fixture(scope="module")
def world(module_database: DatabaseUrls) -> Iterator[Company]:
    world = build(module_database)
    yield world
    world.database.dispose()


def test_two_roles_add_up_and_the_widest_scope_counts(world: Company) -> None:
    both = world.actor_of("both")
    assert both.permissions == ROLES["sales"].permissions | ROLES["warehouse"].permissions
    assert both.viewer.sees_all
    app = create_app(SETTINGS)
    browser = browser_of(app, "both")
    assert [browser.get(path).status_code for path in ("/quotations", "/shipments", "/payments/match")] == [
        200, 200, 403,
    ]  # fmt: skip
    assert browser.get(f"/customers/{world.customers['mate']}").status_code == 200


# the page that says why -----------------------------------------------------------------------------------------------
PEOPLE = ["rep", "mate", "north", "far", "lead", "region", "boss", "purse", "store", "care", "promo", "both", "hr"]


@pytest.fixture(scope="module")
def app(world: Company) -> Flask:
    return create_app(SETTINGS)


@pytest.fixture(scope="module")
def one_route_each(app: Flask) -> list[RouteRow]:
    """Of each permission that a route declares, one route."""
    found: dict[str, RouteRow] = {}
    for row in route_matrix(app):
        if row.permission not in (PUBLIC, SIGNED_IN):
            found.setdefault(row.permission, row)
    return list(found.values())


@pytest.mark.parametrize("login", PEOPLE)
def test_what_is_said_of_an_action_is_what_the_server_does(
    app: Flask, world: Company, one_route_each: list[RouteRow], login: str
) -> None:
    """Of every permission; where a route declares it, that route is asked."""
    token, user_id = world.token(), world.users[login]
    done = {row.permission: status != 403 for row, status in statuses_of(app, world, login, one_route_each)}
    own = call(app, world.token(login), "GET", "/me").get_json()["permissions"]
    for permission in PERMISSIONS:
        said = explained(app, token, user_id, permission=permission)["action"]
        assert said["allowed"] == (permission in own), permission
        assert said["allowed"] == done.get(permission, said["allowed"]), permission
        assert bool(said["through"]) == said["allowed"] and set(said["through"]) <= set(said["given_by"])
    assert len(done) > 30


@pytest.mark.parametrize("login", PEOPLE)
def test_what_is_said_of_a_record_is_what_the_person_gets(app: Flask, world: Company, login: str) -> None:
    token, browser = world.token(), browser_of(app, login)
    for owner, customer in world.customers.items():
        order = world.orders[owner]
        order_id = world.value("SELECT id FROM sales_order WHERE number = :number", number=order)
        for text, path in ((f"Customer of {owner}", f"/customers/{customer}"), (order, f"/orders/{order_id}")):
            said = explained(app, token, world.users[login], record=text)["record"]
            status = browser.get(path).status_code
            assert said["allowed"] == (status == 200), (login, text, said, status)
            assert (status == 403) == (not said["may"])
            assert bool(said["reasons"]) == said["sees"]
            assert said["owner"]["id"] == world.users[owner]


def test_reasons_of_a_record_are_the_true_ones(app: Flask, world: Company) -> None:
    token = world.token()
    expected = {
        ("rep", "rep"): ["own"],
        ("mate", "rep"): [],
        ("lead", "rep"): ["colleague"],
        ("region", "mate"): ["colleague"],
        ("region", "far"): [],
        ("rep", "far"): ["shared"],
        ("far", "rep"): ["shared"],
        ("boss", "north"): ["everything"],
        ("both", "rep"): ["everything", "shared"],
    }
    for (login, owner), kinds in expected.items():
        said = explained(app, token, world.users[login], record=world.orders[owner])["record"]
        assert sorted(reason["kind"] for reason in said["reasons"]) in (sorted(kinds), kinds[:1]), (login, owner)
    [share] = explained(app, token, world.users["rep"], record=world.orders["far"])["record"]["reasons"]
    assert (share["shared_with"], share["shared_by"], share["note"]) == ("Rep", "Admin", "helps out")


def test_whoever_cannot_sign_in_may_nothing(app: Flask, world: Company) -> None:
    said = explained(app, world.token(), world.users["gone"], permission="home.read", record=world.orders["rep"])
    assert (said["is_active"], said["permissions"], said["owners"], said["sees_all"]) == (False, [], [], False)
    assert not said["action"]["allowed"] and not said["record"]["allowed"]
    assert set(said["confidential"].values()) == {"hidden"}


def test_a_record_that_the_asker_does_not_see_is_not_told_of(app: Flask, world: Company) -> None:
    """Not its owner, not that it exists; whoever manages users sees only his own customers here."""
    token = world.token("hr")
    for text in (world.orders["rep"], "Customer of rep", "SO-1999-00001", "INV-x", "nobody at all"):
        answer = call(app, token, "GET", f"/users/{world.users['boss']}/access?record={text}")
        assert (answer.status_code, answer.get_json()["code"]) == (404, "record_unknown"), text
    several = call(app, world.token(), "GET", f"/users/{world.users['boss']}/access?record=customer")
    assert (several.status_code, several.get_json()["code"]) == (422, "record_ambiguous")


def test_odd_questions_end_in_a_sentence(app: Flask, world: Company) -> None:
    browser, user_id = browser_of(app, "admin"), world.users["rep"]
    asked = {"user_id": str(user_id), "permission": "orders.read", "record": world.orders["rep"]}
    for name in asked:
        for odd in CORPUS.values():
            answer = browser.get("/users/access", query_string={**asked, name: odd[:3000]})
            assert answer.status_code in (200, 404, 422), (name, odd)
            assert answer.status_code == 200 or Page(answer.text).sentences, (name, odd)


def text_of(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_the_page_says_it_in_words(app: Flask, world: Company, visitor: Visitor) -> None:
    browser = browser_of(app, "admin")
    users = world.users

    def ask(login: str, permission: str = "", record: str = "") -> str:
        query = {"user_id": users[login], "permission": permission, "record": record}
        answer = browser.get("/users/access", query_string=query, headers={"Accept-Language": "en"})
        assert answer.status_code == 200
        return text_of(answer.text)

    browser.post("/preferences", data={"language": "en"})
    assert "Lead may. It comes with: Sales manager." in ask("lead", "customers.assign")
    denied = ask("rep", "customers.assign")
    assert "Rep may not. The roles held are: Sales; none allows it." in denied
    assert "It is allowed by: Administrator, Manager, Sales manager." in denied
    assert "with the scope “Team”" in ask("lead") and "Rep (Seattle)" in ask("lead")
    assert "Mate (Seattle). Rep has only the scope “Own”" in ask("rep", "", world.orders["mate"])
    assert "Admin shared the customer Customer of far with Rep" in ask("rep", "", world.orders["far"])
    assert "Promo lacks the permission: See sales orders." in ask("promo", "", world.orders["rep"])
    assert "Gone is deactivated and cannot sign in." in ask("gone", "home.read")
    assert "Telephone numbers: may be uncovered, on record" in ask("store")
    assert "Costs and values of stock: hidden" in ask("rep")


def test_the_matrix_shows_who_may_what(app: Flask, world: Company) -> None:
    browser = browser_of(app, "admin")
    browser.post("/preferences", data={"language": "en"})
    page = browser.get("/users/access").text
    roles = ["Administrator", "Finance", "Manager", "Marketing", "Sales", "Sales manager", "Service", "Warehouse"]
    heads = [text_of(head).strip() for head in re.findall(r'<th scope="col" class="c">(.*?)</th>', page, re.DOTALL)]
    assert [re.sub(r" (Own|Team|Sales region|All) ·.*", "", head) for head in heads] == [
        *roles, "Personnel", "Regional",
    ]  # fmt: skip
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</th>(.*?)</tr>", page, re.DOTALL)
    assert len(rows) == len(PERMISSIONS)
    held = dict(world.rows("SELECT code, permissions FROM role"))
    by_name = {role: code for code, role in dict(world.rows("SELECT code, name FROM role")).items()}
    for (title, cells), name in zip(rows, [n for group in _areas(app) for n in group], strict=True):
        ticks = ["may" in cell for cell in re.findall(r'<td class="c">(.*?)</td>', cells, re.DOTALL)]
        assert ticks == [name in held[by_name[role]] for role in [*roles, "Personnel", "Regional"]], title
        people = [login for login in [*PEOPLE, "admin"] if name in world.actor_of(login).permissions]
        assert text_of(re.findall(r'<td class="n">(.*?)</td>', cells)[0]).strip() == str(len(people) or ""), title
    narrowed = browser.get("/users/access?area=money").text
    assert "Record, match, un-match and refund payments</th>" in narrowed
    assert "Adjust stock</th>" not in narrowed


def _areas(app: Flask) -> list[list[str]]:
    from web.users.names import areas

    with app.test_request_context(headers={"Accept-Language": "en"}):
        found = [group.permissions for group in areas()]
    assert sorted(name for group in found for name in group) == sorted(PERMISSIONS)
    return found


def test_every_permission_is_said_in_chinese(app: Flask) -> None:
    from web.i18n import FOLDER, load_catalogue

    catalogue = load_catalogue(FOLDER, "zh")
    assert catalogue is not None
    assert [text for text in PERMISSIONS.values() if not catalogue._catalog.get(text)] == []
