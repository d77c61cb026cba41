"""Fields masked per role: nowhere in the clear for who may not see them, uncovered one by one and on record."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from core.company import change_company
from core.context import Context
from core.customers import change_customer, save_contact
from core.errors import DomainError, InvalidInput
from core.masks import KINDS, Masked, as_data
from core.permissions import ROLES
from core.suppliers import create_supplier
from core.users import change_user
from crm.orders.ship import ship_order
from finance.banks import create_bank_account
from inventory.catalog import change_product
from inventory.documents import StockLine, adjust_stock
from inventory.queries.products import get_product
from tests.conftest import DatabaseUrls
from tests.security.conftest import Visitor, values_of
from tests.security.test_matrix import address
from tests.world import PASSWORD, World
from web.permissions import route_matrix

PHONE, CONTACT_PHONE, SUPPLIER_PHONE = "138 4471 9053", "139 7015 2264", "021 6438 1770"
EMAIL, CONTACT_EMAIL, SUPPLIER_EMAIL = "geheim@kanarie.example", "privat@kanarie.example", "fabrik@kanarie.example"
COMPANY_BANK, OTHER_BANK = "6222 0219 7733 5544", "9558 8033 1177 2299"
COST = Decimal("613.71")
ASKED = ("warehouse", "finance", "sales", "sales_manager", "marketing", "service")
# Every figure that the cost of 613.71 shows in: per unit and for 7 received, 2 shipped, 5 left, 1 adjusted, 4 left.
COSTS = tuple(COST * quantity for quantity in (1, 2, 4, 5, 7))


def words_of(kind: str, *, on_paper: bool) -> tuple[str, ...]:
    """What must not be read. The company prints the account it wants to be paid on, on its papers only."""
    numbers = {"phones": (PHONE, CONTACT_PHONE, SUPPLIER_PHONE), "bank_details": (OTHER_BANK, COMPANY_BANK)}
    if kind == "emails":
        return tuple(email.partition("@")[0] + "@" for email in (EMAIL, CONTACT_EMAIL, SUPPLIER_EMAIL))
    if kind in numbers:
        kept = [number for number in numbers[kind] if not (on_paper and number == COMPANY_BANK)]
        return tuple(form for number in kept for form in (number, number.replace(" ", "")))
    return tuple(form for cost in COSTS for form in (f"{cost:,}", f"{cost}")) if kind == "costs" else ()


@dataclass
class Records:
    """Where the canaries are."""

    customer: int
    contact: int
    supplier: int
    product: int
    order: int
    bank: int
    values: dict[str, Any]


@pytest.fixture(scope="module")
def records(world: World) -> Records:
    customer = world.customer("Kanarie BV", phone=PHONE, email=EMAIL, country="CN")
    contact = world.run(save_contact, customer, {"name": "Jan", "phone": CONTACT_PHONE, "email": CONTACT_EMAIL})
    named = {"name": "Kanarie Fabrik", "country": "CN", "phone": SUPPLIER_PHONE, "email": SUPPLIER_EMAIL}
    supplier = world.run(create_supplier, named)["id"]
    product = world.product(stock=7, cost=COST, sku="KANARIE", name="Kanarie", supplier_id=supplier)
    order = world.order(customer, (product, 2))
    world.confirm(order)
    world.ship(order)
    world.order(customer, (product, 1))
    world.adjust(product, -1)
    world.run(change_company, {"bank_account": COMPANY_BANK})
    bank = world.run(create_bank_account, {"name": "Second", "number": OTHER_BANK})["id"]
    world.run(change_user, world.actor_of("leaver").user_id, {"email": "leaver@kanarie.example"})
    values = values_of(world) | {
        "customer_id": customer,
        "contact_id": contact["id"],
        "supplier_id": supplier,
        "product_id": product,
        "order_id": order["id"],
        "bank_account_id": bank,
        "shipment_id": world.value("SELECT max(id) FROM shipment"),
        "document_id": world.value("SELECT min(id) FROM stock_document WHERE id >= :product", product=product),
    }
    return Records(customer, contact["id"], supplier, product, order["id"], bank, values)


def masked_for(role: str) -> list[str]:
    return [kind for kind in KINDS if f"{kind}.read" not in ROLES[role].permissions]


def text_of(answer: Any) -> tuple[str, bool]:
    """What a person reads in an answer, and whether it is a paper."""
    if answer.mimetype != "application/pdf":
        return answer.data.decode("utf-8", "replace"), False
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=answer.data, capture_output=True, check=True)
    return done.stdout.decode(), True


def told(role: str, answer: Any) -> list[str]:
    body, on_paper = text_of(answer)
    return [word for kind in masked_for(role) for word in words_of(kind, on_paper=on_paper) if word in body]


def pages(app: Flask, records: Records) -> Iterator[str]:
    """Every GET address of the application with the ids of the canaries, and lists as they are searched."""
    for row in route_matrix(app):
        if row.method == "GET" and not row.rule.startswith(("/styleguide", "/assets")) and "sign" not in row.rule:
            yield address(row, records.values)
    yield from (f"/{place}?q=Kanarie" for place in ("search", "customers", "suppliers", "products", "stock", "orders"))
    yield f"/orders/customers?q=Kanarie&customer_id={records.customer}"
    yield "/stock/lookup?product=KANARIE&quantity=2"
    yield f"/orders/{records.order}?preview"
    yield f"/stock/moves?product={records.product}"
    yield from ("/api/v1/search?q=Kanarie", "/api/v1/customers?q=Kanarie", "/api/v1/suppliers?q=Kanarie")
    yield f"/api/v1/stock-moves?product_id={records.product}"


@pytest.mark.parametrize("role", ASKED)
def test_a_crawl_reads_nothing_that_is_masked(
    app: Flask, world: World, visitor: Visitor, records: Records, role: str
) -> None:
    """Every page, paper, list and record, by browser and by token."""
    token, found, visited = {"Authorization": f"Bearer {world.token(role)}"}, [], 0
    for path in pages(app, records):
        is_api = path.startswith("/api/")
        answer = (app.test_client() if is_api else visitor(role)).get(path, headers=token if is_api else {})
        visited += 1
        assert answer.status_code < 500, path
        found += [f"{path}: {word}" for word in told(role, answer)]
    assert visited > 130
    assert found == []


def test_the_crawl_sees_what_is_there(app: Flask, world: World, visitor: Visitor, records: Records) -> None:
    """The same words for who may read them: otherwise the crawl above could not fail."""
    token, seen = {"Authorization": f"Bearer {world.token('admin')}"}, set()
    for path in pages(app, records):
        is_api = path.startswith("/api/")
        answer = (app.test_client() if is_api else visitor("admin")).get(path, headers=token if is_api else {})
        body, on_paper = text_of(answer)
        seen |= {word for kind in KINDS for word in words_of(kind, on_paper=on_paper) if word in body}
    missing = [
        number for number in (PHONE, CONTACT_PHONE, SUPPLIER_PHONE, OTHER_BANK, COMPANY_BANK) if number not in seen
    ]
    assert missing == []
    assert {"geheim@", "privat@", "fabrik@", "613.71", "2,454.84", "4,295.97"} <= seen


def test_the_api_says_null_and_names_what_is_masked(app: Flask, world: World, records: Records) -> None:
    caller = {"Authorization": f"Bearer {world.token('warehouse')}"}
    client = app.test_client()
    found = client.get(f"/api/v1/customers/{records.customer}", headers=caller).get_json()
    assert (found["phone"], found["email"], found["masked"]) == (None, None, ["phone", "email"])
    [move, *_] = client.get(f"/api/v1/stock-moves?product_id={records.product}", headers=caller).get_json()["items"]
    assert (move["value"], move["masked"]) == (None, ["value"])
    body = {"reason": "count", "lines": [{"product_id": records.product, "quantity": "1"}]}
    previewed = client.post("/api/v1/stock-adjustments?preview=true", json=body, headers=caller).get_json()
    assert [effect["value"] for effect in previewed["effects"] if effect["kind"] == "stock"] == [None]
    admin = {"Authorization": f"Bearer {world.token('admin')}"}
    assert "masked" not in client.get(f"/api/v1/customers/{records.customer}", headers=admin).get_json()


def test_a_repeated_command_is_masked_as_the_caller_is_now(app: Flask, world: World, records: Records) -> None:
    """What is stored under the key is not what is shown: the role at the time of the repeat decides."""
    caller = {"Authorization": f"Bearer {world.token('warehouse')}", "Idempotency-Key": "masks-adjust"}
    body = {"reason": "count", "lines": [{"product_id": records.product, "quantity": "1"}]}
    client = app.test_client()
    first = client.post("/api/v1/stock-adjustments", json=body, headers=caller)
    assert first.status_code == 201
    world.run(adjust_stock, reason="back", lines=[StockLine(records.product, Decimal(-1))])
    repeat = client.post("/api/v1/stock-adjustments", json=body, headers=caller)
    assert repeat.headers["Idempotent-Replay"] == "true"
    for answer in (first, repeat):
        assert told("warehouse", answer) == []
        [line] = answer.get_json()["lines"]
        assert (line["unit_cost"], line["value"], line["masked"]) == (None, None, ["unit_cost", "value"])
    with permissions(world, "warehouse", {"costs.read"}):
        seen = client.post("/api/v1/stock-adjustments", json=body, headers=caller).get_json()
    assert seen["lines"][0]["unit_cost"] == "613.7100"


def test_an_adjustment_over_the_limit_tells_no_cost(
    app: Flask, world: World, visitor: Visitor, records: Records, open_forms: None
) -> None:
    """Its measure is what the goods cost: in the refusal, its preview, the request for it and all that tells of it."""
    world.set_rule("adjustment", is_active=True, threshold=Decimal(100))
    caller = {"Authorization": f"Bearer {world.token('warehouse')}"}
    lines, client = [{"product_id": records.product, "quantity": "-1"}], app.test_client()

    def call(path: str, body: Any = None) -> Any:
        key = {"Idempotency-Key": f"over-the-limit {path}"}
        sent = client.get if body is None else client.post
        return sent(f"/api/v1{path}", headers=caller | key, **({} if body is None else {"json": body}))

    try:
        wanted = {"reason": "count", "lines": lines}
        refused = call("/stock-adjustments", wanted)
        assert (refused.get_json()["measure"], refused.get_json()["masked"]) == (None, ["measure"])
        asked = call("/approvals", {"action": "adjust_stock", "lines": lines, "why": "count", "reason": "broken"})
        assert asked.status_code == 201, asked.text
        request_id = asked.get_json()["id"]
        again = call("/stock-adjustments", wanted)
        form = {"reason": "count", "step": "post", "lines-0-product": "KANARIE", "lines-0-quantity": "-1"}
        browser = visitor("warehouse")
        # fmt: off
        shown = [refused, asked, again, call("/stock-adjustments?preview=true", wanted), call("/approvals"),
                 call(f"/approvals/{request_id}"), browser.get("/approvals?tab=mine"),
                 browser.get(f"/approvals/{request_id}"),
                 browser.post("/stock/adjustments/new", data=form | {"idempotency_key": "over"}),
                 call("/approvals", {"action": "adjust_stock", "lines": lines, "why": "count", "reason": "again"})]
        # fmt: on
        assert [told("warehouse", answer) for answer in shown] == [[]] * len(shown)
        seen = visitor("admin").get(f"/approvals/{request_id}").text
        assert "613.71" in seen, "who sees costs decides by the value"
    finally:
        world.set_rule("adjustment", is_active=False)


def test_a_preview_that_is_outdated_tells_no_cost(world: World, records: Records) -> None:
    """The refusal carries the effects as they are now, masked; so does the preview itself."""
    order = world.order(records.customer, (records.product, 1))
    world.confirm(order)
    warehouse = world.actor_of("warehouse")
    with pytest.raises(DomainError) as refused:
        world.run(ship_order, order["id"], context=Context(actor=warehouse, expected_digest="seen before"))
    assert refused.value.code == "plan_changed"
    costs = [effect["cost"] for effect in refused.value.data["effects"] if effect["kind"] == "revenue"]
    assert costs == [Masked("costs")]
    assert str(COST) not in json.dumps(as_data(refused.value.data), default=str)


class permissions:
    """In this block a role has more permissions, or without `more` fewer; the next call already has them."""

    def __init__(self, world: World, role: str, more: set[str] | None = None, fewer: set[str] | None = None) -> None:
        self.world, self.role = world, role
        self.before = list(world.value("SELECT permissions::text[] FROM role WHERE code = :role", role=role))
        self.now = sorted((set(self.before) | (more or set())) - (fewer or set()))

    def _write(self, names: list[str]) -> None:
        from sqlalchemy import text

        with self.world.database.engine.begin() as connection:
            connection.execute(
                text("UPDATE role SET permissions = CAST(:names AS varchar[]) WHERE code = :role"),
                {"names": names, "role": self.role},
            )

    def __enter__(self) -> None:
        self._write(self.now)

    def __exit__(self, *_error: object) -> None:
        self._write(self.before)


def test_a_change_of_the_role_bites_on_the_next_call(
    app: Flask, world: World, visitor: Visitor, records: Records
) -> None:
    path, token = f"/customers/{records.customer}", {"Authorization": f"Bearer {world.token('sales_manager')}"}
    with permissions(world, "manager", fewer={"phones.read"}):
        assert PHONE not in visitor("manager").get(path).text
    assert PHONE in visitor("manager").get(path).text
    moves = f"/api/v1/stock-moves?product_id={records.product}"
    assert app.test_client().get(moves, headers=token).get_json()["items"][0]["value"] is None
    with permissions(world, "sales_manager", more={"costs.read"}):
        assert app.test_client().get(moves, headers=token).get_json()["items"][0]["value"] is not None


# searching ------------------------------------------------------------------------------------------------------------
PROBES = (PHONE, "13844719053", "4471 9053", "9053", "geheim", EMAIL, "kanarie.example")
SEARCHES = (
    "/customers?q=", "/search?q=", "/orders/customers?q=", "/orders?q=", "/shipments?q=", "/api/v1/customers?q=",
    "/api/v1/search?q=", "/invoices?q=", "/payments?q=", "/quotations?q=", "/opportunities?q=",
)  # fmt: skip


@pytest.mark.parametrize("role", ["warehouse", "finance", "marketing"])
def test_no_search_leads_from_a_phone_to_its_customer(
    app: Flask, world: World, visitor: Visitor, records: Records, role: str
) -> None:
    """Neither by fragments nor whole: what is masked cannot be guessed digit by digit."""
    token, found = {"Authorization": f"Bearer {world.token(role)}"}, []
    for place in SEARCHES:
        for probe in PROBES:
            is_api = place.startswith("/api/")
            client = app.test_client() if is_api else visitor(role)
            answer = client.get(place + probe.replace(" ", "+"), headers=token if is_api else {})
            found += [f"{place}{probe}"] if "Kanarie BV" in answer.text else []
    assert found == []


def test_who_sees_phones_still_finds_by_them(app: Flask, world: World, visitor: Visitor, records: Records) -> None:
    for probe in PROBES:
        for place in ("/customers?q=", "/search?q=", "/api/v1/customers?q="):
            token = {"Authorization": f"Bearer {world.token('service')}"} if place.startswith("/api/") else {}
            client = app.test_client() if token else visitor("service")
            assert "Kanarie BV" in client.get(place + probe.replace(" ", "+"), headers=token).text, (place, probe)


def test_names_are_found_by_everybody_in_pinyin_too(world: World, visitor: Visitor) -> None:
    world.customer("恒泰纺织", phone="136 0000 4545")
    for probe in ("恒泰", "hengtai", "ht"):
        assert "恒泰纺织" in visitor("warehouse").get(f"/customers?q={probe}").text, probe


def test_a_text_kept_by_an_earlier_version_is_not_searched(world: World, visitor: Visitor, records: Records) -> None:
    """Before there were lines, phones stood among the names: such a text answers by name and code alone."""
    from sqlalchemy import text

    old = world.customer("Vorher KG", phone="137 1234 8899")
    with world.database.engine.begin() as connection:
        connection.execute(text("SELECT set_config('countinghouse.viewer', 'all', true)"))
        connection.execute(
            text("UPDATE customer SET search_text = 'vorher kg 137 1234 8899 13712348899' WHERE id = :id"), {"id": old}
        )
    assert "Vorher KG" not in visitor("warehouse").get("/customers?q=1371234").text
    assert "Vorher KG" in visitor("warehouse").get("/customers?q=vorher").text
    assert "Vorher KG" in visitor("service").get("/customers?q=1371234").text


# uncovering -----------------------------------------------------------------------------------------------------------
def unmasked(world: World) -> list[Any]:
    return world.rows("""
        SELECT app_user.login, record_type, record_id, changes ->> 'field', audit_row.address IS NOT NULL
          FROM audit_row JOIN app_user ON app_user.id = audit_row.actor_id WHERE action = 'field.unmasked'
         ORDER BY audit_row.id""")


@pytest.fixture
def open_forms(app: Flask, visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forms are taken without their token; everybody has signed in before, which switches that back."""
    for role in ASKED:
        visitor(role)
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)


def click(client: FlaskClient, record: str, identity: int, field: str, key: str, **headers: str) -> Any:
    return client.post(f"/reveal/{record}/{identity}/{field}", data={"idempotency_key": key}, headers=headers)


def test_a_click_uncovers_once_and_on_record(
    world: World, visitor: Visitor, records: Records, open_forms: None
) -> None:
    before, warehouse = len(unmasked(world)), visitor("warehouse")
    page = warehouse.get(f"/customers/{records.customer}").text
    assert "••••</span> 9053" in page
    assert f"/reveal/customer/{records.customer}/phone" in page
    assert f"/reveal/customer/{records.customer}/email" not in page
    for _repeat in range(2):
        shown = click(warehouse, "customer", records.customer, "phone", "click-1", **{"HX-Request": "true"})
        assert (shown.status_code, PHONE in shown.text, "<html" in shown.text) == (200, True, False)
    plain = click(warehouse, "contact", records.contact, "phone", "click-2")
    assert CONTACT_PHONE in plain.text and "<html" in plain.text
    assert unmasked(world)[before:] == [
        ("warehouse", "customer", records.customer, "phone", True),
        ("warehouse", "contact", records.contact, "phone", True),
    ]
    assert PHONE not in warehouse.get(f"/customers/{records.customer}").text
    stored = world.value("SELECT string_agg(response, '') FROM idempotency_key WHERE key LIKE 'click-%'")
    assert PHONE not in stored and PHONE not in str(
        world.rows("SELECT changes FROM audit_row WHERE action = 'field.unmasked'")
    )


def test_every_mask_with_a_button_opens(world: World, visitor: Visitor, records: Records, open_forms: None) -> None:
    """What a sales manager may uncover: cost and worth of a product, on each page that shows them."""
    manager, pressed = visitor("sales_manager"), set()
    paths = [f"/products/{records.product}", "/stock?q=Kanarie", f"/stock/moves?product={records.product}"]
    paths += ["/stock/documents", f"/stock/documents/{records.values['document_id']}"]
    for path in paths:
        buttons = set(re.findall(r'hx-post="/reveal/(\w+)/(\d+)/(\w+)"', manager.get(path).text))
        assert buttons, path
        for record, identity, field in sorted(buttons)[:3]:
            shown = click(manager, record, int(identity), field, f"{path}{record}{identity}{field}")
            assert shown.status_code == 200, (record, field, shown.text)
            pressed.add((record, field))
    wanted = {("product", "cost"), ("product", "average_cost"), ("product", "value"), ("stock_level", "value")}
    assert wanted | {("stock_document_line", "unit_cost"), ("stock_move", "value")} <= pressed


def test_who_may_not_uncover_is_refused_and_nothing_is_written(
    app: Flask, world: World, visitor: Visitor, records: Records, open_forms: None
) -> None:
    before = unmasked(world)
    for role, record, identity, field in (
        ("warehouse", "customer", records.customer, "email"),
        ("warehouse", "product", records.product, "cost"),
        ("sales", "product", records.product, "cost"),
        ("service", "bank_account", records.bank, "number"),
        ("marketing", "supplier", records.supplier, "phone"),
    ):
        refused = click(visitor(role), record, identity, field, f"{role}-{record}-{field}")
        assert refused.status_code == 403, (role, record, field)
        within = click(visitor(role), record, identity, field, f"{role}-{field}", **{"HX-Request": "true"})
        assert (within.status_code, within.headers["HX-Refresh"], within.text) == (403, "true", "")
        token = {"Authorization": f"Bearer {world.token(role)}", "Idempotency-Key": f"{role}-{record}-{field}"}
        body = {"record_type": record, "id": identity, "field": field}
        assert app.test_client().post("/api/v1/reveal", json=body, headers=token).status_code == 403
    for record, identity, field in (("customer", records.customer, "name"), ("nothing", 1, "phone")):
        assert click(visitor("warehouse"), record, identity, field, f"{record}-{field}").status_code == 404
    assert unmasked(world) == before


def test_a_colleague_s_record_is_uncovered_like_a_missing_one(app: Flask, world: World, records: Records) -> None:
    with permissions(world, "sales", more={"phones.unmask"}, fewer={"phones.read"}):
        before, answers = unmasked(world), []
        token = {"Authorization": f"Bearer {world.token('sales')}"}
        for identity in (records.customer, 7):
            body = {"record_type": "customer", "id": identity, "field": "phone"}
            headers = {**token, "Idempotency-Key": f"colleague-{identity}"}
            answer = app.test_client().post("/api/v1/reveal", json=body, headers=headers)
            answers.append((answer.status_code, answer.get_json()["code"], sorted(answer.get_json())))
        assert answers[0] == answers[1] and answers[0][0] == 404
        assert unmasked(world) == before


def test_the_api_uncovers_on_record(app: Flask, world: World, records: Records) -> None:
    before = len(unmasked(world))
    token = {"Authorization": f"Bearer {world.token('marketing')}", "Idempotency-Key": "api-reveal"}
    body = {"record_type": "customer", "id": records.customer, "field": "email"}
    for _repeat in range(2):
        answer = app.test_client().post("/api/v1/reveal", json=body, headers=token)
        assert (answer.status_code, answer.get_json()["value"]) == (200, EMAIL)
    assert len(unmasked(world)) == before + 1
    with permissions(world, "marketing", fewer={"emails.unmask"}):
        assert app.test_client().post("/api/v1/reveal", json=body, headers=token).status_code == 403


def test_a_click_needs_the_form_s_token(app: Flask, visitor: Visitor, records: Records, world: World) -> None:
    before = unmasked(world)
    assert click(visitor("warehouse"), "customer", records.customer, "phone", "no-token").status_code == 400
    assert unmasked(world) == before


# forms ----------------------------------------------------------------------------------------------------------------
CAN_WRITE = {
    "banks.write", "company.write", "customers.write", "payments.read", "products.write", "suppliers.write",
    "users.manage",
}  # fmt: skip


@pytest.fixture
def clerk(app: Flask, world: World, open_forms: None) -> Iterator[FlaskClient]:
    """Somebody who writes records whose phones, addresses, costs and accounts he does not see."""
    with permissions(world, "warehouse", more=CAN_WRITE):
        browser = app.test_client()
        browser.post("/sign-in", data={"login": "warehouse", "password": PASSWORD})
        yield browser


def filled(page: str) -> dict[str, str]:
    """The fields of the page's own form as the browser would send them."""
    forms = re.findall(r'<form method="post".*?</form>', page, re.DOTALL)
    form = next((found for found in forms if "data-primary" in found or 'class="stack"' in found), "")
    assert form, page[:500]
    inputs = re.findall(r"<input[^>]*>", form)
    values = {}
    for element in inputs:
        named, value = re.search(r'name="([^"]*)"', element), re.search(r'value="([^"]*)"', element)
        if named and not ('type="checkbox"' in element and " checked" not in element):
            values[named[1]] = value[1] if value else ""
    for name, options in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.S):
        chosen = next((found for found in re.findall(r"<option[^>]*>", options) if " selected" in found), "")
        values[name] = "".join(re.findall(r'value="([^"]*)"', chosen))
    values |= dict(re.findall(r'<textarea[^>]*name="([^"]*)"[^>]*>\s*(.*?)</textarea>', form, re.S))
    return values


def test_forms_left_as_they_are_keep_what_is_behind_the_mask(
    world: World, clerk: FlaskClient, records: Records
) -> None:
    for path, table, identity, columns in (
        (f"/customers/{records.customer}/edit", "customer", records.customer, "phone, email, phone_key"),
        (f"/customers/{records.customer}/contacts/{records.contact}", "contact", records.contact, "phone, email"),
        (f"/suppliers/{records.supplier}/edit", "supplier", records.supplier, "phone, email"),
        (f"/products/{records.product}/edit", "product", records.product, "cost"),
        (f"/payments/bank-accounts/{records.bank}", "bank_account", records.bank, "number"),
        ("/settings", "company", 1, "bank_account, phone"),
        (f"/users/{records.values['user_id']}", "app_user", records.values["user_id"], "email"),
    ):
        stored = f"SELECT {columns} FROM {table} WHERE id = {identity}"
        before = world.rows(stored)
        values = filled(clerk.get(path).text)
        assert any("•" in value for value in values.values()), (path, values)
        saved = clerk.post(path, data=values)
        assert saved.status_code == 303, (path, re.findall(r'class="err"[^>]*>.*?</span></span>', saved.text))
        assert world.rows(stored) == before, path


def test_a_masked_field_takes_a_new_value_whole_or_none(world: World, clerk: FlaskClient, records: Records) -> None:
    path = f"/customers/{records.customer}/edit"
    stored = f"SELECT phone FROM customer WHERE id = {records.customer}"
    values = filled(clerk.get(path).text)
    refused = clerk.post(path, data={**values, "phone": "•••• 9054"})
    assert refused.status_code == 422 and world.value(stored) == PHONE
    try:
        values["idempotency_key"] = "another form"
        assert clerk.post(path, data={**values, "phone": "135 0000 0001"}).status_code == 303
        assert world.value(stored) == "135 0000 0001"
    finally:
        world.run(change_customer, records.customer, {"phone": PHONE})


def test_commands_keep_what_a_caller_answers_with_null(world: World, records: Records) -> None:
    """A client that sends back what it was answered takes nothing away."""
    with permissions(world, "warehouse", more={"customers.write"}):
        warehouse = world.actor_of("warehouse")
    stored = f"SELECT phone, email FROM customer WHERE id = {records.customer}"
    world.run(change_customer, records.customer, {"phone": None}, context=Context(actor=warehouse))
    assert world.rows(stored) == [(PHONE, EMAIL)]
    with pytest.raises(InvalidInput) as refused:
        world.run(change_customer, records.customer, {"phone": "•••• 1"}, context=Context(actor=warehouse))
    assert refused.value.fields["phone"].code == "mask_written"
    world.run(change_customer, records.customer, {"phone": ""}, context=Context(actor=warehouse))
    assert world.rows(stored) == [(None, EMAIL)]
    world.run(change_customer, records.customer, {"phone": PHONE})


def test_a_conflict_shows_no_more_than_the_page(world: World, records: Records) -> None:
    """Whoever saves over somebody else's change is told what stands there now, as far as he may see it."""
    with permissions(world, "warehouse", more={"customers.write", "products.write"}):
        warehouse = world.actor_of("warehouse")
    for command, identity, values in (
        (change_customer, records.customer, {"name": "Kanarie BV"}),
        (change_product, records.product, {"name": "Kanarie"}),
    ):
        with pytest.raises(DomainError) as refused:
            world.run(command, identity, values, version=999, context=Context(actor=warehouse))
        assert refused.value.code == "edit_conflict"
        said = json.dumps(as_data(refused.value.data), default=str)
        assert not any(word in said for kind in KINDS for word in words_of(kind, on_paper=False)), said


def test_a_report_without_costs_is_masked_with_its_sums(app: Flask, world: World, records: Records) -> None:
    with permissions(world, "service", more={"reports.read"}):
        token = {"Authorization": f"Bearer {world.token('service')}"}
        sheet = app.test_client().get("/api/v1/balance-sheet", headers=token).get_json()
        result = app.test_client().get("/api/v1/profit-and-loss", headers=token).get_json()
        browser = app.test_client()
        app.config["WTF_CSRF_ENABLED"] = False
        browser.post("/sign-in", data={"login": "service", "password": PASSWORD})
        app.config["WTF_CSRF_ENABLED"] = True
        for page in ("/reports", "/reports/balance-sheet", "/reports/profit-and-loss"):
            assert browser.get(page).status_code == 200, page
    assert sheet["assets"]["total"] is sheet["result"] is result["result"] is result["expenses"]["total"] is None
    assert any(item["amount"] is not None for item in result["income"]["items"])
    assert sheet["difference"] == "0.00"


def test_a_page_not_asked_for_by_anybody_is_masked(
    module_database: DatabaseUrls, world: World, records: Records
) -> None:
    """Without a person, nothing is shown: jobs that print or export say for whom."""
    from core.masks import NOTHING, showing

    with showing(NOTHING), world.database.reading() as connection:
        product = get_product(connection, records.product, chinese=False)
    assert isinstance(product.cost, Masked) and isinstance(product.average_cost, Masked)
