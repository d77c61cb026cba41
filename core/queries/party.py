"""A customer as the addressee of a document."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import Connection

from core.errors import existing
from core.queries.reading import fetch
from core.statements import statement


class Party(NamedTuple):
    """Name, tax number and the address a document goes to; without an address its parts are None."""

    name: str
    tax_id: str | None
    street: str | None
    place: str | None
    country: str | None


def printed_address(kind: str) -> str:
    """SQL that joins to `customer` the address printed on its documents, as `printed`: the default one of a kind (an
    SQL expression), else any."""
    return f"""
      LEFT JOIN LATERAL (SELECT address.street, concat_ws(' ', postal_code, address.city, address.region) AS place,
                                address.country
                           FROM address WHERE customer_id = customer.id AND address.is_active
                          ORDER BY kind = {kind} DESC, is_default DESC, address.id LIMIT 1) AS printed ON true
    """


PARTY = statement(
    "papers.party",
    f"""
    SELECT coalesce(customer.legal_name, customer.name), customer.tax_id, printed.street, printed.place, printed.country
      FROM customer {printed_address("%(kind)s")} WHERE customer.id = %(customer_id)s::bigint
       AND visible(customer, customer.id)
    """,
    tables="customer address",
    scope="scoped",
    fact=Party,
)


def get_party(connection: Connection, customer_id: int, kind: str) -> Party:
    """The customer with the address of a kind (`billing`, `shipping`). Raises NotFound."""
    [rows] = fetch(connection, PARTY(customer_id=customer_id, kind=kind))
    party: Party = existing(rows, "customer", customer_id)
    return party
