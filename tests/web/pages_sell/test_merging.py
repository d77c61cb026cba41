"""Two people edit one record at once: what either has changed is put together, and nothing is written over unseen."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core.approvals.models import ApprovalKind
from core.categories import save_category
from core.custom_fields.commands import create_field
from core.lists.saved import save_view
from core.oidc import save_provider
from core.suppliers import create_supplier
from core.talk.comments import write_comment
from core.units import save_unit
from finance.accounts import create_account
from tests.web.pages_sell.conftest import Shop
from tests.web.pages_sell.merging import Sheet

# The form, and two of its fields with other entries.
FORMS: dict[str, tuple[str, tuple[str, str], tuple[str, str]]] = {
    "customer": ("/customers/{customer}/edit", ("city", "南京"), ("industry", "Retail")),
    "contact": ("/customers/{customer}/contacts/{contact}", ("title", "Buyer"), ("decision_power", "Prices")),
    "address": ("/customers/{customer}/addresses/{address}", ("city", "常熟"), ("region", "江苏")),
    "opportunity": ("/opportunities/{deal}/edit", ("source", "Fair"), ("schedule", "Q3")),
    "product": ("/products/{tea}/edit", ("description", "Picked in autumn"), ("barcode", "6900000000099")),
    "supplier": ("/suppliers/{supplier}/edit", ("city", "Leeds"), ("region", "Yorkshire")),
    "order": ("/orders/{draft}/edit", ("carrier", "SF"), ("customer_reference", "B-77")),
    "quotation": ("/quotations/{quotation}/edit", ("note", "Thank you"), ("valid_until", "{later}")),
    "warehouse": ("/warehouses/{warehouse}", ("name", "Main house"), ("address", "1 Quay Road")),
    "user": ("/users/{person}", ("name", "Somebody Else"), ("language", "en")),
    "role": ("/users/roles/{role}", ("name", "Sellers"), ("name_zh", "销售员")),
    "unit": ("/users/units/{unit}", ("name", "North team"), ("parent_id", "{region}")),
    "provider": ("/settings/sign-in/{provider}", ("name", "House"), ("client_id", "other-client")),
    "custom field": ("/settings/fields/{field}", ("label", "Level"), ("help", "How dear they are")),
    "rule": ("/settings/approvals/{rule}", ("threshold", "7.000"), ("valid_days", "3")),
    "view": ("/lists/views/{view}", ("name", "Ours"), ("is_shared", "y")),
    "company": ("/settings", ("name_english", "Harbour Ltd"), ("tax_id", "91310000MA1FL0000X")),
    "signing in": ("/settings/sign-in", ("session_idle_hours", "9"), ("session_days", "20")),
    "terms": ("/settings/terms/{terms}", ("name", "A month"), ("name_zh", "一个月")),
    "category": ("/products/categories/{category}", ("name", "Leaves"), ("description", "Picked by hand")),
    "account": ("/ledger/accounts/{account}/edit", ("name", "Odds and ends"), ("name_zh", "零星")),
    "bank account": ("/payments/bank-accounts/{bank}", ("name", "Harbour Bank"), ("number", "6222-0001")),
}
# Of fields that are no texts, by what is chosen: what the other one enters, and what this one does. Each is another, as
# who sends what stands there already has changed nothing.
NUMBERS = {
    "threshold": {"mine": ("8.000", "9.000"), "theirs": ("10.000", "11.000")},
    "session_idle_hours": {"mine": ("7", "10"), "theirs": ("8", "11")},
}


@pytest.fixture(scope="module", autouse=True)
def more(shop: Shop) -> None:
    world, ids = shop.world, shop.ids
    ids["supplier"] = world.run(create_supplier, {"name": "Exotic Liquids", "country": "GB"})["id"]
    ids["warehouse"] = world.value("SELECT id FROM warehouse")
    ids["person"] = world.user("edited", "sales").user_id
    ids["role"] = world.value("SELECT id FROM role WHERE code = 'sales'")
    provider = {"name": "Company", "issuer": "https://login.example.com", "client_id": "house", "is_active": True}
    ids["provider"] = world.run(save_provider, provider)["id"]
    ids["rule"] = world.value("SELECT id FROM approval_rule WHERE kind = :kind", kind=str(ApprovalKind.DISCOUNT))
    view = {"name": "Mine", "query": "q=tea", "is_shared": False}
    own = world.context(actor=shop.actors["admin"])
    ids["view"] = world.run(save_view, "products", view, context=own)["id"]
    ids["region"] = world.run(save_unit, {"name": "East", "kind": "region"})["id"]
    ids["unit"] = world.run(save_unit, {"name": "Team", "kind": "team"})["id"]
    field = {"record_type": "customer", "key": "grade", "label": "Grade", "kind": "text", "mask": None}
    ids["field"] = world.run(create_field, field)["id"]
    ids["terms"] = world.value("SELECT id FROM payment_terms ORDER BY days DESC LIMIT 1")
    ids["category"] = world.run(save_category, {"name": "Teas"})["id"]
    ids["account"] = world.run(create_account, {"code": "6699", "name": "Odds", "kind": "expense"})["id"]
    ids["bank"] = world.value("SELECT id FROM bank_account WHERE is_default")


def both(shop: Shop, name: str) -> tuple[Sheet, Sheet, tuple[str, str], tuple[str, str]]:
    path, one, other = FORMS[name]
    here = path.format(**shop.ids)
    later = shop.world.context().today + timedelta(days=60)
    filled = ((key, value.format(**shop.ids, later=later)) for key, value in (one, other))
    first, second = filled
    return Sheet.open(shop.client("admin"), here), Sheet.open(shop.client("admin"), here), first, second


@pytest.mark.parametrize("name", FORMS)
def test_entries_of_both_are_kept(shop: Shop, name: str) -> None:
    theirs, mine, (one, changed), (other, written) = both(shop, name)
    before = mine.values.get(one, "")
    assert theirs.send({one: changed}) == 303, theirs.text
    assert mine.send({other: written}) == 422
    kinds = [kind for kind, _ in mine.rows.values()]
    assert sorted(kinds) == ["mine", "theirs"], mine.rows
    assert not mine.choices
    assert (mine.values[one], mine.values[other]) == (changed, written)
    assert before in next(text for kind, text in mine.rows.values() if kind == "theirs")
    assert mine.send() == 303, mine.text
    now = Sheet.open(mine.client, mine.path).values
    assert (now[one], now[other]) == (changed, written)


@pytest.mark.parametrize("chosen", ["mine", "theirs"])
@pytest.mark.parametrize("name", FORMS)
def test_what_both_changed_is_asked(shop: Shop, name: str, chosen: str) -> None:
    theirs, mine, (one, changed), _ = both(shop, name)
    texts = f"{changed} of theirs {chosen}", f"{changed} {chosen}"
    changed, entry = NUMBERS[one][chosen] if one in NUMBERS else texts
    assert theirs.send({one: changed}) == 303, theirs.text
    assert mine.send({one: entry}) == 422
    [(kind, text)] = mine.rows.values()
    assert kind == "both" and changed in text and entry in text
    [choice] = mine.choices
    assert mine.values[choice] == "mine" and mine.values[one] == entry
    assert mine.send({choice: chosen}) == 303, mine.text
    assert Sheet.open(mine.client, mine.path).values[one] == (entry if chosen == "mine" else changed)


def test_pages_of_one_record_know_of_each_other(shop: Shop) -> None:
    """Settings and rules of signing in are one record: who meets a change of the other page saves once more."""
    rules, settings = (Sheet.open(shop.client("admin"), path) for path in ("/settings/sign-in", "/settings"))
    assert rules.send({"session_days": "21"}) == 303
    assert settings.send() == 422
    assert settings.rows == {} and "Nothing is saved yet" in settings.text
    picture = {**settings.values, "logo": (io.BytesIO(b"x"), "logo.png"), "version": "1", "idempotency_key": "logo"}
    answer = settings.client.post("/settings", data=picture, content_type="multipart/form-data")
    assert answer.status_code == 422 and "Choose the picture once more" in answer.text
    assert settings.send({"address": "Harbour Road 1"}) == 303
    assert shop.world.value("SELECT session_days FROM company") == 21


def test_the_usual_bank_account_is_not_said_to_differ(shop: Shop) -> None:
    """Where the page does not ask which one is the usual, nothing of that is compared."""
    theirs, mine, (one, _), (other, _) = both(shop, "bank account")
    assert "is_default" not in mine.values
    assert theirs.send({one: "Quay Bank"}) == 303
    assert mine.send({other: "6222-0002"}) == 422
    assert sorted(kind for kind, _ in mine.rows.values()) == ["mine", "theirs"]


def test_a_third_change_is_asked_again(shop: Shop) -> None:
    theirs, mine, (one, _), _ = both(shop, "customer")
    third = Sheet.open(shop.client("manager"), theirs.path)
    assert theirs.send({one: "Bonn"}) == 303
    assert mine.send({one: "Bern"}) == 422
    third = Sheet.open(shop.client("manager"), theirs.path)
    assert third.send({one: "Rome"}) == 303
    assert mine.send() == 422
    [(kind, text)] = mine.rows.values()
    assert kind == "both" and "Bonn" in text and "Rome" in text and "Bern" in text and "Manager1" in text
    assert "Manager1 saved this record while you were writing." in mine.text
    assert mine.send() == 303
    assert Sheet.open(mine.client, mine.path).values[one] == "Bern"


def test_a_comment_written_in_two_windows(shop: Shop) -> None:
    own = shop.world.context(actor=shop.actors["admin"])
    comment = shop.world.run(write_comment, "customer", shop.ids["customer"], "First words", context=own)["id"]
    one, other = (Sheet.open(shop.client("admin"), f"/talk/comments/{comment}") for _ in range(2))
    assert one.send({"text": "Second words\nin lines"}) == 303
    assert other.send({"text": "Third words"}) == 422
    assert "You saved this record meanwhile, in another window." in other.text
    assert "First words" in other.text and "Second words" in other.text
    assert other.send({other.choices[0]: "theirs"}) == 303
    lines = Sheet.open(shop.client("admin"), f"/talk/comments/{comment}").values["text"].splitlines()
    assert lines == ["Second words", "in lines"]


def lines_of(shop: Shop, order_id: int) -> dict[str, tuple[str, str]]:
    rows = shop.world.rows(
        "SELECT product.sku, line.quantity, line.unit_price FROM sales_order_line AS line "
        "JOIN product ON product.id = line.product_id WHERE order_id = :id ORDER BY line.position",
        id=order_id,
    )
    return {sku: (f"{quantity.normalize():f}", f"{price.normalize():f}") for sku, quantity, price in rows}


@pytest.mark.parametrize("chosen", ["mine", "theirs"])
def test_lines_of_a_draft_are_put_together(shop: Shop, chosen: str) -> None:
    world, ids = shop.world, shop.ids
    third = world.product(price="10", sku=f"SALT-{chosen}", name="Salt")
    order = world.order(ids["customer"], (ids["tea"], 5), (ids["beef"], 1), (ids["freight"], 1), (third, 1))
    path = f"/orders/{order['id']}/edit"
    theirs, mine = Sheet.open(shop.client("manager"), path), Sheet.open(shop.client("admin"), path)
    assert mine.values["lines-0-product"].startswith("TEA")
    changed = {"lines-0-quantity": "6", "lines-1-quantity": "2", "lines-2-product": "", "lines-2-quantity": "",
               "lines-2-price": "", "lines-2-discount_percent": ""}  # fmt: skip
    assert theirs.send(changed) == 303, theirs.text
    added = world.product(price="3", sku=f"NEW-{chosen}", name="Pepper")
    assert added
    assert mine.send({"lines-1-quantity": "3", "lines-3-price": "11",
                      "lines-4-product": f"NEW-{chosen}", "lines-4-quantity": "4"}) == 422  # fmt: skip
    kinds = [kind for kind, _ in mine.rows.values()]
    assert kinds == ["theirs", "both", "theirs", "mine", "mine"], mine.rows
    [choice] = mine.choices
    assert mine.send({choice: chosen}) == 303, mine.text
    assert lines_of(shop, order["id"]) == {
        "TEA": ("6", "96"),
        "BEEF": ("3" if chosen == "mine" else "2", "680"),
        f"SALT-{chosen}": ("1", "11"),
        f"NEW-{chosen}": ("4", "3"),
    }


@pytest.mark.parametrize("chosen", ["mine", "theirs"])
def test_a_line_that_one_took_out_and_the_other_changed(shop: Shop, chosen: str) -> None:
    world, ids = shop.world, shop.ids
    order = world.order(ids["customer"], (ids["tea"], 5), (ids["beef"], 1))
    path = f"/orders/{order['id']}/edit"
    gone = {"lines-1-product": "", "lines-1-quantity": "", "lines-1-price": "", "lines-1-discount_percent": ""}
    theirs, mine = Sheet.open(shop.client("manager"), path), Sheet.open(shop.client("admin"), path)
    assert theirs.send({"lines-1-quantity": "9"}) == 303
    assert mine.send(gone) == 422
    [choice] = mine.choices
    assert "not there" in mine.rows[next(iter(mine.rows))][1]
    assert mine.send({choice: chosen}) == 303
    assert list(lines_of(shop, order["id"])) == (["TEA"] if chosen == "mine" else ["TEA", "BEEF"])
    theirs, mine = Sheet.open(shop.client("manager"), path), Sheet.open(shop.client("admin"), path)
    if chosen == "theirs":
        assert theirs.send(gone) == 303
        assert mine.send({"lines-1-quantity": "7"}) == 422
        assert mine.send({mine.choices[0]: "theirs"}) == 303
        assert list(lines_of(shop, order["id"])) == ["TEA"]


def test_a_change_behind_a_mask_is_asked_and_not_told(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    seller = shop.actors["sales"]
    blind = replace(seller, permissions=seller.permissions - {"phones.read", "phones.unmask"})
    monkeypatch.setitem(shop.actors, "blind", blind)
    path = f"/customers/{shop.ids['customer']}/edit"
    theirs, mine = Sheet.open(shop.client("admin"), path), Sheet.open(shop.client("blind"), path)
    untouched = Sheet.open(shop.client("blind"), path)
    assert "•" in mine.values["phone"]
    assert theirs.send({"phone": "0512-65870001"}) == 303
    assert mine.send({"phone": "0512-65870002"}) == 422
    [(kind, text)] = mine.rows.values()
    assert kind == "both" and "65870001" not in mine.text and "•" in text
    assert untouched.send({"city": "昆山"}) == 422
    assert sorted(kind for kind, _ in untouched.rows.values()) == ["mine", "theirs"]
    assert "65870001" not in untouched.text
    assert untouched.send() == 303
    assert shop.world.value("SELECT phone FROM customer WHERE id = :id", id=shop.ids["customer"]) == "0512-65870001"


@pytest.mark.parametrize(
    "base", [None, "", "{", "[1]", '{"city": 1}', '{"city": ["a"]}', "[" * 5000, '{"lines-0-x":[]}']
)
def test_a_form_that_does_not_say_what_it_showed_asks_for_everything(shop: Shop, base: Any) -> None:
    theirs, mine, (one, _), _ = both(shop, "customer")
    sent = mine.values
    sent.poplist("base")
    if base is not None:
        sent["base"] = base
    assert theirs.send({one: f"Riga {len(base or '')} {base is None}"}) == 303
    sent[one] = "Oslo"
    answer = mine.client.post(mine.path, data={**sent, "idempotency_key": f"key-{len(base or '')}-{base is None}"})
    assert answer.status_code == 422
    mine.text = answer.text
    assert mine.values[one] == "Oslo"
    assert mine.rows["City"][0] == "both"


def test_both_languages_and_custom_fields(shop: Shop) -> None:
    path = f"/customers/{shop.ids['other']}/edit"
    theirs, mine = Sheet.open(shop.client("manager"), path), Sheet.open(shop.client("admin", "zh"), path)
    assert theirs.send({"custom-grade": "A", "lifecycle": "at_risk"}) == 303
    assert mine.send({"custom-grade": "B"}) == 422
    assert "您编辑期间，Manager1 保存了此记录。" in mine.text
    kinds = sorted(kind for kind, _ in mine.rows.values())
    assert kinds == ["both", "theirs"]
    assert mine.send({mine.choices[0]: "theirs"}) == 303
    now = Sheet.open(mine.client, path).values
    assert (now["custom-grade"], now["lifecycle"]) == ("A", "at_risk")
