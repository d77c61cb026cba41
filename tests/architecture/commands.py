"""Which commands the entry points run, and under which permission of a route: read from the source."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.architecture.hooks import ROOT, sources

RUNNERS = frozenset({"run", "run_command", "preview", "preview_command", "run_renewing", "run_scripted"})
# What hands on a command it was given.
WRAPPERS = frozenset({"web.http", "web.api.operation", "web.sign_in.session", "core.command"})
Function = ast.FunctionDef
Command = Callable[..., Any]


@dataclass(frozen=True)
class Use:
    """A command that a function runs; `text` is its expression, `command` None where that is no plain name; `named` are
    the keywords it is given, `placed` how many arguments by their place."""

    where: str
    text: str
    command: Command | None
    named: frozenset[str] = frozenset()
    placed: int = 0

    @property
    def given(self) -> frozenset[str]:
        """The parameters of the command that get something."""
        if self.command is None:
            return self.named
        names = [*inspect.signature(self.command).parameters][1:]
        return self.named | frozenset(names[: self.placed])


@dataclass(frozen=True)
class Entry:
    """A function that is a route or an operation, with its permission."""

    module: str
    name: str
    permission: str


@cache
def module_of(name: str) -> Any:
    return importlib.import_module(name)


@cache
def trees() -> dict[str, ast.Module]:
    """The parsed modules by name."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): tree
        for path, tree in sources().items()
    }


@cache
def functions(module: str) -> dict[str, Function]:
    return {node.name: node for node in trees()[module].body if isinstance(node, Function)}


def uses_in(module: str, node: ast.AST) -> Iterator[Use]:
    """The commands that a piece of a module runs or previews itself."""
    for call in ast.walk(node):
        if not isinstance(call, ast.Call) or not call.args:
            continue
        if getattr(call.func, "attr", getattr(call.func, "id", "")) in RUNNERS:
            first = call.args[0]
            named = frozenset(keyword.arg or "**" for keyword in call.keywords)
            yield Use(
                f"{module}:{call.lineno}", ast.unparse(first), _resolved(module, first), named, len(call.args) - 1
            )


def _resolved(module: str, node: ast.AST) -> Command | None:
    try:
        found = eval(ast.unparse(node), vars(module_of(module)))  # noqa: S307 (names of our own modules)
    except Exception:
        return None
    return found if inspect.isfunction(found) else None


def all_uses(packages: tuple[str, ...] = ("web", "core")) -> list[Use]:
    """Every command that an entry point of the product runs."""
    return [
        use
        for name, tree in trees().items()
        if name.split(".")[0] in packages and name not in WRAPPERS
        for use in uses_in(name, tree)
    ]


def entries() -> Iterator[Entry]:
    """Every route of a page and every operation of the API that is a function of its module."""
    for name in trees():
        if not name.startswith("web."):
            continue
        for function in functions(name).values():
            for decorator in function.decorator_list:
                permission = _permission(name, decorator)
                if permission:
                    yield Entry(name, function.name, permission)


def _permission(module: str, decorator: ast.AST) -> str | None:
    if not isinstance(decorator, ast.Call):
        return None
    if ast.unparse(decorator.func) == "operation":
        node: ast.AST | None = decorator.args[2]
    else:
        node = next((keyword.value for keyword in decorator.keywords if keyword.arg == "permission"), None)
    return None if node is None else str(eval(ast.unparse(node), vars(module_of(module))))  # noqa: S307 (our own)


def commands_of(entry: Entry) -> list[Use]:
    """The commands a route runs, by itself or through the functions of web it calls."""
    found: list[Use] = []
    seen: set[tuple[str, str]] = set()
    waiting = [(entry.module, entry.name)]
    while waiting:
        module, name = waiting.pop()
        node = functions(module).get(name) if module in trees() else None
        if node is None or (module, name) in seen or module in WRAPPERS:
            continue
        seen.add((module, name))
        found += uses_in(module, node)
        waiting += list(_called(module, node))
    return found


def _called(module: str, node: ast.AST) -> Iterator[tuple[str, str]]:
    for name in {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}:
        target = inspect.unwrap(getattr(module_of(module), name, None))  # type: ignore[arg-type]
        if inspect.isfunction(target) and target.__module__.startswith("web."):
            yield target.__module__, target.__name__
