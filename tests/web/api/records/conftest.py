"""A company per file: what these tests do to warehouses, periods and settings is seen by nobody else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.conftest import DatabaseUrls
from tests.web.api.conftest import SETTINGS, Api
from tests.web.api.test_documentation import check
from tests.world import World
from web.app import create_app

Asked = Callable[..., Any]


@pytest.fixture(scope="module")
def world(module_database: DatabaseUrls) -> World:
    return World.set_up(module_database.app)


@pytest.fixture(scope="module")
def app(world: World) -> Flask:
    return create_app(SETTINGS)


@pytest.fixture(scope="module")
def tokens(world: World) -> dict[str, str]:
    found = {"admin": world.token()}
    for role in ("sales", "finance", "warehouse", "manager"):
        world.user(role, role, language="en")
        found[role] = world.token(role)
    return found


@pytest.fixture
def asked(api: Api) -> Asked:
    """Calls `(method, described path, body, *ids)`, checks the answer against its description, and answers it."""
    document = json.loads(api.get("/openapi.json").text)

    def ask(method: str, described: str, body: Any = None, *ids: int, query: str = "") -> Any:
        path = described
        for identity in ids:
            start, end = path.index("{"), path.index("}")
            path = f"{path[:start]}{identity}{path[end + 1 :]}"
        answer = api.ok(method, path + query, body)
        responses = document["paths"][described][method.lower()]["responses"]
        schema = (responses.get("201") or responses["200"])["content"]["application/json"]["schema"]
        check(answer, schema.get("anyOf", [schema])[0], f"{method} {described}")
        return answer

    return ask
