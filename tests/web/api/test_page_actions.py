"""Whatever a page changes, a call of the API changes too, under the same permission; exceptions are written down."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from web.api.operation import OPERATIONS
from web.permissions import RouteRow, route_matrix

REVIEWED = Path(__file__).with_name("page_actions.txt")


def page_actions(app: Flask) -> dict[str, RouteRow]:
    """The addresses of pages that take anything but GET."""
    rows = [row for row in route_matrix(app) if row.method != "GET" and not row.endpoint.startswith("api.")]
    assert {row.method for row in rows} == {"POST"}
    return {row.rule: row for row in rows}


def reviewed() -> tuple[dict[str, set[tuple[str, str]]], dict[str, str]]:
    """The calls of each address, and the reasons of those that have none."""
    calls: dict[str, set[tuple[str, str]]] = {}
    reasons: dict[str, str] = {}
    for line in REVIEWED.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            rule, sign, rest = line.split(maxsplit=2)
            assert sign in ("=", ":"), line
            if sign == "=":
                method, path = rest.split()
                calls.setdefault(rule, set()).add((method, path))
            else:
                reasons[rule] = rest
    return calls, reasons


def test_every_action_of_a_page_has_its_call_or_a_reason(app: Flask) -> None:
    calls, reasons = reviewed()
    assert not calls.keys() & reasons.keys()
    assert page_actions(app).keys() - calls.keys() - reasons.keys() == set(), f"write their lines in {REVIEWED.name}"
    assert calls.keys() | reasons.keys() <= page_actions(app).keys(), f"{REVIEWED.name} names pages that are gone"


def test_the_call_needs_what_the_page_needs(app: Flask) -> None:
    calls, _reasons = reviewed()
    permissions = {(operation.method, operation.path): operation.permission for operation in OPERATIONS}
    differing = [
        f"{rule}: {page.permission}, {method} {path}: {permissions.get((method, path))}"
        for rule, page in page_actions(app).items()
        for method, path in calls.get(rule, ())
        if permissions.get((method, path)) != page.permission
    ]
    assert differing == []


def test_no_call_changes_what_no_page_changes() -> None:
    """But those that do the same as another one, addressed another way."""
    reached = {call for found in reviewed()[0].values() for call in found}
    others = {(operation.method, operation.path) for operation in OPERATIONS if operation.method != "GET"} - reached
    assert others == {("POST", "/payments/{payment_id}/allocations/{allocation_id}/unmatch")}
