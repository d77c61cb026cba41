"""Watches what commands do to the database: which tables the session writes, and which statements reach the driver."""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, TextClause, event
from sqlalchemy.orm import Session

from core import command, wire
from core.database import Base
from core.models_registry import import_all_models
from core.statements import REGISTRY

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("core", "finance", "inventory", "crm", "web")
WRITES = frozenset(("insert", "add", "set", "delete", "keep"))
# Statements of the transaction itself.
PLUMBING = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "SELECT nextval", "SELECT set_config")


@cache
def sources() -> dict[Path, ast.Module]:
    """The parsed modules of the product."""
    paths = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in paths}


@cache
def planned_tables() -> frozenset[str]:
    """The tables that some `plan.insert`, `add`, `set`, `delete` or `keep` of the product names."""
    import_all_models()
    tables = {mapper.class_.__name__: mapper.class_.__tablename__ for mapper in Base.registry.mappers}
    named = {
        name.id
        for module in sources().values()
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES
        and isinstance(node.func.value, ast.Name | ast.Attribute) and _is_plan(node.func.value) and node.args
        for name in ast.walk(node.args[0]) if isinstance(name, ast.Name) and name.id in tables
    }  # fmt: skip
    return frozenset(tables[name] for name in named)


def _is_plan(node: ast.Name | ast.Attribute) -> bool:
    return (node.id if isinstance(node, ast.Name) else node.attr) == "plan"


@cache
def scoped_tables() -> frozenset[str]:
    """Tables of which a person sees only part of the rows: those with an owner, and what hangs on them."""
    import_all_models()
    owned = {table.name for table in Base.metadata.tables.values() if "owner_id" in table.c}
    hanging = {
        table.name
        for table in Base.metadata.tables.values()
        for key in table.foreign_keys
        if key.column.table.name in owned and not key.parent.nullable
    }
    return frozenset(owned | hanging)


@dataclass
class Seen:
    """What commands did while watched."""

    session_writes: set[str] = field(default_factory=set)
    statements: set[str] = field(default_factory=set)
    raw: set[str] = field(default_factory=set)


@contextmanager
def watched() -> Iterator[Seen]:
    """Notes what happens inside `run`, whichever thread runs it; a test's own looking is not noted."""
    seen, inside = Seen(), threading.local()

    def flushed(session: Session, _context: Any, _instances: Any) -> None:
        for instance in [*session.new, *session.dirty, *session.deleted]:
            if session.is_modified(instance) or instance in session.new or instance in session.deleted:
                seen.session_writes.add(instance.__table__.name)

    def executed(_connection: Any, _cursor: Any, text: str, _parameters: Any, context: Any, _many: bool) -> None:
        if getattr(inside, "depth", 0):
            built = context is not None and context.compiled is not None
            if not built or isinstance(context.compiled.statement, TextClause):
                seen.raw.add(text)

    def exchanged(connection: Any, statements: Any, **named: Any) -> Any:
        parts = list(statements)
        if getattr(inside, "depth", 0):
            seen.statements.update(text.decode() for text, _ in parts)
        return exchange(connection, parts, **named)

    def attempted(self: Any, *arguments: Any) -> Any:
        inside.depth = getattr(inside, "depth", 0) + 1
        try:
            return attempt(self, *arguments)
        finally:
            inside.depth -= 1

    exchange, attempt = wire.exchange, command._Attempt.run
    event.listen(Session, "before_flush", flushed)
    event.listen(Engine, "before_cursor_execute", executed)
    wire.exchange, command._Attempt.run = exchanged, attempted  # type: ignore[assignment]
    try:
        yield seen
    finally:
        wire.exchange, command._Attempt.run = exchange, attempt  # type: ignore[method-assign]
        event.remove(Session, "before_flush", flushed)
        event.remove(Engine, "before_cursor_execute", executed)


def registered_texts() -> set[str]:
    """The registered statements as they are sent."""
    return {_sent(statement) for statement in REGISTRY.values()}


def _sent(statement: Any) -> str:
    names: Callable[[str], str | None] = lambda name: None  # noqa: E731
    parameters = {name: names(name) for name in _parameter_names(statement.text)}
    text, _ = statement(**parameters).sent()
    return text.decode()


def _parameter_names(text: str) -> set[str]:
    import re

    return set(re.findall(r"%\((\w+)\)s", text))
