"""Finding: what a text leads to, for whom, after every kind of change, on both ways of looking, within its budget."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from core import database as db
from core.customers import change_customer, save_contact
from core.masks import IN_THE_CLEAR, showing
from core.parties import Customer
from core.queries import finding
from core.queries.customers import _FOUND as FOUND
from core.queries.customers import find_customers
from core.queries.words import customer_wish, is_met_often, matches_customer
from core.recent import MOST, note_opened
from core.scope import EVERYTHING, Viewer, viewing, visible_rows
from core.search_entries import SearchEntry, rebuild
from core.search_terms import asked
from core.suppliers import create_supplier
from core.units import share_customer
from crm.owners import change_customer as change_owner
from crm.owners import hand_over_customers
from crm.pipeline import change_opportunity, create_opportunity
from crm.queries.search import numbers_meant, search
from inventory.catalog import change_product
from tests.budgets.counter import counted, warm
from tests.conftest import DatabaseUrls
from tests.security.conftest import SETTINGS
from tests.world import PASSWORD, World
from web.app import create_app

ALL = frozenset(
    f"{kind}.read"
    for kind in [
        "customers",
        "opportunities",
        "quotations",
        "orders",
        "invoices",
        "payments",
        "ledger",
        "products",
        "suppliers",
    ]
)


@pytest.fixture(scope="module")
def world(module_database: DatabaseUrls) -> Iterator[World]:
    world = World.set_up(module_database.app)
    for login in ("anna", "bert"):
        world.user(login, "sales", language="en")
    yield world
    world.database.dispose()


@pytest.fixture(params=[False, True], ids=["rare", "frequent"])
def ways(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """As a text is looked for that few records hold, and as one that most hold."""
    if request.param:
        monkeypatch.setattr(finding, "is_frequent", lambda *_arguments: True)
        monkeypatch.setattr("core.queries.words.is_frequent", lambda *_arguments: True)
    return bool(request.param)


def found(text: str, viewer: Viewer = EVERYTHING, shown: frozenset[str] = IN_THE_CLEAR) -> dict[str, list[str]]:
    with viewing(viewer), showing(shown), db.current().reading() as connection:
        hits = search(connection, text, ALL)
        return {kind: [hit.title for hit in group] for kind, group in hits.items()}


def customers(text: str, viewer: Viewer = EVERYTHING, shown: frozenset[str] = IN_THE_CLEAR) -> list[str]:
    return found(text, viewer, shown).get("customers", [])


def test_by_every_part_of_a_name(world: World, ways: bool) -> None:
    mine = "江南李明朗五金" if ways else "李明朗"
    world.customer(mine, phone="138 1234 8801" if ways else "138 1234 8802")
    for typed in ("李明朗", "李明", "明朗", "liming", "lml", "minglang", "138 1234", "1234"):
        assert mine in customers(typed), typed
    assert mine not in customers("李朗") + customers("朗明") + customers("mll")


def test_two_characters_that_do_not_stand_together_are_not_met(world: World, ways: bool) -> None:
    world.customer("甲乙丙乙丁" if ways else "甲乙戊乙丁")
    assert customers("甲乙丁") == []
    assert len(customers("甲乙")) >= 1


def test_who_is_called_so_comes_before_who_begins_so_before_who_holds_it(world: World) -> None:
    for name in ("赵钱孙", "赵钱孙商行", "小赵钱孙店"):
        world.customer(name)
    assert customers("赵钱孙") == customers("zhaoqiansun") == customers("zqs") == ["赵钱孙", "赵钱孙商行", "小赵钱孙店"]


def test_who_sees_no_phones_finds_nobody_by_one(world: World, ways: bool) -> None:
    name = f"Geheim{int(ways)} AG"
    world.customer(name, phone=f"139 7777 432{int(ways)}", email=f"hidden{int(ways)}@secret.example", country="CN")
    for typed in (
        f"1397777432{int(ways)}",
        f"7777432{int(ways)}",
        f"432{int(ways)}",
        f"hidden{int(ways)}",
        "secret.example",
    ):
        assert name in customers(typed), typed
        assert customers(typed, shown=frozenset()) == [], typed
    assert name in customers(name[:7], shown=frozenset())


def test_contacts_lead_to_their_customer_by_name_and_phone(world: World) -> None:
    customer = world.customer("联系公司")
    world.run(save_contact, customer, {"name": "欧阳修", "phone": "137 0001 9911"})
    for typed in ("欧阳", "ouyangxiu", "oyx", "00019911"):
        assert found(typed).get("contacts") == ["欧阳修"], typed
    assert "contacts" not in found("00019911", shown=frozenset())


def test_products_suppliers_and_opportunities(world: World) -> None:
    product = world.product(sku="PUMP-200", name="离心水泵", barcode="6901234567892")
    supplier = world.run(create_supplier, {"name": "华东阀门厂", "country": "CN", "phone": "021-5555 0199"})
    deal = world.run(create_opportunity, world.customer("商机公司"), {"name": "年度框架协议", "amount": Decimal(5)})
    for typed in ("离心", "lxsb", "pump", "200", "6901234567892", "PUMP-200"):
        assert found(typed).get("products") == ["离心水泵"], typed
    assert found("hdfm").get("suppliers") == ["华东阀门厂"] and supplier["id"]
    assert "suppliers" not in found("55550199", shown=frozenset())
    assert found("kjxy").get("opportunities") == ["年度框架协议"]
    world.run(change_product, product, {"name": "潜水泵"})
    world.run(change_opportunity, deal["id"], {"name": "单次采购"})
    assert "products" not in found("离心") and found("qsb").get("products") == ["潜水泵"]
    assert "opportunities" not in found("kjxy") and found("dccg").get("opportunities") == ["单次采购"]


def test_papers_by_number_and_reference(world: World) -> None:
    product = world.product(stock=50)
    order = world.order(world.customer(), (product, 1), customer_reference="Ref-77/b")
    number = order["number"]
    year, place = number.split("-")[1:]
    for typed in (
        number,
        number.lower(),
        number[:8],
        str(int(place)),
        f"so{int(place)}",
        f"{year}-{place}",
        "Ref-77/b",
    ):
        assert number in found(typed).get("orders", []), typed
    assert numbers_meant("so 7", ("SO",), 2026)[:2] == ["SO 7", "SO-2026-00007"]
    assert numbers_meant("上海", ("SO",), 2026) == ["上海"]


def viewer_of(world: World, login: str) -> Viewer:
    return world.actor_of(login).viewer


def test_everybody_finds_his_own(world: World, ways: bool) -> None:
    name = "岭南茶业" if ways else "岭北茶业"
    anna, bert = world.actor_of("anna"), world.actor_of("bert")
    customer = world.customer(name, owner_id=anna.user_id)
    world.run(save_contact, customer, {"name": f"{name}的人"})
    world.run(create_opportunity, customer, {"name": f"{name}的商机", "amount": Decimal(1)})
    assert set(found(name, anna.viewer)) == {"customers", "contacts", "opportunities"}
    assert found(name, bert.viewer) == {}


def test_ownership_and_sharing_move_what_is_found(world: World, ways: bool) -> None:
    name = f"流转贸易{'甲' if ways else '乙'}"
    anna, bert = world.actor_of("anna"), world.actor_of("bert")
    customer = world.customer(name, owner_id=anna.user_id)
    world.run(save_contact, customer, {"name": f"{name}的人"})
    world.run(create_opportunity, customer, {"name": f"{name}的商机", "amount": Decimal(1)})
    everything = {"customers", "contacts", "opportunities"}
    world.run(share_customer_with, customer, bert.user_id)
    assert set(found(name, viewer_of(world, "bert"))) == everything
    world.run(end_shares, customer)
    assert found(name, viewer_of(world, "bert")) == {}
    world.run(change_owner, customer, {"owner_id": bert.user_id})
    assert set(found(name, bert.viewer)) == everything and found(name, anna.viewer) == {}
    world.run(hand_over_customers, bert.user_id, to_user_id=anna.user_id)
    assert set(found(name, anna.viewer)) == everything and found(name, bert.viewer) == {}


def share_customer_with(plan: Any, customer_id: int, user_id: int) -> dict[str, Any]:
    share_customer(plan, customer_id, user_id=user_id, reason="x")
    return {}


def end_shares(plan: Any, customer_id: int) -> dict[str, Any]:
    plan.open()
    plan.connection.execute(
        text("UPDATE customer_share SET ended_at = now() WHERE customer_id = :id"), {"id": customer_id}
    )
    return {}


def test_a_new_name_is_found_and_the_old_one_no_longer(world: World) -> None:
    customer = world.customer("旧名字厂", phone="135 0000 7701")
    world.run(change_customer, customer, {"name": "新招牌厂", "phone": "135 0000 7702"})
    assert customers("旧名字") == customers("13500007701") == []
    assert customers("新招牌") == customers("xzp") == customers("13500007702") == ["新招牌厂"]


def test_a_refused_change_leaves_what_was_found(world: World) -> None:
    customer = world.customer("不变工厂")
    with pytest.raises(Exception, match="required"):
        world.run(change_customer, customer, {"name": ""})
    assert customers("不变") == ["不变工厂"]


@pytest.fixture
def afresh(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Statements are made anew, with what a test sets, and nobody else finds them."""
    monkeypatch.setattr(finding, "REGISTRY", {}, raising=False)
    monkeypatch.setattr(finding, "statement", lambda name, text, **rest: statement_of(name, text, **rest))
    return monkeypatch


def test_a_way_that_ends_too_soon_asks_the_index(world: World, ways: bool, afresh: pytest.MonkeyPatch) -> None:
    name = f"最早的{'一' if ways else '二'}号"
    world.customer(name)
    for number in range(4):
        world.customer(f"后来{number}{'a' if ways else 'b'}")
    for viewer in (EVERYTHING, world.actor_of("admin").viewer):
        for name_of, value in (("WALKED", 2), ("shares", lambda: finding.Shares(1e6, {}, {}))):
            afresh.setattr(finding, name_of, value)
        assert name in customers("最早的", viewer)


@pytest.mark.parametrize("who", ["everybody", "anna"])
def test_what_only_seems_to_hold_a_text_does_not_hide_who_does(
    world: World, who: str, afresh: pytest.MonkeyPatch
) -> None:
    """The terms 子丑 and 丑寅 stand in many names that do not hold 子丑寅; the one that does is met behind them."""
    afresh.setattr(finding, "FEW", 3)
    anna = world.actor_of("anna")
    for number in range(5):
        world.customer(f"子丑某丑寅{number}{who}", owner_id=anna.user_id)
    world.customer(f"子丑寅{who}", owner_id=anna.user_id)
    viewer = EVERYTHING if who == "everybody" else anna.viewer
    assert f"子丑寅{who}" in customers("子丑寅", viewer)
    assert customers("子丑", world.actor_of("bert").viewer) == []


def test_who_is_called_so_comes_first_however_many_hold_it(world: World, afresh: pytest.MonkeyPatch) -> None:
    afresh.setattr(finding, "FEW", 3)
    for number in range(5):
        world.customer(f"又是辰巳午{number}")
    for name in ("辰巳午", "辰巳午商行"):
        world.customer(name)
    assert customers("辰巳午")[:2] == ["辰巳午", "辰巳午商行"]


@pytest.mark.parametrize(
    ("held", "of_all", "of_few", "of_nobody"),
    [(2_000, "index", "index", "index"), (4_000, "walk", "index", "index"), (30_000, "walk", "walk", "index")],
)
def test_what_many_hold_is_met_on_the_way(
    monkeypatch: pytest.MonkeyPatch, held: int, of_all: str, of_few: str, of_nobody: str
) -> None:
    entries = 1_000_000
    known = finding.Shares(float(entries), {"c某": held / entries}, {7: 0.02})
    monkeypatch.setattr(finding, "shares", lambda: known)
    wanted = asked("某")
    assert wanted is not None
    for viewer, way in ((EVERYTHING, of_all), (Viewer(False, (7,)), of_few), (Viewer(False, (8,)), of_nobody)):
        with viewing(viewer):
            assert finding.searching(FOUND, wanted).ways[-1] == ("inside", way, viewer.sees_all)


def statement_of(name: str, text: str, *, tables: str, scope: Any) -> Any:
    """A statement that nobody else finds again."""
    from core.scope import expand
    from core.statements import Statement

    made = Statement(name, expand(" ".join(text.split())), frozenset(tables.split()), scope)
    finding.REGISTRY[name] = made
    return made


def test_lists_and_choices_look_in_the_same_way(world: World, ways: bool) -> None:
    name = f"列表{'丙' if ways else '丁'}公司"
    customer = world.customer(name)
    with viewing(EVERYTHING), showing(IN_THE_CLEAR), db.current().reading() as connection:
        query = select(Customer.id)
        for typed, met in (
            (name, True),
            (name[:3], True),
            ("lb 公司", True),
            ("表列", False),
            ("%", False),
            ("", True),
        ):
            ids = set(connection.execute(query.where(matches_customer(Customer, typed))).scalars())
            assert (customer in ids) is met, typed
        assert name in [choice.name for choice in find_customers(connection, name[:3])]
    own, shared = world.actor_of("anna").viewer, Viewer(False, (), (customer,))
    for viewer, met in ((own, False), (shared, True), (Viewer(False, own.owners, (customer,)), True)):
        with viewing(viewer), showing(IN_THE_CLEAR), db.current().reading() as connection:
            seen = query.where(visible_rows(Customer), matches_customer(Customer, name))
            assert (customer in set(connection.execute(seen).scalars())) is met, viewer
    assert is_met_often(name) is ways
    assert customer_wish("%") == [finding.NOTHING]


def test_all_entries_can_be_written_anew(world: World, module_database: DatabaseUrls) -> None:
    owner = db.Database(module_database.admin)
    query = text("SELECT id, owner_id, customer_id, kind, terms::text FROM search_entry ORDER BY id")
    try:
        with owner.engine.begin() as connection:
            before = connection.execute(query).all()
            assert rebuild(connection) == len(before) > 5
            assert connection.execute(query).all() == before
            names = "SELECT count(*) FROM pg_indexes WHERE tablename = 'search_entry'"
            assert connection.execute(text(names)).scalar_one() == len(SearchEntry.__table__.indexes) + 1
    finally:
        owner.dispose()


# the box --------------------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def app(world: World) -> Flask:
    app = create_app(SimpleNamespace(**vars(SETTINGS)) if hasattr(SETTINGS, "__dict__") else SETTINGS)
    app.config["WTF_CSRF_ENABLED"] = False
    return app


@pytest.fixture
def visitor(app: Flask) -> Callable[[str], FlaskClient]:
    def sign_in(login: str) -> FlaskClient:
        client = app.test_client()
        client.post("/sign-in", data={"login": login, "password": PASSWORD})
        return client

    return sign_in


def test_the_box_marks_what_was_meant(world: World, visitor: Callable[[str], FlaskClient]) -> None:
    world.customer("标记测试厂")
    anna = visitor("admin")
    for typed in ("测试", "cs", "ceshi"):
        assert "标记<mark>测试</mark>厂" in anna.get(f"/search/box?q={typed}").text, typed
    assert "<html" not in anna.get("/search/box?q=cs").text


def test_commands_are_found_in_both_languages_and_by_pinyin(
    world: World, visitor: Callable[[str], FlaskClient]
) -> None:
    admin, anna = visitor("admin"), visitor("anna")
    for typed in ("new cust", "新建客户", "xinjian", "xjkh"):
        assert 'data-href="/customers/new"' in admin.get(f"/search/box?q={typed}").text, typed
    assert 'data-href="/users"' in admin.get("/search/box?q=yonghu").text
    assert 'data-href="/users"' not in anna.get("/search/box?q=yonghu").text
    assert 'data-href="/customers/new"' in anna.get("/search/box").text


def test_what_was_opened_last_is_its_readers_own_and_what_he_may_see(
    world: World, visitor: Callable[[str], FlaskClient]
) -> None:
    anna_id = world.actor_of("anna").user_id
    customer = world.customer("刚才打开的", owner_id=anna_id)
    anna, bert = visitor("anna"), visitor("bert")
    assert f'data-opened="customers {customer}"' in anna.get(f"/customers/{customer}").text
    for client in (anna, bert):
        assert client.post("/search/opened", data={"kind": "customers", "id": customer}).status_code == 204
    assert "刚才打开的" in anna.get("/search/box").text
    assert "刚才打开的" in anna.get("/search").text
    assert "刚才打开的" not in bert.get("/search/box").text
    for bad in ({"kind": "users", "id": 1}, {"kind": "customers", "id": "x"}, {}):
        assert anna.post("/search/opened", data=bad).status_code == 204


def test_few_opened_records_are_kept_and_the_latest_is_first(world: World) -> None:
    for _ in range(2):
        for record_id in range(1, MOST + 6):
            world.run(note_opened, "orders", record_id)
    query = "SELECT record_id FROM recent_record WHERE user_id = :id ORDER BY opened_at DESC, id DESC"
    kept = [row[0] for row in world.rows(query, id=world.actor.user_id)]
    assert len(kept) == MOST and kept[0] == MOST + 5 and min(kept) == 6


@pytest.mark.parametrize(
    "path", ["/search/box?q=lml", "/search/box?q=有限公司", "/search/box?q=SO-2026-00001", "/search/box"]
)
def test_the_box_asks_once_for_each_kind(
    world: World, visitor: Callable[[str], FlaskClient], path: str, ways: bool
) -> None:
    admin = visitor("admin")
    admin.get(path)
    warm(world.database)
    with counted(world.database) as statements:
        assert admin.get(path).status_code == 200
    assert len(statements) <= 7, str(statements)  # the session, five kinds, documents by their number
