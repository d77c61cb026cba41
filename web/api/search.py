"""One search over customers, products and documents, as far as the caller may see them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from core import database as db
from crm.queries.search import search
from web.api.fields import Body, Text
from web.api.operation import Call, operation
from web.limits import SEARCH

LONGEST = 80


@operation(
    "GET", "/search", "home.read", summary="Find customers, products and documents by words or number",
    query=Body(q=Text(required=True, limit=LONGEST)), limit=SEARCH,
    answer=[{
        "kind": str, "id": int, "title": str, "detail": str | None, "owner": str | None, "amount": Decimal | None,
        "exact": bool, "customer_id": int | None,
    }],
)  # fmt: skip
def search_call(call: Call) -> Any:
    text = call.query["q"].strip()
    groups = {}
    if text:
        with db.current().reading() as connection:
            groups = search(connection, text, call.actor.permissions)
    items = [
        {
            "kind": kind,
            "id": hit.id,
            "title": hit.title,
            "detail": hit.detail,
            "owner": hit.owner,
            "amount": hit.amount,
            "exact": bool(hit.exact),
            "customer_id": hit.target_id if kind == "contacts" else None,
        }
        for kind, hits in groups.items()
        for hit in hits
    ]
    return {"items": items, "next_cursor": None}
