"""A command says once what it needs; routes ask for the same before, and `run` holds everybody to it."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from core.command import preview, run
from core.context import SYSTEM, Actor, Context
from core.errors import PermissionDenied
from core.jobs import APPLY, make_celery
from core.needs import NEEDED, UndeclaredCommand, needs
from core.outbox import apply_event
from core.permissions import PERMISSIONS, implied_by
from core.plan import Plan
from core.scope import EVERYTHING
from tests.architecture import commands
from tests.architecture.commands import Command, Entry
from tests.architecture.hooks import sources
from web.orders.specs import ACTIONS
from web.permissions import PUBLIC, SIGNED_IN
from web.stock.documents import KINDS

# Commands that are no plain name where they are run: what the expression can be, with the permission of its route.
CHOSEN: dict[tuple[str, str], dict[Command, str]] = {
    ("web.orders.actions", "action.command"): {action.command: action.permission for action in ACTIONS.values()},
    ("web.stock.documents", "KINDS[kind]"): {
        KINDS["receipt"]: "stock.receive",
        KINDS["adjustment"]: "stock.adjust",
    },
}
# What replays history or measures, by the same `run`; processes; what was approved, under its own permission.
ELSEWHERE = ("web.cli", "web.demo", "web.drill", "web.bench", "core.embedded", "core.approvals")
# Pages that show a command's preview only to those who may run it, and ask them themselves.
ASKS_ITSELF = {
    ("web.orders.actions", "show"),
    ("web.opportunities.views", "show"),
    ("web.quotations.views", "show"),
}


def permissions_of_routes() -> Iterator[tuple[str, Command, str]]:
    """Each command with the permission of a route that leads to it."""
    for entry in commands.entries():
        if (entry.module, entry.name) not in ASKS_ITSELF:
            yield from _of_entry(entry)
    for (module, _), chosen in CHOSEN.items():
        yield from ((module, command, permission) for command, permission in chosen.items())


def _of_entry(entry: Entry) -> Iterator[tuple[str, Command, str]]:
    for use in commands.commands_of(entry):
        if use.command is not None:
            yield f"{entry.module}.{entry.name}", use.command, entry.permission


def test_every_command_that_is_run_is_declared() -> None:
    unknown, undeclared = [], []
    for use in commands.all_uses():
        module = use.where.split(":")[0]
        if module.startswith(ELSEWHERE):
            continue
        if use.command is None and (module, use.text) not in CHOSEN:
            unknown.append(f"{use.where} {use.text}")
        elif use.command is not None and use.command not in NEEDED:
            undeclared.append(f"{use.where} {use.text}")
    undeclared += [str(command) for chosen in CHOSEN.values() for command in chosen if command not in NEEDED]
    assert (unknown, undeclared) == ([], [])
    assert len({use.command for use in commands.all_uses() if use.command}) > 60


def test_a_route_asks_for_what_its_command_needs() -> None:
    """The same permission, or one that is given only together with it; nobody needs one to sign in or out."""
    differing = []
    for where, command, permission in permissions_of_routes():
        wanted = NEEDED[command]
        if wanted is None or (not wanted and permission == PUBLIC):
            continue
        if permission in (PUBLIC, SIGNED_IN) or wanted.isdisjoint(implied_by(permission)):
            differing.append(f"{where}: {permission}, {command.__name__}: {sorted(wanted)}")
    assert differing == []


def test_what_asks_itself_is_still_there() -> None:
    assert {(entry.module, entry.name) for entry in commands.entries()} >= ASKS_ITSELF


@needs("orders.confirm", "orders.cancel")
def _command(plan: Plan) -> None:
    raise AssertionError("it was called")


def actor(*permissions: str) -> Actor:
    return Actor(1, "x", "x", frozenset(permissions), viewer=EVERYTHING)


@pytest.mark.parametrize("way", [run, preview])
def test_whoever_lacks_what_a_command_needs_is_refused_before_it_is_called(way: Command) -> None:
    for lacking in (actor(), actor(*(PERMISSIONS.keys() - {"orders.confirm", "orders.cancel"}))):
        with pytest.raises(PermissionDenied) as refused:
            way(_command, context=Context(actor=lacking))
        assert (refused.value.http_status, refused.value.data) == (403, {"permission": "orders.cancel"})


@pytest.mark.parametrize("way", [run, preview])
def test_an_undeclared_command_runs_for_nobody(way: Command) -> None:
    def forgotten(plan: Plan) -> None:
        raise AssertionError("it was called")

    for anybody in (SYSTEM, actor(*PERMISSIONS)):
        with pytest.raises(UndeclaredCommand, match="forgotten does not say what it needs"):
            way(forgotten, context=Context(actor=anybody))


def test_what_is_the_system_s_no_person_runs() -> None:
    from core.sign_in import sign_in
    from crm.setup import set_up_company

    for command in (apply_event, sign_in, set_up_company):
        with pytest.raises(PermissionDenied):
            run(command, context=Context(actor=actor(*PERMISSIONS)))


def test_the_worker_has_one_task_which_runs_what_is_the_system_s() -> None:
    """All background work goes through the outbox: another task would be one that declares nothing."""
    ours = [name for name in make_celery("memory://").tasks if not name.startswith("celery.")]
    assert ours == [APPLY]
    assert [use.command for use in commands.all_uses() if use.where.startswith("core.jobs:")] == [apply_event]
    assert NEEDED[apply_event] == frozenset()
    makers = [
        path.name
        for path, module in sources().items()
        for node in ast.walk(module)
        if isinstance(node, ast.Call | ast.Name | ast.Attribute)
        and ast.unparse(node).endswith((".task", "shared_task", ".add_periodic_task"))
    ]
    assert makers == ["jobs.py"]


def test_a_declaration_names_permissions_there_are() -> None:
    for wrong in ((), ("orders.confrim",)):
        with pytest.raises(ValueError, match="no such permission"):
            needs(*wrong)
