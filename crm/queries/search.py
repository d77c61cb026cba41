"""One search over customers, contacts, products and papers; only the kinds the actor may see are looked at."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection

from core.masks import Phone, maker
from core.queries.finding import Kind, find, tables_read
from core.queries.reading import fetch, today
from core.queries.words import holds_words
from core.search_entries import CONTACTS, CUSTOMERS, OPPORTUNITIES, PRODUCTS, SUPPLIERS
from core.statements import REGISTRY, Statement, statement

PER_KIND = 8
SAME_REFERENCE = 200
"""Of so many documents with one reference of a customer the latest are shown."""
YEARS = 5
"""How many years back a number without its year may lie."""
LARGEST_NUMBER = 9


class Hit(NamedTuple):
    """One record found. `code` is its number, code or SKU; `place` its city or customer; `target_id` the record whose
    page shows it, which of a contact is its customer. `exact` when the text is its number, code or barcode."""

    kind: str
    id: int
    target_id: int
    title: str
    code: str | None
    place: str | None
    owner: str | None
    amount: Decimal | None
    phone: Phone | None
    exact: bool

    @property
    def detail(self) -> str | None:
        """What stands below its title, in a line."""
        return " · ".join(str(part) for part in (self.code, self.place, self.phone) if part) or None


_PHONE = "CASE WHEN %(sees_phones)s::boolean THEN row.phone END"
_EMAIL = "CASE WHEN %(sees_emails)s::boolean THEN row.email END"
_IS_CODE = "upper(row.{0}) = upper(%(text)s)"
RECORDS: dict[str, tuple[str, Kind]] = {
    "customers": (
        "customers.read",
        Kind(
            "customers",
            CUSTOMERS,
            f"'customers', row.id, row.id, row.name, row.code, row.city, owner.name, NULL::numeric, {_PHONE},"
            f" {_IS_CODE.format('code')}, NULL, NULL",
            "customer AS row JOIN app_user AS owner ON owner.id = row.owner_id",
            where="row.merged_into_id IS NULL",
            scoped_by="row, row.id",
            holds=holds_words("row"),
        ),
    ),
    "contacts": (
        "customers.read",
        Kind(
            "contacts",
            CONTACTS,
            f"'contacts', row.id, customer.id, row.name, row.title, customer.name, owner.name, NULL::numeric, {_PHONE},"
            f" false, {_EMAIL}, NULL",
            "contact AS row JOIN customer ON customer.id = row.customer_id"
            " JOIN app_user AS owner ON owner.id = customer.owner_id",
            where="row.is_active AND customer.merged_into_id IS NULL",
            scoped_by="customer, customer.id",
            texts=(3, 8, 10),
        ),
    ),
    "opportunities": (
        "opportunities.read",
        Kind(
            "opportunities",
            OPPORTUNITIES,
            "'opportunities', row.id, row.id, row.name, row.number, customer.name, owner.name, row.amount, NULL, false,"
            " NULL, NULL",
            "opportunity AS row JOIN customer ON customer.id = row.customer_id"
            " JOIN app_user AS owner ON owner.id = row.owner_id",
            scoped_by="row",
            texts=(3,),
        ),
    ),
    "products": (
        "products.read",
        Kind(
            "products",
            PRODUCTS,
            "'products', row.id, row.id, row.name, row.sku, NULL, NULL, row.price, NULL,"
            f" ({_IS_CODE.format('sku')} OR coalesce(row.barcode = %(text)s, false)), NULL, NULL",
            "product AS row",
            holds="row.search_text LIKE ALL (%(patterns)s::text[])",
        ),
    ),
    "suppliers": (
        "suppliers.read",
        Kind(
            "suppliers",
            SUPPLIERS,
            f"'suppliers', row.id, row.id, row.name, row.code, row.city, NULL, NULL::numeric, {_PHONE},"
            f" {_IS_CODE.format('code')}, {_EMAIL}, row.contact_name",
            "supplier AS row",
            texts=(3, 4, 5, 8, 10, 11),
        ),
    ),
}


@dataclass(frozen=True)
class Paper:
    """A kind of document: its permission, table, series of numbers, what is shown of it, and of which day it is."""

    permission: str
    table: str
    series: tuple[str, ...]
    amount: str = "row.amount_total"
    reference: str = ""
    day: str = ""


PAPERS: dict[str, Paper] = {
    "opportunities": Paper("opportunities.read", "opportunity", ("OPP",), "row.amount", day="id"),
    "quotations": Paper("quotations.read", "quotation", ("QT",), day="id"),
    "orders": Paper("orders.read", "sales_order", ("SO",), reference="customer_reference", day="ordered_on"),
    "invoices": Paper("invoices.read", "invoice", ("INV",), reference="customer_reference", day="issued_on"),
    "payments": Paper("payments.read", "payment", ("PAY", "REF"), "row.amount"),
    "entries": Paper("ledger.read", "journal_entry", ("SAL", "STK", "BNK", "GEN"), "NULL::numeric"),
}
KINDS = tuple(dict.fromkeys((*RECORDS, *PAPERS)))
TABLES = (
    "search_entry customer contact app_user opportunity product supplier quotation sales_order invoice payment"
    " journal_entry"
)


def _columns(kind: str, paper: Paper) -> str:
    if kind == "entries":
        return "'entries', row.id, row.id, row.number, NULL, row.document, NULL, NULL::numeric, NULL"
    title, code = ("row.name", "row.number") if kind == "opportunities" else ("row.number", "NULL")
    return f"'{kind}', row.id, row.id, {title}, {code}, customer.name, owner.name, {paper.amount}, NULL"


def _source(kind: str, rows: str) -> tuple[str, str]:
    if kind == "entries":
        return f"{rows} AS row", "true"
    joined = "JOIN customer ON customer.id = row.customer_id JOIN app_user AS owner ON owner.id = row.owner_id"
    return f"{rows} AS row {joined}", "visible(row)"


def _by_number(kind: str, has_prefix: bool) -> Iterable[tuple[str, str]]:
    """SELECTs of documents whose number, or the customer's reference, is meant; and of those whose number begins so."""
    paper = PAPERS[kind]

    def select(rows: str, meant: str) -> str:
        source, seen = _source(kind, rows)
        return (
            f"(SELECT {_columns(kind, paper)}, row.number = %(number)s, NULL, NULL, 0, 0 FROM {source}"
            f" WHERE {seen} AND {meant} ORDER BY row.number DESC LIMIT {PER_KIND})"
        )

    yield f"{kind}=", select(paper.table, f"row.number = ANY (%({kind}_numbers)s::text[])")
    if paper.reference:
        # By its own index first: in the order of numbers, documents would be gone through until some have it.
        named = (
            f"SELECT * FROM {paper.table} WHERE {paper.reference} = ANY (%(references)s::text[]) LIMIT {SAME_REFERENCE}"
        )
        yield f"{kind}~", select(f"({named})", "true")
    if has_prefix:
        yield f"{kind}^", select(paper.table, "row.number >= %(number)s AND row.number < %(number_end)s")


def numbers_meant(text: str, series: Sequence[str], year: int) -> list[str]:
    """The document numbers of some series that a text may mean: as it stands, and without its year, its series, its
    zeros (42, so42, 2026-42)."""
    upper = text.strip().upper()
    found = re.fullmatch(r"([A-Z]{0,4})[-\s]?(?:((?:19|20)[0-9]{2})[-\s])?0*([0-9]+)", upper)
    if found is None or len(found[3]) > LARGEST_NUMBER:
        return [upper]
    years = [int(found[2])] if found[2] else [year - back for back in range(YEARS)]
    named = [prefix for prefix in series if prefix.startswith(found[1])]
    return [upper, *(f"{prefix}-{one}-{int(found[3]):05d}" for prefix in named for one in years)]


def _papers(text: str, permissions: Collection[str]) -> tuple[dict[str, str], dict[str, Any]]:
    """The SELECTs of documents that a text may name by number, and their parameters; none where it names none."""
    if not text.isascii() or not re.search(r"[0-9]|^[A-Za-z]{2,4}-", text):
        return {}, {}
    number, year = text.strip().upper(), today().year
    has_prefix = re.match(r"[A-Z]{2,4}-", number) is not None
    selects: dict[str, str] = {}
    values: dict[str, Any] = {"number": number, "number_end": number + "\U0010ffff"}
    values["references"] = list(dict.fromkeys((text, text.upper(), text.lower())))
    for kind, paper in PAPERS.items():
        if paper.permission in permissions:
            selects |= dict(_by_number(kind, has_prefix))
            values[f"{kind}_numbers"] = numbers_meant(text, paper.series, year)
    return selects, values


def search(
    connection: Connection, text: str, permissions: Collection[str], *, with_papers: bool = True
) -> dict[str, list[Hit]]:
    """What a text finds, by kind, in one round trip; kinds the permissions do not cover are not looked at.

    `with_papers`: the latest documents of the customers found too, in a second one.
    """
    kinds = [kind for permission, kind in RECORDS.values() if permission in permissions]
    selects, values = _papers(text, permissions)
    rows = find(
        connection, text, kinds, Hit, PER_KIND, also=selects, tables=TABLES, parameters={"text": text.strip(), **values}
    )
    found: dict[str, list[Hit]] = {kind: [] for kind in KINDS}
    make = maker(Hit)
    for row in rows:
        hit = make(*row[: len(Hit._fields)])
        if all(hit.id != other.id for other in found[hit.kind]):
            found[hit.kind].append(hit)
    if with_papers and found["customers"]:
        _add_papers(connection, found, permissions)
    for hits in found.values():
        hits.sort(key=lambda hit: not hit.exact)
    return {kind: hits[:PER_KIND] for kind, hits in found.items() if hits}


def _latest(kind: str, paper: Paper) -> Statement:
    columns, (source, seen) = _columns(kind, paper), _source(kind, paper.table)
    text = f"""
        SELECT latest.* FROM unnest(%(customer_ids)s::bigint[]) AS his (id) CROSS JOIN LATERAL (
            SELECT {columns}, false FROM {source} WHERE {seen} AND row.customer_id = his.id
             ORDER BY row.{paper.day} DESC LIMIT {PER_KIND}) AS latest
         ORDER BY 2 DESC LIMIT {PER_KIND}
    """
    return statement(f"search.latest_{kind}", text, tables=TABLES, scope="scoped", fact=Hit)


_LATEST: Mapping[str, Statement] = {kind: _latest(kind, paper) for kind, paper in PAPERS.items() if paper.day}


def _add_papers(connection: Connection, found: dict[str, list[Hit]], permissions: Collection[str]) -> None:
    """The latest documents of the customers that were found, where no number led to any."""
    kinds = [kind for kind in _LATEST if PAPERS[kind].permission in permissions and not found[kind]]
    customer_ids = [hit.id for hit in found["customers"]]
    answers = fetch(connection, *(_LATEST[kind](customer_ids=customer_ids) for kind in kinds))
    for kind, hits in zip(kinds, answers, strict=True):
        found[kind] = hits


# what somebody opened last --------------------------------------------------------------------------------------------
RECENT = 8


def _opened(kind: str) -> tuple[str, str]:
    """The permission of a kind, and the SELECT of its records that a person opened."""
    if kind in RECORDS:
        permission, record = RECORDS[kind]
        columns, source = record.columns, record.source
        conditions = f"{record.where} AND visible({record.scoped_by})" if record.scoped_by else record.where
    else:
        paper = PAPERS[kind]
        permission, columns = paper.permission, f"{_columns(kind, paper)}, false, NULL, NULL"
        source, conditions = _source(kind, paper.table)
    return (
        permission,
        f"""
        SELECT {columns}, recent.opened_at FROM (
            SELECT record_id, opened_at FROM recent_record
             WHERE user_id = %(user_id)s::bigint AND kind = '{kind}') AS recent
          JOIN {source} ON row.id = recent.record_id WHERE {conditions}
    """,
    )


def recent(connection: Connection, user_id: int, permissions: Collection[str]) -> list[Hit]:
    """The records that a person opened last, the latest first, as far as he may see them now. One statement."""
    selects = {kind: _opened(kind) for kind in KINDS if kind != "contacts"}
    chosen = {kind: select for kind, (permission, select) in selects.items() if permission in permissions}
    if not chosen:
        return []
    name = f"search.recent[{','.join(chosen)}]"
    if name not in REGISTRY:
        text = f"{' UNION ALL '.join(chosen.values())} ORDER BY 13 DESC LIMIT {RECENT}"
        scope: Any = "scoped" if "visible(" in text else "system"
        statement(name, text, tables=tables_read(text, f"{TABLES} recent_record"), scope=scope)
    [rows] = fetch(connection, REGISTRY[name](user_id=user_id, text=""))
    make = maker(Hit)
    return [make(*row[: len(Hit._fields)]) for row in rows]
