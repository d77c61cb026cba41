"""What the mails say: the first line of a template in `templates/mails` is the subject, the rest the text.

Composed by the worker while a mail is being sent, without a request; a link stands in the composed text only.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import select

from core import database as db
from core.mail import Claimed, Composed, composer, current
from core.organization import Company, User
from core.password_links import INVITED_FOR, RESET_FOR
from core.scope import EVERYTHING, viewing

FOLDER = Path(__file__).parent.parent / "templates" / "mails"
LINK_PATH = "/sign-in/reset"


@cache
def _templates() -> Environment:
    # Plain text: what is escaped there would be read as it stands.
    return Environment(loader=FileSystemLoader(FOLDER), undefined=StrictUndefined, autoescape=False)  # noqa: S701


def reset_address(public_url: str, token: str) -> str:
    """The link. The token stands behind #, which browsers keep to themselves: no log and no referrer has it."""
    return f"{public_url}{LINK_PATH}#{token}"


@composer("password_reset")
@composer("invitation")
def _with_link(message: Claimed) -> Composed:
    link = reset_address(current().public_url or "", message.secret or "")
    return _composed(message, link=link, minutes=int(RESET_FOR.total_seconds()) // 60, days=INVITED_FOR.days)


@composer("password_changed")
def _password_changed(message: Claimed) -> Composed:
    return _composed(message, moment=_moment(message.created_at))


@composer("test")
def _test(message: Claimed) -> Composed:
    return _composed(message)


def _composed(message: Claimed, **values: Any) -> Composed:
    language = message.language if message.language in ("zh", "en") else "zh"
    with viewing(EVERYTHING), db.current().session() as reading:
        company = reading.scalar(select(Company.name)) or ""
        user = reading.get(User, message.user_id) if message.user_id else None
    named = {"company": company, "name": user.name if user else "", "login": user.login if user else ""}
    template = _templates().get_template(f"{message.kind}.{language}.txt")
    subject, _, text = template.render(**named, **values).partition("\n")
    return Composed(" ".join(subject.split()), text.strip() + "\n")


def _moment(when: datetime) -> str:
    zone = db.current().time_zone()
    return f"{when.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})"
