"""Arranging one's home page: choosing, moving, going back, saved views as cards, and what happens when rights end."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.errors import DomainError
from core.home import MOST_CARDS, arrange_home
from core.organization import Role
from core.roles import change_role, create_role
from tests.database_server import DatabaseUrls
from tests.web.conftest import SETTINGS, visitor
from tests.web.home.pages import HomeText, read_home
from tests.web.lists.pages import read_list
from tests.world import World, new_key
from web.app import create_app

START = ["won_month", "open_pipeline", "late_follow_ups", "collected", "overdue", "held", "follow_ups", "stages",
         "stalled", "just_paid", "late_customers", "held_orders"]  # fmt: skip


@pytest.fixture
def world(fresh_database: DatabaseUrls) -> Iterator[World]:
    world = World.set_up(fresh_database.app, language="en")
    world.user("anna", "sales", language="en")
    world.user("ben", "sales_manager", language="en")
    yield world
    world.database.dispose()


@pytest.fixture
def app(world: World) -> Flask:
    app = create_app(SETTINGS)
    app.config["WTF_CSRF_ENABLED"] = False
    return app


class Form:
    """The page that arranges, as it stood when it was opened, and what is done in it."""

    def __init__(self, browser: FlaskClient) -> None:
        self.browser = browser
        answer = browser.get("/home/arrange")
        assert answer.status_code == 200
        self.read(answer.text)

    def read(self, text: str) -> None:
        self.text = text
        self.seen = html.unescape(re.findall(r'name="seen" value="([^"]*)"', text)[0])
        boxes = re.findall(r'name="card" value="([^"]*)"( checked)?', text)
        self.order = [name for name, _ in boxes]
        self.ticked = [name for name, checked in boxes if checked]

    def send(self, **more: Any) -> Any:
        data = {"seen": self.seen, "order": self.order, "card": self.ticked, "idempotency_key": new_key(), **more}
        return self.browser.post("/home/arrange", data=data)


def shown(home: HomeText) -> list[str]:
    return [figure.title for figure in home.figures] + list(home.cards)


def standing(world: World, login: str) -> Any:
    return world.value("SELECT home_cards FROM app_user WHERE login = :login", login=login)


# choosing and moving --------------------------------------------------------------------------------------------------
def test_the_page_offers_every_card_one_may_have(app: Flask, world: World) -> None:
    form = Form(visitor(app, "anna"))
    assert [name for name in form.order if name in form.ticked] == form.ticked
    assert sorted(form.ticked) == sorted(START)
    assert {"drafts", "short_products", "top_customers"} <= set(form.order) - set(form.ticked)
    assert not {"finance_tasks", "to_ship", "stock_value"} & set(form.order)


def test_a_card_is_chosen_and_another_taken_off(app: Flask, world: World) -> None:
    anna = visitor(app, "anna")
    before = read_home(anna)
    form = Form(anna)
    form.ticked = [name for name in form.ticked if name not in ("held", "stages")] + ["drafts", "top_customers"]
    assert form.send().status_code == 303
    after = read_home(anna)
    assert set(shown(before)) - set(shown(after)) == {"Orders held by stock", "stages"}
    assert set(shown(after)) - set(shown(before)) == {"Draft orders", "top_customers"}
    assert shown(read_home(visitor(app, "anna"))) == shown(after)
    assert standing(world, "ben") is None


def test_the_order_of_the_form_is_that_of_the_page(app: Flask, world: World) -> None:
    anna = visitor(app, "anna")
    form = Form(anna)
    form.order.reverse()
    form.send()
    assert standing(world, "anna") == [name for name in form.order if name in form.ticked]
    assert list(read_home(anna).cards) == [name for name in form.order if name in read_home(anna).cards]


def test_a_button_moves_a_card_among_its_kind_and_keeps_what_is_ticked(app: Flask, world: World) -> None:
    anna = visitor(app, "anna")
    form = Form(anna)
    form.ticked.remove("just_paid")
    answer = form.send(move="up:stages")
    assert answer.location.endswith("/home/arrange#card-stages")
    cards = list(read_home(anna).cards)
    assert cards == ["stages", "follow_ups", "stalled", "late_customers", "held_orders"]
    form = Form(anna)
    form.send(move="down:won_month")
    assert [figure.title for figure in read_home(anna).figures][:2] == ["Open pipeline", "Won this month"]
    for no_further in ("up:stages", "down:held_orders", "up:nothing", "sideways:stages", "down:drafts"):
        form = Form(anna)
        form.send(move=no_further)
        assert list(read_home(anna).cards) == cards, no_further


def test_all_can_be_taken_off_and_the_page_says_what_to_do(app: Flask, world: World) -> None:
    anna = visitor(app, "anna")
    form = Form(anna)
    form.ticked = []
    form.send()
    assert standing(world, "anna") == []
    home = read_home(anna)
    assert shown(home) == []
    assert "No card is chosen" in home.text
    assert 'href="/home/arrange"' in home.text


def test_back_to_the_start_set(app: Flask, world: World) -> None:
    anna = visitor(app, "anna")
    before = shown(read_home(anna))
    assert "Back to the start set" not in Form(anna).text
    form = Form(anna)
    form.ticked = ["drafts"]
    form.send()
    form = Form(anna)
    assert "Back to the start set" in form.text
    answer = anna.post("/home/arrange", data={"reset": "yes", "seen": form.seen, "idempotency_key": new_key()})
    assert answer.status_code == 303
    assert standing(world, "anna") is None
    assert shown(read_home(anna)) == before


def test_of_two_windows_the_second_is_told_and_keeps_what_was_typed(app: Flask, world: World) -> None:
    anna = visitor(app, "anna")
    first, second = Form(anna), Form(anna)
    first.ticked = ["drafts", "follow_ups"]
    second.ticked = ["held", "stages"]
    assert first.send().status_code == 303
    refused = second.send()
    assert refused.status_code == 409
    assert "arranged elsewhere meanwhile" in refused.text
    assert sorted(standing(world, "anna")) == ["drafts", "follow_ups"]
    second.read(refused.text)
    assert sorted(second.ticked) == ["held", "stages"]
    assert second.send().status_code == 303
    assert sorted(standing(world, "anna")) == ["held", "stages"]


def test_sent_twice_it_is_done_once(app: Flask, world: World) -> None:
    form = Form(visitor(app, "anna"))
    form.ticked = ["drafts"]
    key = new_key()
    assert form.send(idempotency_key=key).status_code == form.send(idempotency_key=key).status_code == 303
    assert standing(world, "anna") == ["drafts"]


def test_arranging_is_on_record(app: Flask, world: World) -> None:
    form = Form(visitor(app, "anna"))
    form.ticked = ["drafts"]
    form.send()
    [(changes, actor)] = world.rows(
        "SELECT changes, actor_name FROM audit_row WHERE record_type = 'app_user' AND changes ? 'home_cards'"
    )
    assert changes["home_cards"] == [None, ["drafts"]]
    assert actor == "Anna"


@pytest.mark.parametrize("names", [["Drafts"], ["view:0"], ["view:x"], ["a" * 61], ["a b"], [""]])
def test_what_is_no_card_is_refused(world: World, names: list[str]) -> None:
    by = world.context(actor=world.actor_of("anna"))
    with pytest.raises(DomainError, match="card_unknown"):
        world.run(arrange_home, names, seen=None, context=by)
    with pytest.raises(DomainError, match="too_many_cards"):
        world.run(arrange_home, [f"card_{place}" for place in range(MOST_CARDS + 1)], seen=None, context=by)


def test_an_unknown_name_sent_in_the_form_changes_nothing(app: Flask, world: World) -> None:
    form = Form(visitor(app, "anna"))
    form.order.append("<script>")
    form.ticked.append("<script>")
    assert form.send().status_code == 303
    assert standing(world, "anna") is None


# rights ---------------------------------------------------------------------------------------------------------------
def test_a_permission_lost_takes_its_cards_along(app: Flask, world: World) -> None:
    permissions = ["home.read", "customers.read", "orders.read", "invoices.read"]
    role = world.run(create_role, {"name": "Desk", "permissions": permissions, "row_scope": "all"})
    world.user("cora", role["code"], language="en")
    cora = visitor(app, "cora")
    form = Form(cora)
    form.ticked = ["overdue", "held", "ages", "held_orders"]
    form.send()
    assert set(shown(read_home(cora))) == {"Orders held by stock", "Overdue", "held_orders", "ages"}
    without = [name for name in permissions if name != "invoices.read"]
    version = world.value("SELECT version FROM role WHERE code = :code", code=role["code"])
    role_id = world.value("SELECT id FROM role WHERE code = :code", code=role["code"])
    world.run(change_role, role_id, {"permissions": without}, version=version)
    cora = visitor(app, "cora")
    assert shown(read_home(cora)) == ["Orders held by stock", "held_orders"]
    assert not {"overdue", "ages"} & set(Form(cora).order)


def test_a_new_card_comes_to_who_has_arranged_nothing(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from web.home import cards

    ben = visitor(app, "ben")
    form = Form(ben)
    form.send()
    extended = [replace(start, cards=(*start.cards, "drafts")) for start in cards.STARTS]
    monkeypatch.setattr(cards, "STARTS", extended)
    assert "Draft orders" in shown(read_home(visitor(app, "anna")))
    assert "Draft orders" not in shown(read_home(ben))
    assert "drafts" in Form(ben).order


# saved views ----------------------------------------------------------------------------------------------------------
def save_view(browser: FlaskClient, name: str, query: str = "f=country%3Ais%3ADE", **more: str) -> int:
    data = {"name": name, "query": query, "idempotency_key": new_key(), **more}
    answer = browser.post("/lists/customers/views", data=data)
    found = re.search(r"view=v(\d+)", answer.location)
    assert found
    return int(found[1])


def place(browser: FlaskClient, view_id: int, where: str = "on") -> Any:
    return browser.post(f"/home/views/{view_id}", data={"place": where, "idempotency_key": new_key()})


@pytest.fixture
def germans(world: World) -> list[int]:
    owner = world.actor_of("anna").user_id
    return [world.customer(f"Kunde {number}", country="DE", owner_id=owner) for number in range(7)]


def test_a_saved_view_stands_on_the_home_page(app: Flask, world: World, germans: list[int]) -> None:
    anna = visitor(app, "anna")
    view_id = save_view(anna, "Germans", query="f=country%3Ais%3ADE&sort=-name&cols=name,balance,city")
    page = anna.get(f"/customers?view=v{view_id}").text
    assert f'action="/home/views/{view_id}"' in page
    assert "On my home page" in page
    assert place(anna, view_id).status_code == 303
    assert standing(world, "anna") == [*START, f"view:{view_id}"]
    card = read_home(anna).cards[f"view_{view_id}"]
    assert card.title == "Germans"
    assert card.number == "7"
    assert len(card.rows) == 5
    assert [f"Kunde {number}" in row for number, row in zip(range(6, 1, -1), card.rows, strict=True)] == [True] * 5
    assert f'href="/customers/{germans[6]}"' in card.rows[0]
    assert read_list(anna, card.url).total == card.number
    assert "Off my home page" in anna.get(f"/customers?view=v{view_id}").text
    assert place(anna, view_id, "off").status_code == 303
    assert standing(world, "anna") == START


def test_a_view_is_chosen_and_moved_like_any_card(app: Flask, world: World, germans: list[int]) -> None:
    anna = visitor(app, "anna")
    view_id = save_view(anna, "Germans")
    form = Form(anna)
    assert form.order[-1] == f"view:{view_id}"
    form.ticked.append(f"view:{view_id}")
    form.send()
    form = Form(anna)
    assert form.send(move=f"up:view:{view_id}").location.endswith(f"#card-view-{view_id}")
    assert list(read_home(anna).cards)[-2:] == [f"view_{view_id}", "held_orders"]


def test_a_view_that_is_gone_disappears_quietly(app: Flask, world: World, germans: list[int]) -> None:
    ben, anna = visitor(app, "ben"), visitor(app, "anna")
    shared, own = save_view(ben, "Shared", is_shared="yes"), save_view(anna, "Own")
    for view_id in (shared, own):
        place(anna, view_id)
    assert {f"view_{shared}", f"view_{own}"} <= set(read_home(anna).cards)
    ben.post(f"/lists/views/{shared}", data={"name": "Shared", "version": "1", "idempotency_key": new_key()})
    anna.post(f"/lists/views/{own}/delete", data={"idempotency_key": new_key()})
    assert not {f"view_{shared}", f"view_{own}"} & set(read_home(anna).cards)
    assert f"view:{shared}" not in Form(anna).order


def test_nobody_puts_up_a_view_he_does_not_see(app: Flask, world: World, germans: list[int]) -> None:
    hidden = save_view(visitor(app, "ben"), "Ben's own")
    anna = visitor(app, "anna")
    assert place(anna, hidden).status_code == 404
    assert place(anna, 10**18).status_code == 404
    form = Form(anna)
    form.order.append(f"view:{hidden}")
    form.ticked.append(f"view:{hidden}")
    form.send()
    assert f"view_{hidden}" not in read_home(anna).cards


def test_a_view_of_every_list_can_be_shown(app: Flask, world: World, germans: list[int]) -> None:
    from web.lists.declared import LISTS

    world.user("carl", "admin", language="en")
    carl, names = visitor(app, "carl"), []
    for name in LISTS:
        answer = carl.post(
            f"/lists/{name}/views", data={"name": f"All {name}", "query": "f=", "idempotency_key": new_key()}
        )
        found = re.search(r"view=v(\d+)", answer.location)
        assert found, name
        place(carl, int(found[1]))
        names.append(f"view_{found[1]}")
    home = read_home(carl)
    assert set(names) <= set(home.cards)
    for name in names:
        assert home.cards[name].number == read_list(carl, home.cards[name].url).total


def test_looking_as_somebody_one_sees_his_home_page(app: Flask, world: World) -> None:
    anna, admin = visitor(app, "anna"), visitor(app, "admin")
    form = Form(anna)
    form.ticked = ["drafts", "stages"]
    form.send()
    identity = world.actor_of("anna").user_id
    assert admin.post(f"/users/{identity}/view-as", data={"idempotency_key": new_key()}).status_code == 303
    assert [len(read_home(admin).figures), *read_home(admin).cards] == [1, "stages"]
    assert Form(admin).send().status_code in (403, 409)
    assert standing(world, "anna") == ["drafts", "stages"]


def test_the_roles_of_the_start_sets_are_those_there_are(world: World) -> None:
    from core.permissions import ROLES
    from web.home.cards import STARTS

    named = {role for start in STARTS for role in start.roles}
    assert named == set(ROLES)
    assert Role.__tablename__ == "role"
