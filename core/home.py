"""How people arrange their home page: the cards that stand there, by name, in their order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import select

from core.errors import DomainError, NotFound
from core.needs import for_anybody
from core.organization import User
from core.plan import Plan

MOST_CARDS: Final = 60
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}|view:[1-9][0-9]{0,18}")


def card_of_view(view_id: int) -> str:
    """The name of the card that shows a saved view."""
    return f"view:{view_id}"


def view_of_card(name: str) -> int | None:
    """The saved view that a card shows; None for a card of the product."""
    kind, _, identity = name.partition(":")
    return int(identity) if kind == "view" and _NAME.fullmatch(name) else None


@for_anybody
def arrange_home(plan: Plan, cards: Sequence[str] | None, *, seen: Sequence[str] | None) -> dict[str, Any]:
    """Puts the actor's cards in an order; None goes back to what his roles begin with. `seen` is what stood there when
    he began. Locks his user.

    Raises `home_changed` with what stands there now if it is something else, `too_many_cards`, `card_unknown` for what
    is no name.
    """
    user = _actor(plan)
    if user.home_cards != (None if seen is None else list(seen)):
        raise DomainError("home_changed", http_status=409, cards=user.home_cards)
    _write(user, None if cards is None else list(dict.fromkeys(cards)))
    plan.session.flush()
    return {"cards": user.home_cards}


@for_anybody
def place_card(plan: Plan, name: str, *, start: Sequence[str], is_shown: bool) -> dict[str, Any]:
    """Puts a card at the end of the actor's home page, or takes it away; whoever has arranged nothing begins with
    `start`. Locks his user. Raises `too_many_cards`, `card_unknown`."""
    user = _actor(plan)
    standing = list(start) if user.home_cards is None else user.home_cards
    others = [card for card in standing if card != name]
    if is_shown or len(others) < len(standing):
        _write(user, [*others, name] if is_shown else others)
    plan.session.flush()
    return {"cards": user.home_cards}


def _actor(plan: Plan) -> User:
    user = plan.session.execute(
        select(User).where(User.id == plan.actor.user_id).with_for_update().execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if user is None:
        raise NotFound("user", plan.actor.user_id)
    return user


def _write(user: User, cards: list[str] | None) -> None:
    for name in cards or ():
        if not _NAME.fullmatch(name):
            raise DomainError("card_unknown", name=name[:60])
    if cards is not None and len(cards) > MOST_CARDS:
        raise DomainError("too_many_cards", most=MOST_CARDS)
    user.home_cards = cards
