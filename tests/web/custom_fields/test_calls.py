"""Custom fields in the API: in bodies and answers, described, scoped and masked; their definitions."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from core import database as db
from tests.budgets.counter import counted, warm
from tests.web.api.conftest import Api
from tests.world import World

CHOICES = [{"code": "a", "label": "A class", "label_zh": "甲类"}, {"code": "b", "label": "B class", "label_zh": "乙类"}]
FIELDS: dict[str, dict[str, Any]] = {
    "motto": {"kind": "text", "longest": 20},
    "score": {"kind": "number", "places": 2, "largest": "100"},
    "quota": {"kind": "money", "mask": "margins"},
    "ends_on": {"kind": "date"},
    "grade": {"kind": "choice", "choices": CHOICES, "preset": "b"},
    "topics": {"kind": "choices", "choices": CHOICES},
    "parent": {"kind": "reference", "target": "customer"},
    "is_chain": {"kind": "yes_no"},
}
GIVEN = {
    "motto": "客户至上",
    "score": "99.5",
    "quota": "1250.00",
    "ends_on": "2031-05-06",
    "grade": "a",
    "topics": ["a", "b"],
    "is_chain": False,
}


@pytest.fixture(scope="package")
def fields(app: Flask, world: World, tokens: dict[str, str]) -> dict[str, int]:
    db.configure(world.database)
    api = Api(app.test_client(), tokens["admin"])
    made = {}
    for key, values in FIELDS.items():
        body = {"record_type": "customer", "key": key, "label": key.title(), "label_zh": f"字段{key}", **values}
        made[key] = api.ok("POST", "/custom-fields", body)["id"]
    for record_type in ("contact", "opportunity", "product", "supplier"):
        body = {"record_type": record_type, "key": "motto", "label": "Motto", "kind": "text"}
        api.ok("POST", "/custom-fields", body)
    return made


def caller(app: Flask, tokens: dict[str, str], role: str) -> Api:
    return Api(app.test_client(), tokens[role])


def faults(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422, answer.text
    return {fault["field"]: fault["code"] for fault in answer.json["errors"]}


def test_values_come_back_as_they_were_sent(api: Api, fields: dict[str, int]) -> None:
    parent = api.customer()
    customer = api.customer(custom=GIVEN | {"parent": parent["id"]})
    expected = GIVEN | {"parent": parent["id"]}
    assert customer["custom"] == expected
    assert api.ok("GET", f"/customers/{customer['id']}")["custom"] == expected
    [row] = api.ok("GET", f"/customers?code={customer['code']}")["items"]
    assert row["custom"] == expected
    changed = api.patch(f"/customers/{customer['id']}", {"custom": {"motto": None, "score": 7}}).json
    assert changed["custom"] == expected | {"motto": None, "score": "7"}
    assert parent["custom"] == dict.fromkeys(FIELDS) | {"grade": "b"}


def test_every_type_of_record_has_them(api: Api, fields: dict[str, int]) -> None:
    customer, custom = api.customer(), {"custom": {"motto": "x"}}
    product = api.product(**custom)
    supplier = api.ok("POST", "/suppliers", {"name": "Motto & Co", "country": "DE", **custom})
    deal = api.ok("POST", "/opportunities", {"customer_id": customer["id"], "name": "d", "amount": "1", **custom})
    contact = api.ok("POST", f"/customers/{customer['id']}/contacts", {"name": "林薇", **custom})
    for made in (product, supplier, deal, contact):
        assert made["custom"] == {"motto": "x"}
    for path in (f"/products/{product['id']}", f"/suppliers/{supplier['id']}", f"/opportunities/{deal['id']}"):
        assert api.ok("GET", path)["custom"] == {"motto": "x"}, path
        assert api.patch(path, {"custom": {"motto": "y"}}).json["custom"] == {"motto": "y"}, path
    people = f"/customers/{customer['id']}/contacts"
    assert api.patch(f"{people}/{contact['id']}", {"custom": {"motto": "y"}}).json["custom"] == {"motto": "y"}
    assert [row["custom"] for row in api.ok("GET", people)["items"]] == [{"motto": "y"}]


def test_what_is_wrong_is_named_by_its_key(api: Api, fields: dict[str, int]) -> None:
    wrong = {
        "motto": "x" * 21, "score": "many", "quota": {}, "ends_on": "2026-02-30", "grade": "z", "topics": "a",
        "parent": "someone", "is_chain": "perhaps", "owner_id": 1,
    }  # fmt: skip
    assert faults(api.post("/customers", {"name": "x", "custom": wrong})) == {
        "custom.motto": "too_long",
        "custom.score": "not_a_number",
        "custom.quota": "not_a_number",
        "custom.ends_on": "not_a_date",
        "custom.grade": "unknown_choice",
        "custom.topics": "not_a_list",
        "custom.parent": "not_an_id",
        "custom.is_chain": "not_a_flag",
        "custom.owner_id": "unknown_field",
    }
    assert faults(api.post("/customers", {"name": "x", "custom": {"score": "100.01"}})) == {
        "custom.score": "beyond_bounds"
    }
    assert faults(api.post("/customers", {"name": "x", "custom": [1]})) == {"custom": "not_an_object"}


def test_a_narrow_caller_sees_and_refers_to_nothing_of_a_colleagues(
    app: Flask, tokens: dict[str, str], api: Api, fields: dict[str, int]
) -> None:
    sales = caller(app, tokens, "sales")
    theirs = api.customer(name="隐秘集团", custom={"motto": "secret"})
    own = sales.customer()
    refused = sales.patch(f"/customers/{own['id']}", {"custom": {"parent": theirs["id"]}})
    missing = sales.patch(f"/customers/{own['id']}", {"custom": {"parent": 2**50}})
    assert faults(refused) == faults(missing) == {"custom.parent": "reference_unknown"}
    api.patch(f"/customers/{own['id']}", {"custom": {"parent": theirs["id"]}})
    seen = sales.ok("GET", f"/customers/{own['id']}")["custom"]
    assert (seen["parent"], seen["masked"]) == (None, ["parent"])
    assert sales.get(f"/customers/{theirs['id']}").status_code == 404
    assert sales.patch(f"/customers/{own['id']}", {"custom": {"parent": None}}).json["custom"]["parent"] is None
    assert api.ok("GET", f"/customers/{own['id']}")["custom"]["parent"] == theirs["id"]
    assert "secret" not in sales.get("/customers").text


def test_masks_decide_who_sees_and_a_repeat_is_masked_too(
    app: Flask, tokens: dict[str, str], api: Api, fields: dict[str, int]
) -> None:
    sales = caller(app, tokens, "sales")
    body = {"name": "毛利客户", "custom": {"quota": "77.25"}}
    made = [sales.post("/customers", body, key="masked-quota") for _ in range(2)]
    for answer in made:
        assert "77.25" not in answer.text
        assert answer.json["custom"]["masked"] == ["quota"]
    customer = made[0].json["id"]
    assert "77.25" not in sales.get(f"/customers/{customer}").text
    sales.patch(f"/customers/{customer}", {"custom": {"quota": None}})
    assert api.ok("GET", f"/customers/{customer}")["custom"]["quota"] == "77.25"
    trail = api.ok("GET", f"/audit?record_type=customer&record_id={customer}")["items"]
    assert any(row["changes"].get("custom.quota") == "77.25" for row in trail)


def test_the_description_names_them_for_who_is_known(app: Flask, api: Api, fields: dict[str, int]) -> None:
    def described(caller: Api) -> Any:
        body = caller.get("/openapi.json").json["paths"]["/customers"]["post"]["requestBody"]
        return body["content"]["application/json"]["schema"]["properties"]["custom"]

    known = described(api)["properties"]
    assert known["grade"]["enum"] == ["a", "b", None]
    assert known["motto"]["maxLength"] == 20
    assert "properties" not in described(Api(app.test_client(), None))


def test_definitions_are_read_changed_moved_and_archived(api: Api, fields: dict[str, int]) -> None:
    body = {"record_type": "supplier", "key": "rating", "label": "Rating", "kind": "number", "preset": "3"}
    made = api.ok("POST", "/custom-fields", body)
    path = f"/custom-fields/{made['id']}"
    listed = api.ok("GET", "/custom-fields?record_type=supplier")["items"]
    assert [(row["key"], row["preset"]) for row in listed] == [("motto", None), ("rating", "3")]
    assert api.patch(path, {"label": "Stars", "version": made["version"]}).json["label"] == "Stars"
    assert api.patch(path, {"label": "Late", "version": made["version"]}).status_code == 409
    assert api.ok("POST", f"{path}/move", {"position": 1})["position"] == 1
    assert [row["key"] for row in api.ok("GET", "/custom-fields?record_type=supplier")["items"]] == ["rating", "motto"]
    preview = api.ok("POST", f"{path}/archive?preview=true")
    assert [effect["kind"] for effect in preview["effects"]] == ["custom_field_archived", "custom_values_kept"]
    assert api.ok("POST", f"{path}/archive")["is_active"] is False
    refused = api.post("/suppliers", {"name": "z", "country": "CN", "custom": {"rating": "1"}})
    assert faults(refused) == {"custom.rating": "unknown_field"}
    assert api.ok("POST", f"{path}/restore")["is_active"] is True


def test_a_change_of_definitions_is_told_in_both_languages(api: Api, fields: dict[str, int]) -> None:
    answer = api.post("/custom-fields", {"record_type": "product", "key": "Ä", "label": "x", "kind": "text"})
    assert faults(answer) == {"key": "not_a_key"}
    chinese = api.post("/custom-fields", {"record_type": "product", "key": "Ä", "label": "x", "kind": "text"},
                       headers={"Accept-Language": "zh"})  # fmt: skip
    assert "标识由小写字母" in chinese.text


def test_who_may_not_manage_them_changes_nothing(app: Flask, tokens: dict[str, str], fields: dict[str, int]) -> None:
    manager = caller(app, tokens, "manager")
    body = {"record_type": "customer", "key": "mine", "label": "x", "kind": "text"}
    assert manager.post("/custom-fields", body).status_code == 403
    assert manager.post(f"/custom-fields/{fields['motto']}/archive").status_code == 403
    assert {row["record_type"] for row in caller(app, tokens, "warehouse").ok("GET", "/custom-fields")["items"]} == {
        "customer", "contact", "product", "supplier",
    }  # fmt: skip


def test_values_cost_one_statement_a_page_and_definitions_none(api: Api, world: World, fields: dict[str, int]) -> None:
    for _ in range(3):
        api.customer(custom=GIVEN)
    costs = []
    for path in ("/customers?limit=1", "/customers?limit=50", f"/customers/{api.customer()['id']}", "/quotations"):
        warm(world.database)
        with counted(world.database) as statements:
            api.ok("GET", path)
        costs.append(len(statements))
    assert costs == [3, 3, 3, 2]
