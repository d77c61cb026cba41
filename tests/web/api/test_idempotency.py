"""One effect per key, whatever is repeated, and previews that change nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from flask import Flask

from tests.web.api.conftest import Api
from tests.web.api.test_refusals import problem
from tests.world import World, new_key


def test_the_same_key_twenty_times_at_once_is_one_order(app: Flask, api: Api, world: World) -> None:
    customer, product = api.customer(), api.product()
    body = {"customer_id": customer["id"], "lines": [{"product_id": product["id"], "quantity": "1"}]}
    key = new_key()

    def send(_number: int) -> tuple[int, str, str | None]:
        answer = Api(app.test_client(), api.token).post("/sales-orders", body, key=key)
        return answer.status_code, answer.text, answer.headers.get("Idempotent-Replay")

    with ThreadPoolExecutor(max_workers=20) as threads:
        answers = list(threads.map(send, range(20)))
    assert {(status, text) for status, text, _ in answers} == {(201, answers[0][1])}
    assert sorted(str(replay) for _, _, replay in answers) == ["None"] + ["true"] * 19
    assert len(api.ok("GET", f"/sales-orders?customer_id={customer['id']}")["items"]) == 1
    changed = body | {"note": "another"}
    problem(api.post("/sales-orders", changed, key=key), 409, "idempotency_key_reused")
    problem(api.post("/quotations", body, key=key), 409, "idempotency_key_reused")


def test_a_key_is_needed_and_must_be_plain(api: Api) -> None:
    problem(api.post("/customers", {"name": "没有键"}, key=""), 400, "idempotency_key_required")
    problem(api.post("/customers", {"name": "没有键"}, key="k" * 201), 400, "bad_idempotency_key")


def test_a_refusal_frees_the_key(api: Api) -> None:
    customer, product = api.customer(), api.product("1")
    order = api.order(customer["id"], {"product_id": product["id"], "quantity": "2"})
    key = new_key()
    problem(api.post(f"/sales-orders/{order['id']}/confirm", key=key), 409, "insufficient_stock")
    api.ok("POST", "/stock-receipts", {"lines": [{"product_id": product["id"], "quantity": "1"}]})
    assert api.ok("POST", f"/sales-orders/{order['id']}/confirm", key=key)["state"] == "confirmed"
    again = api.post(f"/sales-orders/{order['id']}/confirm", key=key)
    assert (again.status_code, again.headers["Idempotent-Replay"]) == (200, "true")


def test_previews_change_nothing_and_their_digest_is_held_to(api: Api, world: World) -> None:
    customer, product = api.customer(), api.product("10")
    order = api.order(customer["id"], {"product_id": product["id"], "quantity": "4"})
    path = f"/sales-orders/{order['id']}"
    before = world.rows("SELECT (SELECT count(*) FROM journal_entry), (SELECT count(*) FROM audit_row)")
    shown = api.ok("POST", f"{path}/confirm?preview=true", key="")
    assert {effect["kind"] for effect in shown["effects"]} >= {"reserve", "receivable"}
    assert len(shown["digest"]) == 32
    assert world.rows("SELECT (SELECT count(*) FROM journal_entry), (SELECT count(*) FROM audit_row)") == before
    assert api.ok("GET", path)["state"] == "draft"

    changed = {"lines": [{"product_id": product["id"], "quantity": "5"}]}
    api.ok("PATCH", path, changed)
    problem(api.post(f"{path}/confirm", {"preview_digest": shown["digest"]}), 409, "plan_changed")
    problem(api.post(f"{path}/confirm", headers={"Preview-Digest": shown["digest"]}), 409, "plan_changed")
    shown = api.ok("POST", f"{path}/confirm?preview=true")
    api.ok("POST", f"{path}/confirm", {"preview_digest": shown["digest"]})
    for verb in ("ship", "cancel"):
        api.ok("POST", f"{path}/{verb}?preview=true")
    assert api.ok("GET", path)["shipping_status"] == "none"
    api.ok("POST", f"{path}/ship")
    line = {"line_id": api.ok("GET", path)["lines"][0]["id"]}
    api.ok("POST", f"{path}/return?preview=true", {"lines": [line | {"quantity": "1"}]})
    api.ok("POST", f"{path}/credit?preview=true", {"lines": [line | {"amount_net": "1.00"}]})
    assert Decimal(api.ok("GET", path)["lines"][0]["quantity_returned"]) == 0


def test_a_drafts_other_fields_stay_when_one_is_changed(api: Api) -> None:
    customer, product = api.customer(), api.product()
    line = {"product_id": product["id"], "quantity": "1"}
    order = api.order(customer["id"], line, note="first", customer_reference="PO-1")
    api.ok("PATCH", f"/sales-orders/{order['id']}", {"note": "second"})
    whole = api.ok("GET", f"/sales-orders/{order['id']}")
    assert (whole["note"], whole["customer_reference"], len(whole["lines"])) == ("second", "PO-1", 1)
