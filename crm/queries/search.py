"""One search over customers, products and documents; only the kinds the actor may see are looked at."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import Connection

from core.queries.reading import fetch
from core.queries.words import containing, customers_found, patterns_of
from core.statements import Statement, statement

PER_KIND = 8


class Hit(NamedTuple):
    """One record found. `exact` when the text is its number, code or barcode."""

    id: int
    title: str
    detail: str | None
    amount: Decimal | None
    exact: bool


_DOCUMENT = """
    SELECT document.id, document.number, customer.name, document.amount_total, upper(document.number) = upper(%(text)s)
      FROM {table} AS document JOIN customer ON customer.id = document.customer_id
     WHERE visible(document) AND (document.number ILIKE %(number)s {more}
        OR document.customer_id IN (SELECT id FROM customer WHERE {found}
                                       AND visible(customer, customer.id) LIMIT 200))
     ORDER BY upper(document.number) = upper(%(text)s) DESC, document.id DESC LIMIT %(limit)s::int
"""
_WITH_REFERENCE = "OR document.customer_reference ILIKE %(number)s"


def _documents(kind: str, table: str, more: str = "") -> Statement:
    text = _DOCUMENT.format(table=table, more=more, found=customers_found("customer"))
    return statement(f"search.{kind}", text, tables=f"{table} customer", scope="scoped", fact=Hit)


KINDS: dict[str, tuple[str, Statement]] = {
    "customers": (
        "customers.read",
        statement(
            "search.customers",
            f"""
            SELECT id, name, concat_ws(' · ', code, city, CASE WHEN %(sees_phones)s::boolean THEN phone END),
                   NULL::numeric, upper(code) = upper(%(text)s)
              FROM customer WHERE merged_into_id IS NULL AND visible(customer, customer.id)
               AND (upper(code) = upper(%(text)s) OR {customers_found("customer")})
             ORDER BY upper(code) = upper(%(text)s) DESC, name, id LIMIT %(limit)s::int
            """,
            tables="customer",
            scope="scoped",
            fact=Hit,
        ),
    ),
    "opportunities": (
        "opportunities.read",
        statement(
            "search.opportunities",
            f"""
            SELECT deal.id, deal.name, concat_ws(' · ', deal.number, customer.name), deal.amount,
                   upper(deal.number) = upper(%(text)s)
              FROM opportunity AS deal JOIN customer ON customer.id = deal.customer_id
             WHERE visible(deal) AND (deal.number ILIKE %(number)s OR deal.name ILIKE %(number)s
                OR {customers_found("customer")})
             ORDER BY upper(deal.number) = upper(%(text)s) DESC, deal.stage_kind = 'open' DESC, deal.id DESC
             LIMIT %(limit)s::int
            """,
            tables="opportunity customer",
            scope="scoped",
            fact=Hit,
        ),
    ),
    "quotations": ("quotations.read", _documents("quotations", "quotation")),
    "orders": ("orders.read", _documents("orders", "sales_order", _WITH_REFERENCE)),
    "invoices": ("invoices.read", _documents("invoices", "invoice", _WITH_REFERENCE)),
    "products": (
        "products.read",
        statement(
            "search.products",
            """
            SELECT id, name, sku, price, upper(sku) = upper(%(text)s) OR barcode = %(text)s
              FROM product WHERE upper(sku) = upper(%(text)s) OR barcode = %(text)s
                OR search_text LIKE ALL (%(patterns)s::text[])
             ORDER BY coalesce(upper(sku) = upper(%(text)s) OR barcode = %(text)s, false) DESC, is_active DESC, name, id
             LIMIT %(limit)s::int
            """,
            tables="product",
            scope="system",
            fact=Hit,
        ),
    ),
}


def search(connection: Connection, text: str, permissions: Collection[str]) -> dict[str, list[Hit]]:
    """What a text finds, by kind, in one round trip; kinds the permissions do not cover are not looked at."""
    kinds = [kind for kind, (permission, _query) in KINDS.items() if permission in permissions]
    values = {"text": text, "number": containing(text), "patterns": patterns_of(text), "limit": PER_KIND}
    answers = fetch(connection, *(KINDS[kind][1](**values) for kind in kinds))
    return {kind: rows for kind, rows in zip(kinds, answers, strict=True) if rows}
