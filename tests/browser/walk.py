"""Every page there is, found by its route and by the links of the pages, with real objects of the test company."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from core.database import Base
from tests.security.conftest import values_of
from tests.security.test_matrix import OTHER_VALUES
from tests.world import PASSWORD, World
from web.history.records import KINDS
from web.permissions import route_matrix

ARGUMENT = re.compile(r"<(?:[^:>]*:)?(\w+)>")
LINK = re.compile(r'(?:href|hx-get|action)="(/[^"#]*)')
HTML = "text/html"
# What is no page of somebody who is signed in: papers, files, programs, the way in, and what a page fetches for itself.
ELSEWHERE = re.compile(
    r"/(api|assets|healthz|readyz|setup|sign-in)(/|$)|\.(pdf|css)$|^/notifications/(panel|stream)$|^/search/box$"
)
MOST_TRIED = 8
FOUND_BY = {
    "source_id": "SELECT id FROM payment WHERE amount_allocated < amount",
    "number": "SELECT number FROM invoice",
}


@dataclass(frozen=True, slots=True)
class Address:
    """A page: its route with the names of what is asked, and the address with real objects."""

    form: str
    path: str

    @property
    def rule(self) -> str:
        return self.form.partition("?")[0]


class Walk:
    """The pages of an application as one person sees them.

    `unreached` names the routes that answered with an error for every object tried, and that no page leads to: the test
    company lacks what they show.
    """

    def __init__(self, app: Flask, world: World, login: str) -> None:
        self.app, self.world = app, world
        self.browser: FlaskClient = app.test_client()
        csrf, app.config["WTF_CSRF_ENABLED"] = app.config.get("WTF_CSRF_ENABLED", True), False
        assert self.browser.post("/sign-in", data={"login": login, "password": PASSWORD}).status_code == 303
        app.config["WTF_CSRF_ENABLED"] = csrf
        self.known = values_of(world)
        self.unreached: list[str] = []
        self.links: dict[str, None] = {}

    def pages(self, *, every: bool) -> list[Address]:
        """Each route that answers with a page, and the previews its links lead to, each once; with `every` also
        whatever else the links ask of a route (filters, groups, tabs)."""
        found, faults = self._by_route()
        found += self._by_links(found, every, set(faults))
        reached = {page.rule for page in found}
        self.unreached = [f"{rule}: {answers}" for rule, answers in faults.items() if rule not in reached]
        return found

    def _by_route(self) -> tuple[list[Address], dict[str, str]]:
        found, faults = [], {}
        for row in route_matrix(self.app):
            if row.method != "GET" or ELSEWHERE.search(row.rule):
                continue
            tried = []
            for path in self._paths(row.rule):
                answer = self._look(path)
                tried.append(f"{answer.status_code} {path}")
                if answer.status_code == 200 and answer.mimetype == HTML:
                    found.append(Address(row.rule, path))
                if answer.status_code < 400:
                    break
            else:
                faults[row.rule] = ", ".join(tried)
        return found, faults

    def _by_links(self, pages: Iterable[Address], every: bool, wanted: set[str]) -> list[Address]:
        seen = {page.form for page in pages}
        found = []
        for path in self.links:
            form = self._form(path)
            is_meant = form is not None and (every or "preview" in form or form.partition("?")[0] in wanted)
            if form is not None and is_meant and form not in seen:
                answer = self.browser.get(path, headers={"Accept": HTML})
                if answer.status_code == 200 and answer.mimetype == HTML:
                    seen.add(form)
                    found.append(Address(form, path))
        return found

    def _look(self, path: str) -> Any:
        answer = self.browser.get(path, headers={"Accept": HTML})
        if answer.mimetype == HTML:
            self.links |= dict.fromkeys(unescape(link) for link in LINK.findall(answer.get_data(as_text=True)))
        return answer

    def _form(self, path: str) -> str | None:
        """Route and names of an address, with the value of what names a preview; None for what is no page."""
        parts = urlsplit(path)
        try:
            rule, _values = self.app.url_map.bind("localhost").match(parts.path, "GET", return_rule=True)
        except (HTTPException, RequestRedirect):
            return None
        if ELSEWHERE.search(rule.rule):
            return None
        asked = parse_qs(parts.query, keep_blank_values=True)
        names = sorted(f"preview={asked[name][0]}" if name == "preview" else name for name in asked)
        return f"{rule.rule}?{'&'.join(names)}" if names else rule.rule

    def _paths(self, rule: str) -> list[str]:
        """The route with real objects: those to try, one after the other."""
        if "<record_type>" in rule:
            return [
                rule.replace("<record_type>", kind).replace("<int:record_id>", str(ids[0]))
                for kind in KINDS
                if (ids := self._ids(kind))
            ][:1]
        paths = [rule]
        for name in ARGUMENT.findall(rule):
            held = re.compile(rf"<(?:[^:>]*:)?{name}>")
            paths = [held.sub(str(value), path) for path in paths for value in self._values(name)]
        return paths[:MOST_TRIED]

    def _values(self, name: str) -> list[Any]:
        if name == "kind":
            return ["payment"]
        if name in FOUND_BY:
            return [row[0] for row in self.world.rows(FOUND_BY[name])][:1] or [1]
        if name in OTHER_VALUES:
            return [OTHER_VALUES[name]]
        table = name.removesuffix("_id")
        first = self.known.get(name)
        others = (
            [table] if table in Base.metadata.tables else [t for t in Base.metadata.tables if t.endswith(f"_{table}")]
        )
        ids = ([first] if first else []) + [found for other in others[:1] for found in self._ids(other)]
        return list(dict.fromkeys(ids))[:MOST_TRIED] or [1]

    def _ids(self, table: str) -> list[int]:
        return [row[0] for row in self.world.rows(f"SELECT id FROM {table} ORDER BY id LIMIT {MOST_TRIED}")]
