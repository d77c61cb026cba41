"""Saved views as cards: how many rows one has, and the first of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from flask import g
from sqlalchemy import Connection, or_, select

from core.home import card_of_view
from core.lists.saved import SavedView
from core.lists.state import State
from web.home.cards import Card, Reader
from web.lists.asking import Asking
from web.lists.declared import LISTS
from web.permissions import may


@dataclass(frozen=True, kw_only=True)
class ViewCard(Card):
    """The card of a saved view: its first rows, in the list's own columns."""

    view_id: int
    most: int = 5

    def asking(self) -> Asking:
        """Its list, under the view's own tab."""
        return Asking(self.page, f"v{self.view_id}", self.state, self.state, ())

    def title_for(self, reader: Reader) -> str:
        return str(self.title)


def views_among(connection: Connection, ids: Collection[int] | None = None) -> dict[str, ViewCard]:
    """The views that who asks sees and whose list he may open, as cards by name: those named, or all. What was deleted,
    is shared no more or stands in a list that is closed to him is left out."""
    if ids is not None and not ids:
        return {}
    query = (
        select(SavedView.id, SavedView.name, SavedView.list_name, SavedView.query)
        .where(or_(SavedView.user_id == g.actor.user_id, SavedView.is_shared))
        .order_by(SavedView.list_name, SavedView.position, SavedView.id)
    )
    found = connection.execute(query if ids is None else query.where(SavedView.id.in_(sorted(ids)))).all()
    return {
        card_of_view(identity): ViewCard(
            name=card_of_view(identity), title=name, page=page, state=State.of_text(text), view_id=identity
        )
        for identity, name, list_name, text in found
        if (page := LISTS.get(list_name)) is not None and may(page.permission)
    }
