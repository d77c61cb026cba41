"""Every route × method × role: the permissions are a file in the tree, and the server does what it says.

When a route is added or changes its permission, `tests/security/matrix.txt` is written anew by
`pytest tests/security/test_matrix.py --write-matrix` and read in review.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from core.permissions import ROLES
from tests.security.conftest import Visitor, values_of
from tests.world import World
from web.permissions import PUBLIC, PUBLIC_ENDPOINTS, SIGNED_IN, RouteRow, route_matrix

MATRIX = Path(__file__).with_name("matrix.txt")
ROLE_NAMES = sorted(ROLES)
OTHER_VALUES = {
    "kind": "order_confirmation",
    "paper_language": "zh",
    "language": "en",
    "number": "1",
    "list_name": "customers",
    "hashed_name": "countinghouse.css",
}


def may(role: str, permission: str) -> bool:
    return permission in (PUBLIC, SIGNED_IN) or permission in ROLES[role][2]


def written(rows: list[RouteRow]) -> str:
    """One line a route: method, address, permission, and the roles that have it from the start."""
    lines = []
    for row in rows:
        roles = " ".join(role for role in ROLE_NAMES if may(role, row.permission))
        lines.append(f"{row.method:<7}{row.rule:<70} {row.permission:<22} {roles}".rstrip())
    return "\n".join(lines) + "\n"


def test_the_matrix_in_the_tree_is_the_application_s(app: Flask, request: pytest.FixtureRequest) -> None:
    now = written(route_matrix(app))
    if request.config.getoption("--write-matrix"):
        MATRIX.write_text(now, encoding="utf-8")
    assert now == MATRIX.read_text(encoding="utf-8"), "write it anew with --write-matrix and read the difference"


def test_public_routes_stand_on_the_public_list(app: Flask) -> None:
    public = {row.endpoint for row in route_matrix(app) if row.permission == PUBLIC}
    assert public <= PUBLIC_ENDPOINTS


def address(row: RouteRow, values: dict[str, Any]) -> str:
    """The route's address with a valid value in each place."""
    return re.sub(
        r"<(?:[^:>]*:)?(\w+)>", lambda found: str(values.get(found[1]) or OTHER_VALUES.get(found[1]) or 1), row.rule
    )


@pytest.mark.parametrize("role", [None, *ROLE_NAMES])
def test_the_server_does_what_the_matrix_says(
    app: Flask, world: World, visitor: Visitor, role: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With valid objects: refused exactly where the role lacks the permission; never a fault."""
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    values = values_of(world)
    token = {"Authorization": f"Bearer {world.token(role)}"} if role else {}
    browser, wrong = visitor(role), []
    for row in route_matrix(app):
        if row.endpoint in ("sign_in.sign_out", "assets.file") or row.rule.startswith("/styleguide"):
            continue
        is_api = row.rule.startswith("/api/")
        caller = app.test_client() if is_api else browser
        sent: dict[str, Any] = {"headers": {**token, "Idempotency-Key": f"{role}-{row.endpoint}"}} if is_api else {}
        if row.method != "GET":
            sent |= {"json": {}} if is_api else {"data": {}}
        answer = caller.open(address(row, values), method=row.method, **sent)
        if fault := _fault(row, role, answer, is_api):
            wrong.append(f"{row.method} {row.rule} as {role}: {fault}")
    assert not wrong


def _fault(row: RouteRow, role: str | None, answer: Any, is_api: bool) -> str | None:
    status = answer.status_code
    if status >= 500:
        return f"{status}"
    if row.permission == PUBLIC:
        return None if status not in (401, 403) else f"{status} on a public route"
    if role is None:
        to_sign_in = status == 401 if is_api else status in (302, 303, 401) and "/sign-in" in answer.location
        return None if to_sign_in else f"{status} for nobody"
    if status == 401:
        return "401 for a token that holds"
    refused = status == 403
    if refused == may(role, row.permission):
        return f"{status}, permission {row.permission}"
    return None
