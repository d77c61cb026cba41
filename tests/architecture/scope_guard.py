"""Fails any query that reaches rows with an owner without the predicate: the first wall, held at the cursor."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from sqlalchemy import Engine, TextClause, event

from core import scope
from core.database import Base
from core.models_registry import import_all_models
from core.scope import OfCustomer, Owned

# What a session writes of a record that it loaded, under the predicate, before.
_OF_LOADED_RECORD = re.compile(r"^(UPDATE|DELETE FROM) (\w+) .*\bWHERE \2\.id = %\(", re.DOTALL)


class MissingPredicate(AssertionError):
    """A query on scoped rows, built without the predicate of the viewer."""


@cache
def guarded_tables() -> re.Pattern[str]:
    """Finds the tables of `Owned` and `OfCustomer` models, and the functions that read them for their caller, where a
    statement reads from them."""
    import_all_models()
    names = [m.class_.__tablename__ for m in Base.registry.mappers if issubclass(m.class_, Owned | OfCustomer)]
    names += ["invoices_open_on", "credits_unapplied_on"]
    return re.compile(rf"\b(?:FROM|JOIN|UPDATE)\s+({'|'.join(names)})\b")


@contextmanager
def guarding() -> Iterator[None]:
    """Watches what SQLAlchemy sends for a viewer who does not see everything. Registered statements hold the predicate
    by registration; what a test itself asks in plain text is its own affair."""

    def check(_connection: Any, _cursor: Any, text: str, _parameters: Any, context: Any, _many: bool) -> None:
        viewer = scope._current.get()
        if (viewer is not None and viewer.sees_all) or context is None or context.compiled is None:
            return
        if isinstance(context.compiled.statement, TextClause) or context.isinsert:
            return
        if context.execution_options.get("scope") == "by_root" or "viewer_owner" in text:
            return
        if _OF_LOADED_RECORD.search(text):
            return
        if guarded_tables().search(text):
            raise MissingPredicate(text)

    event.listen(Engine, "before_cursor_execute", check)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", check)
