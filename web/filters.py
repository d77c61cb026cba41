"""How numbers, days and moments are written on a page, in the language of the request.

All filters answer an empty string for None: nothing to say is blank, zero is `0.00`. Money that is masked for the
reader is its mask, in all of them.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from flask import Flask
from flask_babel import format_date, get_timezone, gettext, ngettext

from core import database as db
from core.masks import Masked, is_masked
from core.money import places_of
from web.i18n import language

MINUS: Final = "−"
SYMBOLS: Final = {"CNY": "¥", "EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}


def money(amount: Decimal | int | Masked | None, places: int | None = None) -> str:
    """`1,234.50`, with the decimals of the books' currency unless told; negative with a true minus, `−1,234.50`."""
    if amount is None or isinstance(amount, Masked):
        return str(amount or "")
    places = places_of(company_currency()) if places is None else places
    rounded = Decimal(amount).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return (MINUS if rounded < 0 else "") + f"{abs(rounded):,.{places}f}"


def price(amount: Decimal | int | Masked | None) -> str:
    """A unit price: the currency's decimals at least, up to the four a price may have, `12.50`, `0.0375`."""
    if amount is None or isinstance(amount, Masked):
        return str(amount or "")
    value = Decimal(amount)
    return money(value, max(places_of(company_currency()), min(4, -int(value.normalize().as_tuple().exponent))))


def quantity(amount: Decimal | int | None) -> str:
    """A quantity without trailing zeros, `1,200`, `2.5`, `−3`."""
    if amount is None:
        return ""
    value = Decimal(amount)
    digits = f"{abs(value):,f}"
    if "." in digits:
        digits = digits.rstrip("0").rstrip(".")
    return (MINUS if value < 0 else "") + digits


def percent(rate: Decimal | int | None, *, of_one: bool = True) -> str:
    """`13%` from 0.13, or with `of_one=False` from 13."""
    if rate is None:
        return ""
    return quantity(Decimal(rate) * (100 if of_one else 1)) + "%"


def plain(amount: Decimal | int | None) -> str:
    """A quantity or a percentage as it stands in an input field: no grouping, no trailing zeros."""
    return _typed(quantity(amount))


def plain_money(amount: Decimal | int | Masked | None, places: int | None = None) -> str:
    """An amount as it stands in an input field: no grouping, all decimals of the currency, `4926.80`."""
    return _typed(money(amount, places))


def plain_price(amount: Decimal | int | Masked | None) -> str:
    """A unit price as it stands in an input field: no grouping, two to four decimals, `318.00`, `0.0375`."""
    return _typed(price(amount))


def _typed(text: str) -> str:
    return text.replace(",", "").replace(MINUS, "-")


def currency_symbol(code: str) -> str:
    """`¥` for CNY; a currency without a symbol of its own keeps its code and a space."""
    return SYMBOLS.get(code, f"{code}\u00a0")


def day(value: date | datetime | None, *, year: bool | None = None) -> str:
    """`12 March`, `3月12日`; with the year when it is not the present one, or when `year` is True."""
    if value is None:
        return ""
    value = local(value).date() if isinstance(value, datetime) else value
    with_year = year if year is not None else value.year != today().year
    if language() == "zh":
        return (f"{value.year}年" if with_year else "") + f"{value.month}月{value.day}日"
    return format_date(value, "d MMMM y" if with_year else "d MMMM", rebase=False)


def weekday(value: date) -> str:
    """`Thursday`, `星期四`."""
    return format_date(value, "EEEE", rebase=False)


def moment(value: datetime | None) -> str:
    """Day and minute in the company's time zone: `12 March, 08:52`, `3月12日 08:52`."""
    if value is None:
        return ""
    here = local(value)
    separator = " " if language() == "zh" else ", "
    return f"{day(here.date())}{separator}{here:%H:%M}"


def clock(value: datetime | None) -> str:
    """The minute alone, `08:52`."""
    return "" if value is None else f"{local(value):%H:%M}"


def ago(value: date | datetime | None) -> str:
    """How long since: `Today`, `Yesterday`, `12 days ago`; beyond 60 days the day itself."""
    if value is None:
        return ""
    days = (today() - (local(value).date() if isinstance(value, datetime) else value)).days
    if days < 0 or days > 60:
        return day(value)
    if days == 0:
        return gettext("Today")
    if days == 1:
        return gettext("Yesterday")
    return ngettext("%(num)s day ago", "%(num)s days ago", days)


def until(value: date | None) -> str:
    """How long from now: `Today`, `Tomorrow`, `in 3 days`; beyond 60 days or in the past the day itself."""
    if value is None:
        return ""
    days = (value - today()).days
    if days < 0 or days > 60:
        return day(value)
    if days == 0:
        return gettext("Today")
    if days == 1:
        return gettext("Tomorrow")
    return ngettext("in %(num)s day", "in %(num)s days", days)


def local(value: datetime) -> datetime:
    """The moment in the company's time zone. Raises ValueError for a moment without one."""
    if value.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return value.astimezone(get_timezone())


def today() -> date:
    """The present day in the company's time zone."""
    return datetime.now(UTC).astimezone(get_timezone()).date()


def initials(name: Any) -> str:
    """What stands in an avatar: two Latin initials, or one Chinese character (the last of a person's name)."""
    text = str(name or "").strip()
    if not text:
        return "?"
    if "\u4e00" <= text[0] <= "\u9fff":
        return text[-1] if len(text) <= 4 else text[0]
    words = [word for word in text.replace("-", " ").split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:2]).upper() or text[0].upper()


def tone_of(name: Any) -> str:
    """A tone for an avatar that stays the same for the same name."""
    return ("info", "vio", "ok", "warn", "mute")[sum(map(ord, str(name or ""))) % 5]


def iso(value: date | datetime | None) -> str:
    """Machine-readable form for `datetime` attributes and date inputs."""
    return "" if value is None else value.isoformat()


def bar_width(part: Decimal | float | int, whole: Decimal | float | int) -> str:
    """Length of a bar's segment out of 100, never beyond."""
    if not whole or whole <= 0:
        return "0"
    return f"{max(0.0, min(100.0, float(part) / float(whole) * 100)):.1f}"


def company_currency() -> str:
    """The currency of the books, which never changes once they are open."""
    return db.current().currency()


def install(app: Flask) -> None:
    """Offer all of the above to templates."""
    app.jinja_env.filters.update(
        money=money,
        price=price,
        quantity=quantity,
        percent=percent,
        plain=plain,
        plain_money=plain_money,
        currency_symbol=currency_symbol,
        day=day,
        weekday=weekday,
        moment=moment,
        clock=clock,
        ago=ago,
        until=until,
        initials=initials,
        tone_of=tone_of,
        iso=iso,
    )
    app.jinja_env.tests["masked"] = is_masked
    app.jinja_env.globals.update(
        bar_width=bar_width, company_currency=company_currency, today=today, timedelta=timedelta
    )
