"""The history of a record, and the audit trail of all."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app, render_template, request
from sqlalchemy import make_url

from core import database as db
from core.errors import InvalidInput
from core.queries.history import TRAIL, AuditRecord, chain_state, names_of
from core.queries.paging import Page
from core.queries.units import list_members
from core.seal_files import SealFiles
from web.history import area
from web.history.records import AUDIT, kind_of, open_types, type_name
from web.history.words import ACTIONS, entries, filter_name
from web.lists.address import choice_of, day_of, id_of

LAST_YEAR = 9000


@area.route("/history/<record_type>/<int:record_id>", permission=AUDIT)
def show(record_type: str, record_id: int) -> str:
    """What was done with one record, newest first."""
    kind = kind_of(record_type)
    found = kind.find(record_id)
    page = _page({"record_type": record_type, "record_id": record_id})
    return render_template(
        "history/show.html",
        page=page,
        entries=entries(page.rows, names_of(page.rows)),
        kind=str(kind.name),
        label=found.label or str(record_id),
        address=kind.address(record_id, found.parent_id),
    )


@area.route("/audit", permission=AUDIT)
def index() -> str:
    """What was done, by whom, when: all of it that the reader may see, with the state of the chain."""
    types = open_types()
    chosen = {
        "actor_id": id_of("who"),
        "action": choice_of("action", ACTIONS) or None,
        "record_type": choice_of("type", types) or None,
        "since": _start(day_of("since")),
        "until": _start(day_of("until"), 1),
    }
    page = _page(chosen)
    return render_template(
        "history/audit.html",
        page=page,
        entries=entries(page.rows, names_of(page.rows)),
        chosen=chosen,
        people=list_members(),
        types=sorted(((name, type_name(name)) for name in types), key=lambda pair: pair[1]),
        actions=sorted(((name, filter_name(name)) for name in ACTIONS), key=lambda pair: pair[1]),
        chain=chain_state(),
        looked=last_look(),
    )


def _page(filters: dict[str, Any]) -> Page[AuditRecord]:
    """One page of rows; an unreadable cursor begins at the newest."""
    try:
        return TRAIL.page(filters, request.args.get("after") or None, types=open_types())
    except InvalidInput:
        return TRAIL.page(filters, types=open_types())


def _start(day: date | None, days: int = 0) -> datetime | None:
    """The beginning of a day, or of one some days later, where the company keeps its books."""
    if day is None or day.year > LAST_YEAR:
        return None
    return datetime.combine(day + timedelta(days=days), time.min, ZoneInfo(db.current().time_zone()))


def last_look() -> dict[str, Any] | None:
    """What the last whole verification found, where this machine keeps it."""
    home = getattr(current_app.extensions["settings"], "home", None)
    if home is None:
        return None
    look = SealFiles(home, make_url(db.current().url).database or "").last_look()
    return look | {"moment": datetime.fromisoformat(look["at"])} if look and "at" in look else None
