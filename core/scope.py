"""Which rows a person sees: one predicate for customers and all that is theirs, and the two places that apply it.

A record that has an owner (`Owned`) is seen by its owner, by those whose roles let them see the owner's team, region
or everything, and by those its customer is shared with. A document's owner follows its customer's, so that the customer
and all that is his are seen by the same people. Who that is for a user, the database's function `viewer_of` says.

The first wall is in the statements: `visible` for registered SQL, `visible_rows` for queries built by SQLAlchemy, and a
criterion of the ORM session for what commands load. Their parameters come from the viewer of the call (`viewing`),
which the entry point sets; without one, a scoped statement is refused. The second wall is row security of PostgreSQL,
whose policies read `countinghouse.viewer`; it is set with every transaction, from the same viewer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, BigInteger, ColumnElement, any_, bindparam, event, or_, select, true
from sqlalchemy.orm import Mapped, ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.orm.util import LoaderCriteriaOption

PARAMETERS = ("viewer_sees_all", "viewer_owners", "viewer_shared")


class NoViewer(RuntimeError):
    """A statement on scoped rows was about to be sent for nobody in particular."""


@dataclass(frozen=True)
class Viewer:
    """Whose rows are seen: all, or those of `owners` (users) and of the customers in `shared`."""

    sees_all: bool = False
    owners: tuple[int, ...] = ()
    shared: tuple[int, ...] = ()

    @classmethod
    def read(cls, text: str) -> Viewer:
        """The viewer that `viewer_of` answers: `all`, or the arrays of owners and of shared customers."""
        if text == "all":
            return EVERYTHING
        owners, _, shared = text.partition("|")
        return cls(False, _ids(owners), _ids(shared))

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The parameters of a registered statement, as the texts that are sent."""
        values = ("true" if self.sees_all else "false", _array(self.owners), _array(self.shared))
        return dict(zip(PARAMETERS, values, strict=True))

    @cached_property
    def text(self) -> str:
        """What `countinghouse.viewer` is set to, for row security."""
        return "all" if self.sees_all else f"{_array(self.owners)}|{_array(self.shared)}"


def _ids(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.strip("{}").split(",") if part)


def _array(ids: tuple[int, ...]) -> str:
    return "{" + ",".join(map(str, ids)) + "}"


EVERYTHING = Viewer(sees_all=True)
NOTHING = Viewer()
_current: ContextVar[Viewer | None] = ContextVar("viewer", default=None)


def current_viewer() -> Viewer:
    """The viewer of this call. Raises NoViewer where the entry point has set none."""
    viewer = _current.get()
    if viewer is None:
        raise NoViewer("no viewer is set: the entry point must say for whom rows are read")
    return viewer


def viewer_text() -> str:
    """What row security is told in this call; nothing without a viewer, which sees no scoped row."""
    viewer = _current.get()
    return "" if viewer is None else viewer.text


def begin_viewing(viewer: Viewer | None) -> Token[Viewer | None]:
    """Sets the viewer until `end_viewing`; for entry points whose begin and end are two calls."""
    return _current.set(viewer)


def end_viewing(token: Token[Viewer | None]) -> None:
    _current.reset(token)


@contextmanager
def viewing(viewer: Viewer) -> Iterator[None]:
    """Rows are read for `viewer` in this block."""
    token = begin_viewing(viewer)
    try:
        yield
    finally:
        end_viewing(token)


class Owned:
    """Mixed into a model whose rows are scoped; `__customer__` names the column of the customer a row belongs to."""

    __customer__ = "customer_id"
    if TYPE_CHECKING:
        owner_id: Mapped[int]


class OfCustomer:
    """Mixed into a model whose rows hang on a customer and are seen with him. `__owner__` names the column that holds
    the customer's owner, where rows are many and read by whom they are seen by; else the customer is looked up."""

    __owner__: str | None = None
    if TYPE_CHECKING:
        customer_id: Mapped[int]


_MACRO = re.compile(r"\bvisible\((\w+)(?:, (\w+\.\w+))?\)")


def expand(text: str) -> str:
    """Writes out `visible(alias)` and `visible(alias, alias.id)` in the text of a `scoped` statement.

    The second form names the customer's id where it is not `alias.customer_id`.
    """
    return _MACRO.sub(lambda found: visible(found[1], found[2]), text)


def visible(alias: str, customer: str | None = None) -> str:
    """The predicate as SQL text for the rows of `alias`; its parameters are filled from the viewer."""
    customer = customer or f"{alias}.customer_id"
    return (
        f"(%(viewer_sees_all)s::boolean OR {alias}.owner_id = ANY (%(viewer_owners)s::bigint[])"
        f" OR {customer} = ANY (%(viewer_shared)s::bigint[]))"
    )


def visible_rows(model: Any, viewer: Viewer | None = None) -> ColumnElement[bool]:
    """The predicate for a query built by SQLAlchemy; `model` is an `Owned` model or an alias of one."""
    return _seen(model.owner_id, getattr(model, model.__customer__), viewer or current_viewer())


def _seen(owner_id: Any, customer_id: Any, viewer: Viewer) -> ColumnElement[bool]:
    """It says no more than this viewer needs: alternatives that hold for nobody would keep an index from being used."""
    if viewer.sees_all:
        return true()
    if len(viewer.owners) == 1:
        owned = owner_id == bindparam("viewer_owner", viewer.owners[0], BigInteger)
    else:
        owned = owner_id == any_(bindparam("viewer_owners", list(viewer.owners), ARRAY(BigInteger)))
    if not viewer.shared:
        return owned
    return or_(owned, customer_id == any_(bindparam("viewer_shared", list(viewer.shared), ARRAY(BigInteger))))


def visible_of_customer(model: Any, viewer: Viewer | None = None) -> ColumnElement[bool]:
    """The predicate for rows that hang on a customer: those of an `OfCustomer` model, and his account. Who sees
    everything looks up no customers."""
    from core.parties import Customer  # which is made of this module's parts

    viewer = viewer or current_viewer()
    if viewer.sees_all:
        return true()
    if owner := getattr(model, "__owner__", None):
        return _seen(getattr(model, owner), model.customer_id, viewer)
    return model.customer_id.in_(select(Customer.id).where(visible_rows(Customer, viewer)))


def _criteria(viewer: Viewer) -> Iterator[LoaderCriteriaOption]:
    from core.parties import Customer

    for mapper in Customer.registry.mappers:
        model = mapper.class_
        if issubclass(model, Owned):
            yield with_loader_criteria(model, visible_rows(model, viewer), include_aliases=True)
        elif issubclass(model, OfCustomer):
            yield with_loader_criteria(model, visible_of_customer(model, viewer), include_aliases=True)


@event.listens_for(Session, "do_orm_execute")
def _scope_records(state: ORMExecuteState) -> None:
    """Every record that a session loads is one that the viewer sees."""
    viewer = _current.get() or NOTHING
    if (state.is_select or state.is_update or state.is_delete) and not viewer.sees_all:
        state.statement = state.statement.options(*_criteria(viewer))
