"""Exact money: parts sum to the whole, rounding is half up once, lines sum to their document."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from hypothesis import given
from hypothesis import strategies as st

from core.money import is_finer, line_amount, parse_decimal, round_money, share, taxes_per_document, taxes_per_line

amounts = st.decimals(min_value=0, max_value=10**9, places=2)
quantities = st.decimals(min_value=Decimal("0.001"), max_value=10**6, places=3)
rates = st.sampled_from([Decimal(rate) for rate in ("0", "0.03", "0.06", "0.09", "0.13", "0.15", "0.0825")])
currencies = st.sampled_from(["CNY", "USD", "JPY", "KWD"])


@given(total=amounts, parts=st.lists(quantities, min_size=1, max_size=12))
def test_successive_shares_sum_to_the_whole(total: Decimal, parts: list[Decimal]) -> None:
    whole, shared, so_far = sum(parts), [], Decimal(0)
    for part in parts:
        shared.append(share(total, so_far + part, whole, "CNY") - share(total, so_far, whole, "CNY"))
        so_far += part
    assert sum(shared) == total
    assert all(part >= 0 for part in shared)


@given(total=amounts, part=quantities, whole=quantities)
def test_a_share_never_leaves_its_total(total: Decimal, part: Decimal, whole: Decimal) -> None:
    part, whole = sorted((part, whole))
    assert 0 <= share(total, part, whole, "CNY") <= total
    assert abs(share(total, part, whole, "CNY") - total * part / whole) <= Decimal("0.005")


@given(quantity=quantities, price=st.decimals(0, 10**4, places=4), discount=st.decimals(0, 100, places=3))
def test_line_amount_is_rounded_once_half_up(quantity: Decimal, price: Decimal, discount: Decimal) -> None:
    exact = quantity * price * (100 - discount) / 100
    assert line_amount(quantity, price, discount, "CNY") == exact.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


@given(amount=st.decimals(-(10**9), 10**9, places=5), currency=currencies)
def test_rounding_keeps_two_places_and_is_stable(amount: Decimal, currency: str) -> None:
    rounded = round_money(amount, currency)
    assert round_money(rounded, currency) == rounded
    assert rounded.as_tuple().exponent == -2
    assert currency != "JPY" or rounded == rounded.to_integral_value()


@given(lines=st.lists(st.tuples(amounts, rates), min_size=1, max_size=30), currency=st.sampled_from(["CNY", "USD"]))
def test_tax_per_document_is_shared_out_exactly(lines: list[tuple[Decimal, Decimal]], currency: str) -> None:
    nets, line_rates = [net for net, _ in lines], [rate for _, rate in lines]
    taxes = taxes_per_document(nets, line_rates, currency)
    for rate in set(line_rates):
        net = sum(n for n, r in lines if r == rate)
        assert sum(tax for tax, r in zip(taxes, line_rates, strict=True) if r == rate) == round_money(
            net * rate, currency
        )
    alone = taxes_per_line(nets, line_rates, currency)
    assert all(abs(tax - own) <= Decimal("0.01") for tax, own in zip(taxes, alone, strict=True))
    assert all(tax >= 0 for tax in taxes)


@given(text=st.text(max_size=12) | st.decimals(allow_nan=True, allow_infinity=True).map(str))
def test_parsed_numbers_are_plain(text: str) -> None:
    value = parse_decimal(text)
    assert value is None or (value.is_finite() and "e" not in text.lower())


@given(value=st.decimals(-(10**6), 10**6, places=4))
def test_finer_than_the_scale(value: Decimal) -> None:
    assert is_finer(value, 3) == (value * 1000 != (value * 1000).to_integral_value())
