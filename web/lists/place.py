"""The list a record was opened from: its rows' links name it, so that the record's page has the rows beside it and the
way back.

The parameter `from` holds the name of the list and, behind a question mark, what its address would say: nothing for the
first tab as it is, the tab by code, what differs from it. So two windows do not disturb each other, an address can be
passed on, and nothing is kept on the server. Addresses of the same record that its page writes carry it along.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlencode

from flask import Flask, current_app, g, has_request_context, request, url_for

from core import database as db
from core.lists.placing import Place, read_place
from core.lists.state import PARAMETERS, State
from web.lists.address import with_parameters
from web.lists.asking import Asking, asked, first_of, opening_of, over, views_of
from web.lists.declared import LISTS, ListPage
from web.permissions import may
from web.requests import UNREADABLE

FROM: Final = "from"
LONGEST: Final = 1_500
"""A list that takes more words to say is not named: the record's page then opens without the rows beside it."""


@dataclass(frozen=True)
class PlaceHere:
    """The list's name, the way back to it as it was, the addresses of the records beside this one (None at an end),
    which of how many it is (empty where that is not known)."""

    title: Any
    back_url: str
    previous_url: str | None
    next_url: str | None
    number: str
    total: str


def opened_from(wished: Asking) -> dict[str, str]:
    """What the links of a list's rows say of it; nothing where a row leads to another record than its own."""
    page = wished.page
    if page.record is None or page.leads_by != "id":
        return {}
    text = page.name
    if parameters := _parameters(wished):
        text += f"?{urlencode(parameters, doseq=True)}"
    return {FROM: text} if len(text) <= LONGEST else {}


def _parameters(wished: Asking) -> dict[str, Sequence[str]]:
    """What tells the state from that of the list's first tab. A view somebody saved is named with all that it asks for,
    so that it need not be looked up, and says the same where it is not known."""
    tabs = [view.code for view in views_of(wished.page)]
    if wished.view and wished.view not in tabs:
        return {"view": [wished.view], "f": [""], **wished.state.parameters()}
    view: dict[str, Sequence[str]] = {"view": [wished.view]} if wished.view not in tabs[:1] else {}
    wanted, there = wished.state.parameters(), wished.base.parameters()
    return view | {name: wanted.get(name, [""]) for name in PARAMETERS if wanted.get(name) != there.get(name)}


def _read(text: str) -> tuple[ListPage, Mapping[str, list[str]]] | None:
    """The list that a text names, as far as who asks may open it, and its parameters."""
    name, _, query = text[:LONGEST].partition("?")
    page = LISTS.get(name)
    if page is None or page.record is None or not may(page.permission):
        return None
    parsed = parse_qs(query, keep_blank_values=True)
    return page, {name: [text.replace("\0", UNREADABLE) for text in texts] for name, texts in parsed.items()}


def _state_of(page: ListPage, parameters: Mapping[str, Sequence[str]]) -> State:
    tabs = {view.code: view.state for view in views_of(page)}
    code = next(iter(parameters.get("view", ())), "")
    first = next(iter(tabs.values()), State())
    return over(tabs.get(code, State() if code else first), parameters)


def place_here() -> PlaceHere | None:
    """The place of the record that this page shows in the list its address names; None where it names none. One
    statement, once for a page."""
    if "place" not in g:
        g.place = _place_here()
    found: PlaceHere | None = g.place
    return found


def _place_here() -> PlaceHere | None:
    found = _read(request.args.get(FROM, ""))
    if found is None or not request.view_args:
        return None
    page, parameters = found
    if page.record is None or request.endpoint != page.record[0]:
        return None
    record_id = request.view_args[page.record[1]]
    with db.current().reading() as connection:
        place = read_place(connection, page.source, _state_of(page, parameters), asked(), page.default_sort, record_id)
    return _shown(page, place, parameters, record_id)


def _shown(page: ListPage, place: Place, parameters: Mapping[str, Sequence[str]], record_id: int) -> PlaceHere:
    back: dict[str, Sequence[str | None]] = {name: texts for name, texts in parameters.items() if name != "after"}
    back |= {"after": [place.page_after]} if place.page_after else {}
    if not back and opening_of(page):
        back = {"view": [first_of(page)]}
    return PlaceHere(
        title=page.title,
        back_url=f"{with_parameters(url_for(page.endpoint), back)}#{anchor(record_id)}",
        previous_url=_record_url(page, place.previous),
        next_url=_record_url(page, place.next),
        number=f"{place.number:,}" if place.number else "",
        total=f"{place.total:,}{'+' if place.is_capped else ''}" if place.total else "",
    )


def _record_url(page: ListPage, record_id: int | None) -> str | None:
    if record_id is None or page.record is None:
        return None
    endpoint, argument = page.record
    values: dict[str, Any] = {argument: record_id, FROM: request.args[FROM]}
    return url_for(endpoint, **values)


def anchor(record_id: int) -> str:
    """The name of a row in its list's page."""
    return f"r{record_id}"


def _carry(endpoint: str, values: dict[str, Any]) -> None:
    """Addresses of the record that is shown name the list it was opened from, also what is posted and where that
    leads: who confirms an order goes on from there."""
    if not has_request_context() or FROM not in request.args or not request.view_args:
        return
    page = LISTS.get(request.args[FROM].partition("?")[0])
    if page is None or page.record is None or FROM in values:
        return
    shown, argument = page.record
    here = request.view_args.get(argument)
    if here is None or str(values.get(argument)) != str(here) or endpoint.partition(".")[0] != shown.partition(".")[0]:
        return
    if endpoint not in current_app.view_functions:
        return
    if any(argument in rule.arguments for rule in current_app.url_map.iter_rules(endpoint)):
        values[FROM] = request.args[FROM]


def install(app: Flask) -> None:
    """Addresses carry along the list that a record was opened from."""
    app.url_defaults(_carry)
