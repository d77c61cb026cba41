"""Many rows at once: asked before, done one by one, refused with a reason, stopped, gone on with, taken back."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from typing import Any

import pytest

from core.customers import change_customer
from core.lists import bulk
from core.lists.bulk_models import JobState
from core.outbox import apply_event
from core.users import change_user
from tests.web.lists.pages import read_list
from tests.web.pages_sell.conftest import Shop
from tests.world import new_key


@pytest.fixture
def some(shop: Shop) -> list[int]:
    """Five customers of the seller, of a region that nobody else is in."""
    region = new_key()[:20]
    owner = shop.actors["sales"].user_id
    return [shop.world.customer(f"{region} {n}", region=region, size="small", owner_id=owner) for n in range(5)]


def field_of(shop: Shop, name: str, ids: list[int]) -> list[Any]:
    found = shop.world.rows(f"SELECT {name} FROM customer WHERE id = ANY (:ids) ORDER BY id", ids=ids)
    return [row[0] for row in found]


def start(shop: Shop, ids: list[int], role: str = "admin", **fields: Any) -> Any:
    sent = {"action": "edit", "column": "size", "value": "large", "confirmed": "yes", "id": ids, **fields}
    return shop.post("/lists/customers/act", sent, role)


def job_of(shop: Shop, role: str = "admin") -> int:
    found = shop.world.value("SELECT max(id) FROM bulk_job WHERE user_id = :id", id=shop.actors[role].user_id)
    return int(found)


def test_it_is_asked_before_and_says_what_it_is_about(shop: Shop, some: list[int]) -> None:
    asked = shop.post("/lists/customers/act", {"action": "edit", "id": some})
    assert asked.status_code == 200
    assert "This will change 5 rows" in asked.text
    chosen = shop.post("/lists/customers/act", {"action": "edit", "column": "lifecycle", "id": some})
    assert '<option value="at_risk"' in chosen.text
    assert field_of(shop, "size", some) == ["small"] * 5


def test_a_field_of_many_is_changed_and_taken_back(shop: Shop, some: list[int]) -> None:
    assert start(shop, some).status_code == 303
    assert field_of(shop, "size", some) == ["large"] * 5
    job_id = job_of(shop)
    shop.world.run(change_customer, some[2], {"size": "huge"})
    assert shop.post(f"/lists/jobs/{job_id}/undo", {}).status_code == 303
    assert field_of(shop, "size", some) == ["small", "small", "huge", "small", "small"]
    page = shop.client("admin").get(f"/lists/jobs/{job_id}").text
    assert "4 taken back" in html.unescape(page)
    assert "somebody changed it meanwhile" in html.unescape(page)
    assert shop.post(f"/lists/jobs/{job_id}/undo", {}).status_code == 303
    assert field_of(shop, "size", some)[2] == "huge"


def test_all_of_a_list_is_what_its_filters_say(shop: Shop, some: list[int]) -> None:
    [region] = set(field_of(shop, "region", some))
    other = shop.world.customer(f"Not of it {new_key()}", size="small")
    answer = start(shop, [], all="yes", state=f"f=region%3Ais%3A{region}")
    assert answer.status_code == 303
    assert field_of(shop, "size", some) == ["large"] * 5
    assert field_of(shop, "size", [other]) == ["small"]


def test_only_rows_that_one_sees_are_touched(shop: Shop, some: list[int]) -> None:
    foreign = shop.world.customer(f"Foreign {new_key()}", size="small", owner_id=shop.actors["manager"].user_id)
    assert start(shop, [*some, foreign], "sales").status_code == 303
    assert field_of(shop, "size", some) == ["large"] * 5
    assert field_of(shop, "size", [foreign]) == ["small"]
    assert start(shop, [foreign], "sales").status_code == 303
    assert field_of(shop, "size", [foreign]) == ["small"]


def test_what_one_may_not_do_is_not_offered_and_not_done(shop: Shop, some: list[int]) -> None:
    assert "/lists/customers/act" in shop.client("warehouse").get("/customers").text
    assert 'value="edit"' not in shop.client("warehouse").get("/customers").text
    assert start(shop, some, "warehouse").status_code == 404
    asked = shop.post("/lists/customers/act", {"action": "edit", "id": some}, "sales")
    assert 'value="size"' in asked.text
    assert 'value="owner"' not in asked.text
    taken = start(shop, some, "sales", column="owner", value=str(shop.actors["admin"].user_id))
    assert taken.status_code == 200
    assert field_of(shop, "owner_id", some) == [shop.actors["sales"].user_id] * 5


def test_what_a_record_refuses_is_told_and_the_others_go_on(shop: Shop, some: list[int]) -> None:
    answer = start(shop, some, column="lifecycle", value="no such thing")
    assert answer.status_code == 422
    assert "Choose one of those offered" in html.unescape(answer.text)
    assert start(shop, some, column="credit_limit", value="-5").status_code == 303
    page = html.unescape(shop.client("admin").get(f"/lists/jobs/{job_of(shop)}").text)
    assert "5 refused" in page
    assert field_of(shop, "credit_limit", some) == [None] * 5


def test_the_worker_goes_on_where_it_was_and_does_nothing_twice(shop: Shop, some: list[int]) -> None:
    world, actor = shop.world, shop.actors["admin"]
    data = {"field": "size", "column": "size", "value": "large"}
    job_id = world.run(bulk.start_job, "customers", "edit", some, data, context=world.context(actor=actor))["id"]
    bulk.act_here(job_id, replace(actor), 2)
    assert field_of(shop, "size", some) == ["large"] * 2 + ["small"] * 3
    stopped = world.run(bulk.stop_job, job_id, context=world.context(actor=actor))
    assert stopped == {"id": job_id}
    advance(shop, job_id)
    assert field_of(shop, "size", some) == ["large"] * 2 + ["small"] * 3
    world.run(bulk.resume_job, job_id, context=world.context(actor=actor))
    advance(shop, job_id)
    advance(shop, job_id)
    assert field_of(shop, "size", some) == ["large"] * 5
    assert world.value("SELECT state FROM bulk_job WHERE id = :id", id=job_id) == JobState.DONE
    changes = "SELECT count(*) FROM audit_row WHERE action = 'customer.changed' AND record_id = ANY (:ids)"
    assert world.value(changes, ids=some) == 5
    advance(shop, job_id)
    assert world.value(changes, ids=some) == 5


def advance(shop: Shop, job_id: int) -> None:
    """What the worker does with the job's events that wait, each delivered twice."""
    found = shop.world.rows(
        "SELECT id FROM outbox_event WHERE kind = 'bulk_job_advanced' AND state <> 'done' "
        "AND (payload ->> 'job_id')::bigint = :id ORDER BY id",
        id=job_id,
    )
    for (event_id,) in found:
        for _ in range(2):
            shop.world.run(apply_event, event_id)


def test_the_requester_who_left_has_nothing_done(shop: Shop, some: list[int]) -> None:
    world = shop.world
    leaver = world.user(f"leaver{new_key()[:8].lower()}", "admin")
    data = {"field": "size", "column": "size", "value": "large"}
    job_id = world.run(bulk.start_job, "customers", "edit", some, data, context=world.context(actor=leaver))["id"]
    world.run(change_user, leaver.user_id, {"is_active": False})
    advance(shop, job_id)
    assert field_of(shop, "size", some) == ["small"] * 5


def test_a_job_is_its_requester_s(shop: Shop, some: list[int]) -> None:
    start(shop, some)
    job_id = job_of(shop)
    assert shop.client("manager").get(f"/lists/jobs/{job_id}").status_code == 404
    for verb in ("stop", "resume", "undo"):
        assert shop.post(f"/lists/jobs/{job_id}/{verb}", {}, "manager").status_code == 404
    assert field_of(shop, "size", some) == ["large"] * 5
    assert f"/lists/jobs/{job_id}" in shop.client("admin").get("/lists/jobs").text


def test_the_same_form_sent_twice_is_one_job(shop: Shop, some: list[int]) -> None:
    key = new_key()
    sent = {"action": "edit", "column": "size", "value": "large", "confirmed": "yes", "id": some}
    for _ in range(2):
        assert shop.post("/lists/customers/act", sent, key=key).status_code == 303
    jobs = "SELECT count(DISTINCT job_id) FROM bulk_row WHERE record_id = :id"
    assert shop.world.value(jobs, id=some[0]) == 1


def test_a_planned_task_is_done_from_its_row_and_waits_again(shop: Shop) -> None:
    done = f"/lists/activities/act?action=done&only={shop.ids['task']}"
    state = "SELECT done_at IS NOT NULL FROM activity WHERE id = :id"
    answer = shop.post(done, {"state": ""})
    assert answer.status_code == 303
    assert shop.world.value(state, id=shop.ids["task"]) is True
    assert shop.post(f"/lists/jobs/{job_of(shop)}/undo", {}).status_code == 303
    assert shop.world.value(state, id=shop.ids["task"]) is False


def test_drafts_are_cancelled_together_and_what_is_confirmed_stays(shop: Shop) -> None:
    world, ids = shop.world, shop.ids
    drafts = [world.order(ids["customer"], (ids["tea"], 1))["id"] for _ in range(2)]
    sent = {"action": "cancel_drafts", "id": [*drafts, ids["waiting"]]}
    asked = html.unescape(shop.post("/lists/orders/act", sent, "sales").text)
    assert "Cancel these drafts?" in asked
    assert "There is no way back." in asked
    assert shop.post("/lists/orders/act", {**sent, "confirmed": "yes"}, "sales").status_code == 303
    states = "SELECT state FROM sales_order WHERE id = ANY (:ids) ORDER BY id"
    assert [row[0] for row in world.rows(states, ids=drafts)] == ["cancelled"] * 2
    assert world.value("SELECT state FROM sales_order WHERE id = :id", id=ids["waiting"]) == "confirmed"
    page = html.unescape(shop.client("sales").get(f"/lists/jobs/{job_of(shop, 'sales')}").text)
    assert "1 refused" in page
    assert "this works only while it is “Draft”" in page
    assert shop.post("/lists/orders/act", sent, "warehouse").status_code == 404


def test_drafts_alone_can_be_chosen_for_what_is_for_drafts(shop: Shop) -> None:
    world, ids = shop.world, shop.ids
    world.order(ids["customer"], (ids["tea"], 1))
    pages = {view: shop.client("sales").get(f"/orders?view={view}").text for view in ("draft", "all", "to_ship")}
    assert [view for view, page in pages.items() if 'value="cancel_drafts"' in page] == ["draft"]
    assert [view for view, page in pages.items() if "data-select-all" in page] == ["draft"]


def test_quotations_are_declined_together_and_what_is_ordered_stays(shop: Shop) -> None:
    world, ids = shop.world, shop.ids
    sent = {"action": "declined", "confirmed": "yes", "id": [ids["sent"], ids["ordered"]]}
    assert shop.post("/lists/quotations/act", sent, "finance").status_code == 404
    assert shop.post("/lists/quotations/act", sent, "sales").status_code == 303
    states = "SELECT id, state FROM quotation WHERE id = ANY (:ids)"
    found = dict(tuple(row) for row in world.rows(states, ids=sent["id"]))
    assert found == {ids["sent"]: "declined", ids["ordered"]: "ordered"}
    told = "SELECT count(*) FROM audit_row WHERE action = 'quotation.marked' AND record_id = :id"
    assert world.value(told, id=ids["sent"]) == 2
    job_id = job_of(shop, "sales")
    assert "1 refused" in shop.client("sales").get(f"/lists/jobs/{job_id}").text
    assert shop.post(f"/lists/jobs/{job_id}/undo", {}, "sales").status_code == 303
    assert world.value("SELECT state FROM quotation WHERE id = :id", id=ids["sent"]) == "declined"


# one field of one row -------------------------------------------------------------------------------------------------
def test_a_field_is_edited_in_place_and_taken_back(shop: Shop, some: list[int]) -> None:
    client, here = shop.client("admin"), f"/lists/customers/{some[0]}/size"
    form = client.get(f"{here}?next=/customers%3Fsort%3Dname").text
    assert 'name="was" value="small"' in form
    saved = shop.post(here, {"value": "large", "was": "small", "next": "/customers?sort=name"})
    assert (saved.status_code, saved.location) == (303, "/customers?sort=name")
    assert field_of(shop, "size", some[:1]) == ["large"]
    late = shop.post(here, {"value": "medium", "was": "small"})
    assert late.status_code == 409
    assert 'value="medium"' in late.text
    assert 'name="was" value="large"' in late.text
    assert "it now says “large”" in html.unescape(late.text)
    undone = shop.post(f"{here}?value=small&was=large&next=/customers", {})
    assert undone.status_code == 303
    assert field_of(shop, "size", some[:1]) == ["small"]


def test_a_foreign_row_is_no_row(shop: Shop) -> None:
    foreign = shop.world.customer(f"Hidden {new_key()}", owner_id=shop.actors["manager"].user_id, size="small")
    assert shop.client("sales").get(f"/lists/customers/{foreign}/size").status_code == 404
    refused = shop.post(f"/lists/customers/{foreign}/size", {"value": "large", "was": "small"}, "sales")
    assert refused.status_code in (404, 409)
    assert field_of(shop, "size", [foreign]) == ["small"]


def test_bad_values_are_told_beside_the_field(shop: Shop, some: list[int]) -> None:
    for column, value in (("credit_limit", "much"), ("lifecycle", ""), ("size", "x" * 41)):
        was = {"credit_limit": "", "lifecycle": "potential", "size": "small"}[column]
        answer = shop.post(f"/lists/customers/{some[0]}/{column}", {"value": value, "was": was})
        assert answer.status_code == 422
        assert re.search(r'class="err" id="value-error"', answer.text)
    assert shop.client("warehouse").get(f"/lists/customers/{some[0]}/size").status_code == 404
    assert shop.client("admin").get(f"/lists/customers/{some[0]}/code").status_code == 404


def test_boxes_are_there_for_who_may_use_them(shop: Shop) -> None:
    assert read_list(shop.client("admin"), "/customers").ids()
    assert not read_list(shop.client("warehouse"), "/customers").ids()
