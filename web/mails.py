"""What the mails say: the first line of a template in `templates/mails` is the subject, the rest the text.

Composed by the worker while a mail is being sent, without a request; a link stands in the composed text only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, current_app, g, has_app_context
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import select

from core import database as db
from core.context import Actor
from core.digest import reader_of
from core.mail import Claimed, Composed, composer, current, use
from core.masks import showing
from core.organization import Company, User
from core.password_links import INVITED_FOR, RESET_FOR
from core.queries.notices import some_notices
from core.scope import EVERYTHING, viewing
from web.notices.sentences import shown

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


@composer("notice")
@composer("digest")
def _notices(message: Claimed) -> Composed:
    """Notices as their reader would see them now: what he has read, or sees no more, is not in it."""
    reader = reader_of(message.user_id)
    if reader is None:
        raise LookupError("the reader has left")
    items = lines_of(reader, list(message.data["notice_ids"]))
    day = message.data.get("day")
    return _composed(message, items=items, first=items[0][0] if items else "", day=day, all=_address("/notifications"))


def lines_of(reader: Actor, ids: list[int]) -> list[tuple[str, str]]:
    """Sentence and address of each of somebody's notices that is unread and about something he sees."""
    with _as(reader):
        told = [one for one in some_notices(reader, ids) if one.row.read_at is None and not one.is_hidden]
        return [(each.text, _address(each.url or "/notifications")) for each in map(shown, told)]


def _address(path: str) -> str:
    return (current().public_url or "").rstrip("/") + path


@contextmanager
def _as(reader: Actor) -> Iterator[None]:
    """What is said in this block is said as on a page of this reader: in his language, of what he may see."""
    app = current_app._get_current_object() if has_app_context() else _application()  # type: ignore[attr-defined]
    with app.test_request_context("/"), viewing(reader.viewer), showing(reader.permissions):
        g.actor = reader
        yield


@cache
def _application() -> Flask:
    """The application of a process that serves no pages."""
    from web.app import create_app

    kept = current()
    app = create_app()
    use(kept)
    return app


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
