"""Exact money: the only place where amounts are rounded.

Amounts have two decimals (none where the currency has none), prices four, quantities three, rates four. Rounding is
half up (四舍五入), once per figure, to the currency's smallest unit; so whatever rounds or checks an amount names the
currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
QUANTITY_PLACES = 3
MONEY_PLACES = 2
PRICE_PLACES = 4
PERCENT_PLACES = 3
NOTHING = Decimal(0)
MINOR_UNITS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "ISK": 0, "BHD": 3, "KWD": 3, "JOD": 3, "OMR": 3, "TND": 3}
LARGEST_AMOUNT = Decimal("9999999999999.99")
LARGEST_QUANTITY = Decimal("999999999.999")
LARGEST_PRICE = Decimal("99999999.9999")
LARGEST_PERCENT = Decimal("999.99")


def places_of(currency: str) -> int:
    """How many decimals an amount of `currency` may have: at most the two that are kept."""
    return min(MINOR_UNITS.get(currency, MONEY_PLACES), MONEY_PLACES)


def round_money(amount: Decimal, currency: str) -> Decimal:
    """`amount` half up to the smallest unit of `currency`, kept with two decimals."""
    return amount.quantize(Decimal(1).scaleb(-places_of(currency)), rounding=ROUND_HALF_UP).quantize(CENT)


def line_amount(quantity: Decimal, unit_price: Decimal, discount_percent: Decimal, currency: str) -> Decimal:
    """quantity × price × (1 − discount), rounded once, half up."""
    return round_money(quantity * unit_price * (Decimal(100) - discount_percent) / Decimal(100), currency)


def share(total: Decimal, part: Decimal, whole: Decimal, currency: str) -> Decimal:
    """The cumulative share round(total × part ÷ whole); the whole takes all, so that successive parts sum exactly."""
    if part == whole:
        return total
    return round_money(total * part / whole, currency)


def taxes_per_line(nets: Sequence[Decimal], rates: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Tax of each line, rounded line by line."""
    return [round_money(net * rate, currency) for net, rate in zip(nets, rates, strict=True)]


def taxes_per_document(nets: Sequence[Decimal], rates: Sequence[Decimal], currency: str) -> list[Decimal]:
    """Tax rounded once per rate over the document, handed to the lines as differences of rounded running sums.

    The lines sum to the document's tax exactly, and no line is further than one unit from its own rounding.
    """
    running: dict[Decimal, tuple[Decimal, Decimal]] = {}
    taxes = []
    for net, rate in zip(nets, rates, strict=True):
        net_so_far, tax_so_far = running.get(rate, (NOTHING, NOTHING))
        net_so_far += net
        tax = round_money(net_so_far * rate, currency) - tax_so_far
        running[rate] = (net_so_far, tax_so_far + tax)
        taxes.append(tax)
    return taxes


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Sum of amounts, with two decimals also when there are none."""
    return sum(amounts, ZERO)


def is_finer(value: Decimal, places: int) -> bool:
    """Whether `value` has more decimals than are kept; such a value would be rounded behind its author's back."""
    return value != round(value, places)


def plain_number(number: Decimal | None) -> str:
    """A number as it is compared: 3 and 3.000 are the same."""
    return "" if number is None else format(number.normalize(), "f")


def parse_decimal(text: str) -> Decimal | None:
    """A plain decimal number, or None. Exponents, infinities and not-a-number are not numbers people mean."""
    try:
        value = Decimal(text)
    except (InvalidOperation, ValueError):
        return None
    if not value.is_finite() or "e" in text.lower() or "_" in text:
        return None
    return value
