"""Numbers, dates and sums in words as printed documents write them."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from babel.dates import format_date
from babel.numbers import get_currency_precision, get_currency_symbol

DIGITS = "零壹贰叁肆伍陆柒捌玖"
PLACES = ("", "拾", "佰", "仟")
GROUPS = ("", "万", "亿", "万亿")
LOCALES = {"zh": "zh_CN", "en": "en_GB"}
CENT = Decimal("0.01")
LARGEST = Decimal("9999999999999999.99")
YUAN_CURRENCY = "CNY"


def money(value: Decimal, currency: str = YUAN_CURRENCY) -> str:
    """``1,234.50``; a negative amount as ``(1,234.50)``; as many decimals as the currency has."""
    digits = get_currency_precision(currency)
    rounded = value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    text = f"{abs(rounded):,.{digits}f}"
    return f"({text})" if rounded < 0 else text


def price(value: Decimal, currency: str = YUAN_CURRENCY) -> str:
    """A unit price: the currency's decimals, and up to four where the price has them."""
    digits = get_currency_precision(currency)
    text = f"{abs(value):,.4f}".rstrip("0")
    short = len(text) - text.index(".") - 1
    text = f"{abs(value):,.{digits}f}" if short <= digits else text
    return f"({text})" if value < 0 else text


def quantity(value: Decimal) -> str:
    """``1,200`` or ``0.25``: no trailing zeros; a negative quantity in parentheses."""
    text = f"{abs(value):,.3f}".rstrip("0").rstrip(".")
    return f"({text})" if value < 0 else text


def percent(value: Decimal) -> str:
    """``13%`` from 13; decimals only where there are any."""
    return f"{quantity(value)}%"


def rate(value: Decimal) -> str:
    """``13%`` from 0.13."""
    return percent(value * 100)


def long_date(value: date, language: str) -> str:
    """``12 March 2026`` or ``2026年3月12日``."""
    return format_date(value, format="long", locale=LOCALES[language])


def symbol(currency: str) -> str:
    """``¥`` for CNY; other currencies stand as their code and a space, since many share a sign."""
    return (
        get_currency_symbol(currency, locale="zh_CN") if currency == YUAN_CURRENCY else f"{currency}\N{NO-BREAK SPACE}"
    )


def in_words(value: Decimal) -> str:
    """A sum of yuan in the formal numerals (大写金额), as the rules for filling in bills have it.

    Rounded half up to the cent (分). Raises ValueError from ten quadrillion yuan on.
    """
    amount = value.quantize(CENT, rounding=ROUND_HALF_UP)
    if abs(amount) > LARGEST:
        raise ValueError("The amount is too large to write in words.")
    if amount == 0:
        return "零元整"
    yuan, cents = divmod(int(abs(amount).scaleb(2)), 100)
    sign = "负" if amount < 0 else ""
    return sign + (f"{_whole(yuan)}元" if yuan else "") + _cents(cents, after_yuan=bool(yuan))


def _cents(cents: int, *, after_yuan: bool) -> str:
    """角 and 分; 整 where there is no 分."""
    tenths, hundredths = divmod(cents, 10)
    if not cents:
        return "整"
    if not hundredths:
        return f"{DIGITS[tenths]}角整"
    lead = f"{DIGITS[tenths]}角" if tenths else ("零" if after_yuan else "")
    return f"{lead}{DIGITS[hundredths]}分"


def _whole(number: int) -> str:
    """A whole number in groups of four digits, one 零 for any gap."""
    parts: list[str] = []
    gap = False
    for index in reversed(range(len(GROUPS))):
        group = number // 10_000**index % 10_000
        if not group:
            gap = bool(parts)
            continue
        if parts and (gap or group < 1000):
            parts.append("零")
        parts.append(_group(group) + _unit(index, number))
        gap = False
    return "".join(parts)


def _unit(index: int, number: int) -> str:
    """The name of a group of four digits; 万亿 keeps its 亿 only where no 亿 follows."""
    return "万" if index == 3 and number // 10_000**2 % 10_000 else GROUPS[index]


def _group(group: int) -> str:
    """Up to four digits, without zeros at the start or the end."""
    text, gap = "", False
    for place in reversed(range(4)):
        digit = group // 10**place % 10
        if digit:
            text += ("零" if gap and text else "") + DIGITS[digit] + PLACES[place]
            gap = False
        else:
            gap = True
    return text
