"""Which pages people look at all day, found by following their own links: every list with its views, orders, next page
and a page far in; the board; a customer, an order and the other records; the home pages."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit

import psycopg

from web.bench.surface.visitor import Visitor
from web.cli.migrate import driver_url

LISTS = (
    "/customers",
    "/opportunities",
    "/quotations",
    "/orders",
    "/activities",
    "/invoices",
    "/payments",
    "/shipments",
    "/shipments/records",
    "/products",
    "/stock",
    "/stock/alerts",
    "/stock/moves",
    "/stock/documents",
    "/suppliers",
    "/ledger",
    "/invoices/aging",
    "/invoices/aging/rows",
    "/payments/match",
    "/approvals",
    "/users",
    "/audit",
)
OTHERS = ("/", "/opportunities/board", "/orders/new", "/customers/new", "/reports", "/menu")
# Records by their area's path: one with much behind it, and one as most are. Of one owner's, or of anybody's.
_OF_OWNER = "(%(owner)s::text IS NULL OR owner_id = (SELECT id FROM app_user WHERE login = %(owner)s))"
_PICK = f"SELECT id FROM {{}} WHERE {_OF_OWNER} AND {{}} ORDER BY {{}} LIMIT 1"  # noqa: S608 (texts of ours)
RECORDS = {
    "customers": (
        _PICK.format("customer JOIN customer_account ON customer_id = id", "true", "order_count DESC, id"),
        _PICK.format("customer", "true", "id DESC"),
    ),
    "orders": (
        _PICK.format("sales_order", "state = 'done'", "id DESC"),
        _PICK.format("sales_order", "state = 'confirmed'", "id"),
    ),
    "opportunities": (_PICK.format("opportunity", "stage_kind = 'open'", "id DESC"),),
    "quotations": (_PICK.format("quotation", "true", "id DESC"),),
    "invoices": (_PICK.format("invoice", "true", "id DESC"),),
    "payments": (_PICK.format("payment", "true", "id DESC"),),
    "shipments": (_PICK.format("shipment", "true", "id DESC"),),
}
MOST_VIEWS, MOST_ORDERS = 10, 12
_LINK = re.compile(r'href="([^"]+)"')
_POSITION = ("after", "before")


@dataclass(frozen=True)
class Found:
    """A page to be measured; `name` says it in every company alike, `path` leads to it in this one."""

    name: str
    path: str


def pages_of(visitor: Visitor, system_url: str, owner: str | None) -> list[Found]:
    """All pages that this visitor may open, each once; records are those of the customers that `owner` has (a login;
    None: anybody's)."""
    found = [Found(path, path) for path in OTHERS if _opens(visitor, path)]
    for path in LISTS:
        if _opens(visitor, path):
            found += _of_list(visitor, path)
    found += _records(visitor, system_url, owner)
    return list({each.name: each for each in found}.values())


def _opens(visitor: Visitor, path: str) -> bool:
    return visitor.client.get(path, headers={"Accept": "text/html"}).status_code == 200


def _of_list(visitor: Visitor, path: str) -> Iterator[Found]:
    """A list's pages: as it opens, each view, each order, the next page, and a page far in."""
    links = _links(visitor, path)
    yield Found(path, path)
    own = [link for link in links if urlsplit(link).path == path and urlsplit(link).query]
    turns = [link for link in own if _asks(link, *_POSITION)]
    others = [link for link in own if not _asks(link, *_POSITION)]
    for link in _limited(others, "sort", MOST_ORDERS) + _limited(others, "view", MOST_VIEWS):
        yield Found(f"{path}?{urlsplit(link).query}", link)
    if turns:
        yield Found(f"{path} (next page)", turns[0])
        far = _far(visitor, others)
        if far is not None:
            yield Found(f"{path} (far in)", far)


def _links(visitor: Visitor, path: str) -> list[str]:
    text = visitor.get(path).get_data(as_text=True)
    return list(dict.fromkeys(html.unescape(link) for link in _LINK.findall(text)))


def _asks(link: str, *names: str) -> bool:
    return bool(parse_qs(urlsplit(link).query).keys() & set(names))


def _limited(links: Iterable[str], name: str, most: int) -> list[str]:
    """The first links that ask for nothing else; those that order a list name its tab too."""
    return [
        link
        for link in links
        if parse_qs(urlsplit(link).query).keys() - {"view"} | {name} == {name} and _asks(link, name)
    ][:most]


def _far(visitor: Visitor, others: list[str]) -> str | None:
    """The page before the last one, reached without turning all pages: where the opposite order's second page begins,
    this order's last pages lie."""
    for link in others:
        if not _asks(link, "sort"):
            continue
        cursor = next((found for found in _links(visitor, _turned(link)) if _asks(found, "after")), None)
        if cursor is not None:
            return f"{link}&after={quote(parse_qs(urlsplit(cursor).query)['after'][0])}"
    return None


def _turned(link: str) -> str:
    """The same list in the opposite order."""
    return re.sub(r"\bsort=(-?)", lambda sort: "sort=" if sort[1] else "sort=-", link)


def _records(visitor: Visitor, system_url: str, owner: str | None) -> Iterator[Found]:
    with psycopg.connect(driver_url(system_url)) as connection:
        for area, queries in RECORDS.items():
            for number, query in enumerate(queries, start=1):
                row = connection.execute(query, {"owner": owner}).fetchone()
                path = f"/{area}/{row[0]}" if row else ""
                if path and _opens(visitor, path):
                    yield Found(f"/{area}/… ({number})", path)
