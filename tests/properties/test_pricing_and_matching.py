"""Pricing and proposed matches: sums, limits and the rules' order, whatever comes in."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import FieldErrors, InvalidInput
from core.money import LARGEST_AMOUNT, line_amount
from crm.pricing import LineRequest, ProductFact, price_lines
from finance.invoicing import BillLine, InvoiceFact
from finance.matching import names, propose

CENT = Decimal("0.01")
lines = st.lists(
    st.tuples(
        st.decimals(Decimal("0.001"), 10**4, places=3),
        st.none() | st.decimals(0, 10**4, places=4),
        st.decimals(0, 100, places=3),
        st.sampled_from([Decimal("0"), Decimal("0.06"), Decimal("0.13")]),
    ),
    min_size=1,
    max_size=20,
)


@given(lines=lines, rounding=st.sampled_from(["line", "document"]))
def test_a_priced_document_is_the_sum_of_its_lines(lines: list, rounding: str) -> None:
    products = [
        ProductFact(index, f"S{index}", f"P{index}", "goods", Decimal("9.9999"), rate, True)
        for index, (_, _, _, rate) in enumerate(lines)
    ]
    requests = [LineRequest(index, *line[:3]) for index, line in enumerate(lines)]
    priced = price_lines(requests, products, currency="CNY", tax_rounding=rounding, errors=FieldErrors())
    assert priced.amount_net == sum(line.amount_net for line in priced.lines)
    assert priced.amount_tax == sum(line.amount_tax for line in priced.lines)
    assert [line.position for line in priced.lines] == list(range(1, len(lines) + 1))
    for line in priced.lines:
        assert abs(line.amount_tax - line.amount_net * line.tax_rate) <= CENT


@given(
    quantity=st.decimals(-10, 10**10, places=4),
    price=st.decimals(-10, 10**9, places=5),
    discount=st.decimals(-10, 200, places=4),
)
def test_bad_lines_are_named_never_rounded(quantity: Decimal, price: Decimal, discount: Decimal) -> None:
    product = ProductFact(1, "S", "P", "goods", Decimal(1), Decimal(0), True)
    request = LineRequest(1, quantity, price, discount)
    good = (
        0 < quantity <= Decimal("999999999.999") and quantity == round(quantity, 3)
        and 0 <= price <= Decimal("99999999.9999") and price == round(price, 4)
        and 0 <= discount <= 100 and discount == round(discount, 3)
        and line_amount(quantity, price, discount, "CNY") <= LARGEST_AMOUNT
    )  # fmt: skip
    if good:
        price_lines([request], [product], currency="CNY", tax_rounding="line", errors=FieldErrors())
    else:
        with pytest.raises(InvalidInput) as caught:
            price_lines([request], [product], currency="CNY", tax_rounding="line", errors=FieldErrors())
        assert set(caught.value.fields) <= {"lines.0.quantity", "lines.0.unit_price", "lines.0.discount_percent"}


def invoice(number: int, total: Decimal, allocated: Decimal, due: date | None) -> InvoiceFact:
    return InvoiceFact(
        number, f"INV-2026-{number:05d}", 1, 1, due, 30, total, Decimal(0), total, min(allocated, total), Decimal(0),
        Decimal(0), None, None, date(2026, 1, 1),
    )  # fmt: skip


money = st.decimals(CENT, 10**6, places=2)
invoices = st.lists(
    st.tuples(money, st.decimals(0, 10**6, places=2), st.none() | st.dates(date(2026, 1, 1), date(2026, 12, 31))),
    max_size=8,
).map(lambda facts: [invoice(number, *fact) for number, fact in enumerate(facts, start=1)])


@given(invoices=invoices, amount=money, named=st.none() | st.integers(1, 8))
def test_a_proposal_never_exceeds_money_or_invoice(
    invoices: list[InvoiceFact], amount: Decimal, named: int | None
) -> None:
    reference = None if named is None else f"payment for inv 2026 {named:05d}, thanks"
    proposal = propose(invoices, amount, reference)
    open_amounts = {fact.id: fact.amount_open for fact in invoices}
    assert len({invoice_id for invoice_id, _ in proposal}) == len(proposal)
    assert all(0 < part <= open_amounts[invoice_id] for invoice_id, part in proposal)
    assert sum(part for _, part in proposal) == min(amount, sum(open_amounts.values()))
    if named is not None and open_amounts.get(named):
        assert proposal[0][0] == named
    elif amount in open_amounts.values():
        assert proposal == [(proposal[0][0], amount)]


def test_oldest_due_first_and_undated_last() -> None:
    facts = [
        invoice(1, Decimal(10), Decimal(0), None),
        invoice(2, Decimal(10), Decimal(0), date(2026, 5, 1)),
        invoice(3, Decimal(10), Decimal(0), date(2026, 4, 1)),
    ]
    assert [identity for identity, _ in propose(facts, Decimal(30), None)] == [3, 2, 1]


@pytest.mark.parametrize(
    ("reference", "named"),
    [
        ("INV-2026-00001", True),
        ("inv 2026 00001", True),
        ("货款INV202600001。", True),
        ("INV-2026-000012", False),
        ("XINV-2026-00001", False),
        (None, False),
    ],
)
def test_a_number_is_named_as_a_whole_word(reference: str | None, named: bool) -> None:
    assert names(reference, "INV-2026-00001") is named


@given(net=money, tax=st.decimals(0, 10**5, places=2), quantity=st.decimals(0, 1000, places=3), cut=st.floats(0, 1))
def test_a_split_line_sums_exactly(net: Decimal, tax: Decimal, quantity: Decimal, cut: float) -> None:
    line = BillLine(1, 1, "x", quantity, net, Decimal(0), Decimal(0), net, tax)
    gross = (line.gross * Decimal(cut)).quantize(CENT)
    part, rest = line.split(gross, "CNY")
    assert part.gross == gross
    assert part.gross + rest.gross == line.gross
    assert part.amount_tax + rest.amount_tax == tax
    assert part.quantity + rest.quantity == quantity
    assert min(part.amount_net, part.amount_tax, part.quantity, rest.quantity) >= 0
