"""Every call is open to exactly the roles its permission names."""

from __future__ import annotations

import re
from typing import Any

import pytest

from core.permissions import PERMISSIONS, ROLES
from tests.web.api.conftest import Api
from tests.web.api.test_refusals import problem
from tests.world import World
from web.api.operation import OPERATIONS
from web.permissions import SIGNED_IN


@pytest.mark.parametrize("role", ["sales", "finance", "warehouse", "manager", "admin"])
def test_each_role_may_do_what_its_permissions_say(as_role: Any, role: str) -> None:
    api: Api = as_role(role)
    allowed = ROLES[role][2]
    for operation in OPERATIONS:
        path = re.sub(r"\{\w+\}", "7", operation.path)
        answer = api.send(operation.method, path, None if operation.method == "GET" else {"no such field": 1})
        if operation.permission in allowed | {SIGNED_IN}:
            assert answer.status_code in (200, 404, 422), f"{operation.name}: {answer.text}"
        else:
            body = problem(answer, 403, "permission_denied")
            assert body["permission"] == operation.permission


def test_every_permission_named_is_one(api: Api) -> None:
    assert {operation.permission for operation in OPERATIONS} <= set(PERMISSIONS) | {SIGNED_IN}


def test_sales_may_not_touch_credit_or_money(as_role: Any) -> None:
    sales: Api = as_role("sales")
    refused = sales.post("/customers", {"name": "想要额度", "credit_limit": "5"})
    assert problem(refused, 403, "permission_denied")["permission"] == "customers.credit"
    customer = sales.ok("POST", "/customers", {"name": "不要额度", "credit_limit": None})
    problem(sales.patch(f"/customers/{customer['id']}", {"credit_limit": None}), 403, "permission_denied")
    problem(sales.post("/payments", {"customer_id": customer["id"], "amount": "1"}), 403, "permission_denied")


@pytest.mark.usefixtures("tokens")  # the people
def test_scopes_narrow_a_token(app: Any, world: World) -> None:
    narrow = Api(app.test_client(), world.token("manager", ["customers.read"]))
    narrow.ok("GET", "/customers")
    assert problem(narrow.get("/products"), 403, "permission_denied")["permission"] == "products.read"
    assert narrow.ok("GET", "/me")["permissions"] == ["api.use", "customers.read"]
