"""Which view each list opens with for a person."""

from __future__ import annotations

import re
from typing import Any, Final

from sqlalchemy import or_, select

from core.errors import DomainError, NotFound
from core.lists.saved import SavedView
from core.needs import for_anybody
from core.organization import User
from core.plan import Plan

_NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_SAVED: Final = re.compile(r"v([1-9][0-9]{0,17})")


@for_anybody
def open_with(plan: Plan, list_name: str, view: str | None) -> dict[str, Any]:
    """Lets a list open with a view for the actor: a tab of the company by code, or a saved view (`v` and its id) that
    he sees; None leaves it to the list. Answers with what it opened with before (`was`) and what a saved view is
    called. Locks his user.

    Raises NotFound for a view that is none of the list's, or which he does not see, `view_unknown` for what is no name.
    """
    user = plan.session.get(User, plan.actor.user_id, with_for_update=True, populate_existing=True)
    if user is None:
        raise NotFound("user", plan.actor.user_id)
    was = user.opening_views.get(list_name)
    label = None if view is None else _name_of(plan, list_name, view)
    if view != was:
        others = {name: code for name, code in user.opening_views.items() if name != list_name}
        user.opening_views = others if view is None else others | {list_name: view}
        plan.session.flush()
    return {"list": list_name, "view": view, "name": label, "was": was}


def _name_of(plan: Plan, list_name: str, view: str) -> str | None:
    saved = _SAVED.fullmatch(view)
    if not _NAME.fullmatch(list_name) or not _NAME.fullmatch(view):
        raise DomainError("view_unknown", name=view[:60])
    if saved is None:
        return None
    is_seen = or_(SavedView.user_id == plan.actor.user_id, SavedView.is_shared)
    query = select(SavedView.name).where(SavedView.id == int(saved[1]), SavedView.list_name == list_name, is_seen)
    found = plan.session.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFound("saved_view", int(saved[1]))
    return found
