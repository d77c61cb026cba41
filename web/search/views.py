"""The search page and what the box shows while typing. A number that fits exactly one record goes straight to it."""

from __future__ import annotations

from typing import Any

from flask import g, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.utils import redirect

from core import database as db
from core.columns import read_id
from core.command import run
from core.context import Context
from core.recent import KINDS, note_opened
from crm.queries.search import Hit, recent, search
from web.limits import LOOKUP, SEARCH
from web.navigation import link
from web.search import area
from web.search.commands import commands
from web.search.marks import marked
from web.search.targets import TARGETS

LONGEST = 80


@area.route("", permission="home.read", limit=SEARCH)
def index() -> ResponseReturnValue:
    """Results by kind; without a text what the person opened last."""
    text = _text()
    groups: dict[str, list[Hit]] = {}
    opened: list[Hit] = []
    with db.current().reading() as connection:
        if text:
            groups = search(connection, text, g.actor.permissions)
        else:
            opened = recent(connection, g.actor.user_id, g.actor.permissions)
    exact = [hit for hits in groups.values() for hit in hits if hit.exact]
    if len(exact) == 1:
        url = TARGETS[exact[0].kind].url(exact[0])
        if url:
            return redirect(url, 303)
    return render_template(
        "search/index.html",
        text=text,
        groups=_groups(groups, text),
        opened=[_line(hit, "") for hit in opened],
        commands=commands(text),
    )


@area.route("/box", permission="home.read", limit=LOOKUP)
def box() -> str:
    """The lines below the box for what is typed; without a text what was opened last, and what can be done."""
    text = _text()
    with db.current().reading() as connection:
        if text:
            groups = search(connection, text, g.actor.permissions, with_papers=False)
            opened: list[Hit] = []
        else:
            groups, opened = {}, recent(connection, g.actor.user_id, g.actor.permissions)
    return render_template(
        "search/box.html",
        text=text,
        groups=_groups(groups, text),
        opened=[_line(hit, "") for hit in opened],
        commands=commands(text),
    )


@area.route("/opened", permission="home.read", methods=["POST"])
def opened() -> ResponseReturnValue:
    """Notes that a record's page is shown. Sending it twice is no harm: it needs no key."""
    record_id = read_id(request.form.get("id"))
    kind = request.form.get("kind", "")
    if record_id is not None and kind in KINDS:
        run(note_opened, kind, record_id, context=Context(actor=g.actor, request_id=g.request_id, channel="browser"))
    return "", 204


def _text() -> str:
    return request.args.get("q", "").strip()[:LONGEST]


def _groups(groups: dict[str, list[Hit]], text: str) -> list[dict[str, Any]]:
    found = []
    for kind, hits in groups.items():
        target = TARGETS[kind]
        lines = [line for hit in hits if (line := _line(hit, text))["url"] is not None]
        if lines:
            more = link(target.list, q=text, view="all") if target.list else None
            found.append({"kind": kind, "label": target.label, "lines": lines, "more": more})
    return found


def _line(hit: Hit, text: str) -> dict[str, Any]:
    target = TARGETS[hit.kind]
    return {
        "hit": hit,
        "icon": target.icon,
        "label": target.label,
        "url": target.url(hit),
        "title": marked(hit.title, text),
    }
