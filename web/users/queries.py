"""What the pages about users read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, func, select, true
from sqlalchemy.orm import Session

from core.errors import NotFound
from core.mail_models import MailMessage
from core.organization import Company, Role, User, UserSession
from core.parties import Customer
from core.sessions import is_live


@dataclass(frozen=True, slots=True)
class UserRow:
    """One line of the list of users."""

    id: int
    name: str
    login: str
    title: str | None
    is_active: bool
    roles: list[str]
    sessions: int
    last_seen_at: datetime | None
    is_invited: bool


def all_roles(session: Session) -> list[Role]:
    """All roles by code."""
    return list(session.scalars(select(Role).order_by(Role.code)))


def list_users(session: Session, *, chinese: bool) -> list[UserRow]:
    """All users, active ones first, with open sessions and when they were last seen. Two statements."""
    counted = (
        select(
            UserSession.user_id,
            func.count().filter(is_live()).label("open"),
            func.max(UserSession.last_seen_at).label("seen"),
        )
        .join(Company, true())
        .group_by(UserSession.user_id)
        .subquery()
    )
    invited = exists().where(MailMessage.user_id == User.id, MailMessage.kind == "invitation")
    rows = session.execute(
        select(User, counted.c.open, counted.c.seen, User.password_hash.is_(None) & invited)
        .outerjoin(counted, counted.c.user_id == User.id)
        .order_by(User.is_active.desc(), User.name, User.id)
    )
    return [
        UserRow(
            user.id,
            user.name,
            user.login,
            user.title,
            user.is_active,
            [role.name_zh if chinese else role.name for role in user.roles],
            number or 0,
            seen,
            is_invited,
        )
        for user, number, seen, is_invited in rows
    ]


def get_user(session: Session, user_id: int) -> User:
    """One user. Raises NotFound."""
    user = session.get(User, user_id)
    if user is None:
        raise NotFound("user", user_id)
    return user


def customers_owned(session: Session, user_id: int) -> int:
    """How many customers belong to the user."""
    owned = (Customer.owner_id == user_id) & Customer.merged_into_id.is_(None)
    return session.scalar(select(func.count()).select_from(Customer).where(owned)) or 0


def who_may_take(session: Session, user_id: int) -> list[User]:
    """Everybody else who is still here, by name."""
    others = select(User).where(User.is_active, User.id != user_id).order_by(User.name, User.id)
    return list(session.scalars(others))
