"""A document takes from a record what it has under the document's own names."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from types import SimpleNamespace

from web.documents.build import document_of, line_of, party_of
from web.documents.data import DocumentFacts, DocumentLine, PartyFacts


def test_a_record_gives_what_it_has() -> None:
    record = SimpleNamespace(
        number="INV-2026-00007", currency="EUR", origin=None, ship_to="Graz", amount_net=Decimal(5)
    )
    party = PartyFacts("Ernst Handel")
    document = document_of("invoice", record, party, [], date=date(2026, 3, 1), carrier=None, note="Thanks")
    assert document == DocumentFacts(
        "invoice", "INV-2026-00007", date(2026, 3, 1), party, (), currency="EUR", amount_net=Decimal(5), note="Thanks"
    )


def test_an_address_is_written_in_lines() -> None:
    party = party_of("Ernst Handel", None, "Kirchgasse 6\nHof 2", None, "8010 Graz", contact="Roland Mendel")
    assert party == PartyFacts("Ernst Handel", ("Kirchgasse 6", "Hof 2", "8010 Graz"), "", "Roland Mendel")


def test_a_line_without_a_price_shows_its_net_amount() -> None:
    amounts = {"amount_net": Decimal("8.00"), "amount_tax": Decimal("1.04"), "tax_rate": Decimal("0.13")}
    line = SimpleNamespace(
        position=1, sku=None, quantity=Decimal(2), unit_price=None, discount_percent=Decimal(0), **amounts
    )
    assert line_of(line, "Chai", None) == DocumentLine(
        1, "", "Chai", "", Decimal(2), unit_price=Decimal("8.00"), amount_total=Decimal("9.04"), **amounts
    )
