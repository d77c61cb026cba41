"""Departures by the API: preview, start, how far it is, going on; and whose a customer was."""

from __future__ import annotations

from typing import Any

from core.outbox import apply_event
from tests.web.api.conftest import Api
from tests.web.api.records.conftest import Asked
from tests.web.api.test_refusals import faults, problem
from tests.world import World
from web.consumers import load

KINDS = ["departure_started", "departure_advanced"]


def _person(asked: Asked, login: str) -> int:
    body = {"login": login, "name": login.title(), "roles": ["sales"], "password": "long-enough"}
    found: int = asked("POST", "/users", body)["id"]
    return found


def _work_off(world: World) -> None:
    load()
    found = "SELECT id FROM outbox_event WHERE kind = ANY (:kinds) AND state <> 'done'"
    while waiting := world.rows(found, kinds=KINDS):
        for (event,) in waiting:
            world.run(apply_event, event)


def test_somebody_leaves_by_the_api(api: Api, asked: Asked, as_role: Any, world: World) -> None:
    gone, anna, bert = (_person(asked, login) for login in ("gone", "anna", "bert"))
    east = api.customer(owner_id=gone, region="华东")["id"]
    rest = [api.customer(owner_id=gone)["id"] for _ in range(2)]
    body = {"heir_ids": [anna], "groups": [{"heir_id": bert, "region": "华东"}], "reason": "moves abroad"}
    path = f"/users/{gone}/departure"
    problem(as_role("manager").post(path, body), 403, "permission_denied")
    problem(as_role("manager").get(path), 403, "permission_denied")
    problem(api.get(path), 404, "not_found")
    seen = api.ok("POST", f"{path}?preview=true", body)
    assert [(row["kind"], row.get("count")) for row in seen["effects"]] == [
        ("access_ends", None), ("customers_taken_over", 2), ("customers_taken_over", 1),
    ]  # fmt: skip
    assert api.ok("GET", f"/users/{gone}")["is_active"]
    started = asked("POST", "/users/{user_id}/departure", body | {"preview_digest": seen["digest"]}, gone)
    assert (started["state"], started["customers"]) == ("running", 3)
    problem(api.post(path, body), 409, "already_left")
    running = api.ok("GET", path)
    assert (running["state"], running["customers_done"], running["is_active"]) == ("running", 0, False)
    problem(api.post(f"{path}/resume", {}), 409, "departure_not_stopped")
    _work_off(world)
    done = asked("GET", "/users/{user_id}/departure", None, gone)
    assert (done["state"], done["customers_done"], done["reason"]) == ("done", 3, "moves abroad")
    assert [(heir["heir_id"], heir["customers_done"]) for heir in done["heirs"]] == [(anna, 2), (bert, 1)]
    assert api.ok("GET", f"/customers/{east}/owners")["items"][0]["user_id"] == bert
    owners = asked("GET", "/customers/{customer_id}/owners", None, rest[0])["items"]
    assert [(row["user_id"], row["until"] is None) for row in owners] == [(anna, True), (gone, False)]
    problem(api.post(f"{path}/resume", {}), 404, "not_found")


def test_every_fault_is_named_beside_its_field(api: Api, asked: Asked) -> None:
    path = f"/users/{_person(asked, 'faulty')}/departure"
    missing = problem(api.post(path, {}), 422, "invalid_input")
    assert faults(missing) == {"heir_ids": "required", "reason": "required"}
    body = {"heir_ids": [7], "groups": [{"heir_id": 8, "region": "x"}], "reports_to_id": 9, "reason": "x"}
    assert faults(problem(api.post(path, body), 422, "invalid_input")) == {
        "heir_ids": "user_unknown", "groups.0.heir_id": "user_unknown", "reports_to_id": "user_unknown",
    }  # fmt: skip
    assert faults(problem(api.post(path, body | {"heir_ids": ["x"]}), 422, "invalid_input")) == {
        "heir_ids.0": "not_an_id"
    }
    yourself = api.ok("GET", "/me")["id"]
    heir = _person(asked, "heir")
    refused = api.post(f"/users/{yourself}/departure", {"heir_ids": [heir], "reason": "x"})
    problem(refused, 409, "departure_of_yourself")
