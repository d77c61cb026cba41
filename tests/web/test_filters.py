"""Numbers and days as people read them, and as they type them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import time_machine
from flask import Flask
from werkzeug.datastructures import MultiDict

from web import filters
from web.forms import AmountField, DayField, Form, PercentField, PriceField, QuantityField, parse_number


@pytest.fixture(autouse=True)
def _books_in_yuan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "company_currency", lambda: "CNY")


def test_amounts_have_the_decimals_of_the_books(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "company_currency", lambda: "JPY")
    assert (filters.money(Decimal("1234.00")), filters.plain_money(Decimal(1234))) == ("1,234", "1234")
    assert (filters.price(Decimal("12.0000")), filters.price(Decimal("12.5"))) == ("12", "12.5")


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("1234.5", "1,234.50"),
        ("-1234.5", "−1,234.50"),
        ("0", "0.00"),
        ("-0.001", "0.00"),
        ("0.005", "0.01"),
        ("1204118.3", "1,204,118.30"),
    ],
)
def test_money(amount: str, text: str) -> None:
    assert filters.money(Decimal(amount)) == text


def test_nothing_to_say_is_blank() -> None:
    assert [write(None) for write in (filters.money, filters.quantity, filters.percent, filters.price)] == [""] * 4


@pytest.mark.parametrize(
    ("amount", "text"),
    [("10.000", "10"), ("2.500", "2.5"), ("-3", "−3"), ("1200", "1,200"), ("1E+2", "100"), ("0.000", "0")],
)
def test_quantity(amount: str, text: str) -> None:
    assert filters.quantity(Decimal(amount)) == text


def test_percent_and_price() -> None:
    assert filters.percent(Decimal("0.13")) == "13%"
    assert filters.percent(Decimal("12.50"), of_one=False) == "12.5%"
    assert filters.price(Decimal("12.5000")) == "12.50"
    assert filters.price(Decimal("0.0375")) == "0.0375"


@pytest.mark.parametrize(
    ("language", "this_year", "last_year", "at", "recent"),
    [
        ("en", "12 March", "12 March 2025", "12 March, 08:52", "3 days ago"),
        ("zh", "3月12日", "2025年3月12日", "3月12日 08:52", "3 天前"),
    ],
)
def test_days_in_both_languages(
    app: Flask, language: str, this_year: str, last_year: str, at: str, recent: str
) -> None:
    with (
        time_machine.travel("2026-03-15T04:00:00+00:00", tick=False),
        app.test_request_context(headers={"Accept-Language": language}),
    ):
        assert filters.day(date(2026, 3, 12)) == this_year
        assert filters.day(date(2025, 3, 12)) == last_year
        assert filters.moment(datetime(2026, 3, 12, 0, 52, tzinfo=UTC)) == at
        assert filters.ago(date(2026, 3, 12)) == recent


def test_a_day_begins_in_the_companys_time_zone(app: Flask) -> None:
    with time_machine.travel("2026-03-14T17:00:00+00:00", tick=False), app.test_request_context():
        assert filters.today() == date(2026, 3, 15)
        assert filters.ago(datetime(2026, 3, 14, 16, 30, tzinfo=UTC)) == "Today"
        with pytest.raises(ValueError, match="time zone"):
            filters.moment(datetime(2026, 3, 14))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,234.50", "1234.50"),
        ("１２３", "123"),
        ("¥38,240", "38240"),
        ("−5", "-5"),
        (".5", "0.5"),
        ("12,34", None),
        ("1e5", None),
        ("NaN", None),
        ("-", None),
        ("", None),
    ],
)
def test_reading_numbers(text: str, number: str | None) -> None:
    assert parse_number(text) == (None if number is None else Decimal(number))


class Sample(Form):
    amount = AmountField()
    quantity = QuantityField()
    on = DayField()


class Proposals(Form):
    amount = AmountField()
    days = AmountField(places=0)
    price = PriceField()
    quantity = QuantityField()
    percent = PercentField()


def test_proposed_numbers_are_written_as_people_write_them(app: Flask) -> None:
    proposed = {
        "amount": "4926.8", "days": "30.00", "price": "318", "quantity": "1200.500", "percent": "13.0",
    }  # fmt: skip
    with app.test_request_context():
        form = Proposals(None, data={name: Decimal(text) for name, text in proposed.items()}, meta={"csrf": False})
        shown = {name: form[name]._value() for name in proposed}
        fine = Proposals(None, data={"price": Decimal("0.0375"), "amount": Decimal("-1234.5")}, meta={"csrf": False})
        assert (fine.price._value(), fine.amount._value()) == ("0.0375", "-1234.50")
    assert shown == {"amount": "4926.80", "days": "30", "price": "318.00", "quantity": "1200.5", "percent": "13"}


def test_unreadable_entries_stay_and_are_explained(app: Flask) -> None:
    with app.test_request_context():
        form = Sample(MultiDict({"amount": "15o,000", "quantity": "1.23456", "on": "2026-02-30"}), meta={"csrf": False})
        assert not form.validate()
        assert form.amount.errors == ["“15o,000” is not a number. Did you mean 150,000?"]
        assert 'value="15o,000"' in form.amount()
        assert form.quantity.errors == ["At most 3 decimals fit here."]
        assert 'type="text"' in form.on()
        assert "2026-02-30" in form.on()


def test_avatars() -> None:
    assert [filters.initials(name) for name in ("Lin Wei", "林薇", "苏州澄湖百货", "QUICK-Stop", "")] == [
        "LW",
        "薇",
        "苏",
        "QS",
        "?",
    ]
