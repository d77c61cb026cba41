"""Views that people save: a name for what is asked of a list, for oneself or for everybody."""

from __future__ import annotations

from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, Text, func, select
from sqlalchemy.orm import Mapped, mapped_column

from core.columns import check_texts
from core.constraints import means
from core.database import Base, Id, Moment
from core.errors import DomainError, FieldErrors, NotFound
from core.needs import for_anybody
from core.normalise import clean
from core.plan import Plan

MOST_VIEWS = 50
LONGEST_QUERY = 8000


class SavedView(Base):
    """What somebody asks of a list under a name. `query` is the state as an address writes it; who opens a shared view
    sees his own rows in it."""

    __tablename__ = "saved_view"

    id: Mapped[Id]
    list_name: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(60))
    user_id: Mapped[int] = mapped_column(ForeignKey("app_user.id"))
    query: Mapped[str] = mapped_column(Text)
    is_shared: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(SmallInteger, default=0)
    created_at: Mapped[Moment]
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        Index("uq_saved_view_name", "user_id", "list_name", "name", unique=True),
        Index("ix_saved_view_list", "list_name"),
        CheckConstraint("name <> ''", name="name"),
    )
    __mapper_args__ = {"version_id_col": version}

    @property
    def audit_label(self) -> str:
        return self.name


means("uq_saved_view_name", "duplicate_name", field="name")


@for_anybody
def save_view(plan: Plan, list_name: str, values: dict[str, Any]) -> dict[str, Any]:
    """Keeps a state under a name. Raises InvalidInput beside the field, `too_many_views`, PermissionDenied for a shared
    one by who may not share."""
    number = plan.session.execute(
        select(func.count()).where(SavedView.list_name == list_name, SavedView.user_id == plan.actor.user_id)
    ).scalar_one()
    if number >= MOST_VIEWS:
        raise DomainError("too_many_views", most=MOST_VIEWS)
    view = SavedView(
        list_name=list_name, user_id=plan.actor.user_id, created_at=plan.now, position=number, **_checked(plan, values)
    )
    plan.session.add(view)
    plan.session.flush()
    return view_answer(view)


@for_anybody
def change_view(plan: Plan, view_id: int, values: dict[str, Any], *, version: int | None = None) -> dict[str, Any]:
    """Changes a view of one's own. Raises NotFound, `edit_conflict`, InvalidInput beside the field."""
    view = _own_view(plan, view_id)
    if version is not None and view.version != version:
        raise DomainError("edit_conflict", version=view.version)
    given = {"name": view.name, "query": view.query, "is_shared": view.is_shared} | values
    for name, value in _checked(plan, given).items():
        setattr(view, name, value)
    plan.session.flush()
    return view_answer(view)


@for_anybody
def delete_view(plan: Plan, view_id: int) -> dict[str, Any]:
    """Deletes a view of one's own; the rows it showed are not touched. Raises NotFound."""
    view = _own_view(plan, view_id)
    answer = view_answer(view)
    plan.session.delete(view)
    plan.session.flush()
    return answer


def _own_view(plan: Plan, view_id: int) -> SavedView:
    view = plan.session.execute(
        select(SavedView)
        .where(SavedView.id == view_id, SavedView.user_id == plan.actor.user_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if view is None:
        raise NotFound("saved_view", view_id)
    return view


def _checked(plan: Plan, values: dict[str, Any]) -> dict[str, Any]:
    errors = FieldErrors()
    data = {
        "name": clean(values.get("name")),
        "query": values.get("query") or "",
        "is_shared": bool(values.get("is_shared")),
    }
    check_texts(errors, SavedView, data)
    if not data["name"]:
        errors.add("name", "required")
    if len(str(data["query"])) > LONGEST_QUERY:
        errors.add("query", "too_long", limit=LONGEST_QUERY)
    errors.raise_if_any()
    if data["is_shared"] and not plan.actor.may("views.share"):
        errors.add("is_shared", "may_not_share")
        errors.raise_if_any()
    return data


def view_answer(view: SavedView) -> dict[str, Any]:
    return {
        "id": view.id,
        "list": view.list_name,
        "name": view.name,
        "query": view.query,
        "is_shared": view.is_shared,
        "version": view.version,
    }
