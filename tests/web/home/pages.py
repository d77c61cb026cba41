"""A home page and the lists it leads to, as a reader of their HTML finds them."""

from __future__ import annotations

import csv
import html
import io
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tests.web.lists.pages import read_list

_FIGURE = re.compile(
    r'<a href="([^"]*)"(?: class="t-\w+")?><span>(.*?)</span>'
    r'<b(?: title="([^"]*)")?>(.*?)</b><small>(.*?)</small></a>',
    re.S,
)
_CARD = re.compile(r'<section class="card[^"]*" aria-labelledby="card-([\w-]+)">(.*?)</section>', re.S)
_GROUP = re.compile(
    r'<a href="([^"]*)"><span class="cut">(.*?)</span>.*?'
    r'<span class="n dim">([\d,]+)</span><span class="n" title="([^"]*)">',
    re.S,
)


def plain(text: str) -> str:
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", text).split()))


def number(text: str) -> Decimal:
    return Decimal(text.replace(",", "").replace("−", "-") or 0)


@dataclass(frozen=True)
class FigureText:
    url: str
    title: str
    exact: str
    value: str
    note: str


@dataclass(frozen=True)
class CardText:
    """A card: its name, the number of its head, where its rows are, its rows as text, its groups."""

    name: str
    text: str

    @property
    def title(self) -> str:
        found = re.search(r"<h2[^>]*>(.*?)</h2>", self.text, re.S)
        return plain(found[1]) if found else ""

    @property
    def number(self) -> str:
        found = re.search(r'<span class="count">([^<]*)</span>', self.text)
        return found[1] if found else ""

    @property
    def url(self) -> str:
        found = re.findall(r'<a class="sub" href="([^"]*)">', self.text)
        return html.unescape(found[-1])

    @property
    def rows(self) -> list[str]:
        return re.findall(r"<li>(.*?)</li>", self.text, re.S)

    @property
    def groups(self) -> list[tuple[str, str, int, Decimal]]:
        """Of each group its name, the address of its rows, how many they are and what they sum to."""
        return [
            (plain(name), html.unescape(url), int(rows.replace(",", "")), number(exact))
            for url, name, rows, exact in _GROUP.findall(self.text)
        ]


@dataclass(frozen=True)
class HomeText:
    text: str

    @property
    def figures(self) -> list[FigureText]:
        bar = re.search(r'<section class="kpis".*?</section>', self.text, re.S)
        return [
            FigureText(html.unescape(url), plain(title), exact, plain(value), plain(note))
            for url, title, exact, value, note in _FIGURE.findall(bar[0] if bar else "")
        ]

    @property
    def cards(self) -> dict[str, CardText]:
        """The cards by name, in their order."""
        return {name.replace("-", "_"): CardText(name, text) for name, text in _CARD.findall(self.text)}


def read_home(client: Any, cards: str | None = None) -> HomeText:
    """The home page, with the cards named (`start`: with those of the roles)."""
    answer = client.get("/", headers={} if cards is None else {"X-Test-Cards": cards})
    assert answer.status_code == 200, answer.text[:3000]
    return HomeText(answer.text)


@dataclass(frozen=True)
class Opened:
    """What a list says of the rows that an address asks for: how many, what a column adds up to on the page, and in the
    file that is exported from it."""

    total: int
    on_page: Decimal
    in_file: Decimal
    lines: int
    text: str


def open_list(client: Any, list_name: str, url: str, column: str = "") -> Opened:
    """The page of a list at an address with everything counted, and its export; `column` is the head of what is added
    up."""
    whole = url + ("&" if "?" in url else "?") + "whole=yes"
    page = read_list(client, whole)
    sent = client.post(f"/exports/{list_name}?{url.partition('?')[2]}", data={"format": "csv"})
    assert sent.status_code == 200, sent.text
    heads, *lines = list(csv.reader(io.StringIO(sent.data.decode("utf-8-sig"))))
    place = next((place for place, head in enumerate(heads) if plain(head).split(",")[0] == column), None)
    assert place is not None or not column, (column, heads)
    in_file = sum((number(line[place]) for line in lines), Decimal(0)) if place is not None else Decimal(0)
    on_page = _sum_on(page.text, column, page.rows) if column else Decimal(0)
    return Opened(int(page.total.replace(",", "")), on_page, in_file, len(lines), page.text)


def _sum_on(text: str, column: str, rows: int) -> Decimal:
    """The sum below a column; of one row, whose list says no sum, its own value."""
    if not rows:
        return Decimal(0)
    heads = [plain(head).split(",")[0] for head in re.findall(r"<th\b[^>]*>(.*?)</th>", text, re.S)]
    body = r"<tfoot>(.*?)</tfoot>" if "<tfoot>" in text else r"<tr data-row>(.*?)</tr>"
    found = re.search(body, text, re.S)
    assert found, column
    cells = re.findall(r"<td\b[^>]*>(.*?)</td>", found[1], re.S)
    return number(plain(cells[heads.index(column)]))
