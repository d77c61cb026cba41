"""Fiscal years follow one another; a month says what it holds before it is closed."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from core.errors import DomainError
from crm.closing import close_month
from finance.manual import ManualLine, post_manual_entry
from finance.periods import open_fiscal_year
from tests.concurrency.crowd import at_once, codes
from tests.scenarios.house import House, refused


def years(house: House) -> dict[int, tuple[int, date, date]]:
    rows = house.rows("SELECT fiscal_year, count(*), min(starts_on), max(ends_on) FROM fiscal_period GROUP BY 1")
    return {row[0]: tuple(row[1:]) for row in rows}


def post_on(house: House, day: date) -> None:
    accounts = dict(house.rows("SELECT code, id FROM account"))
    lines = [ManualLine(accounts["5602"], debit=Decimal(1)), ManualLine(accounts["1002"], credit=Decimal(1))]
    house.run(post_manual_entry, effective_on=day, memo="房租", lines=lines)


def test_the_next_year_opens_and_takes_postings(house: House) -> None:
    last = max(years(house))
    first_day = date(last + 1, 1, 1)
    with refused("period_missing", date=first_day):
        post_on(house, first_day)
    preview = house.preview(open_fiscal_year, last + 1)
    assert [(effect.kind, effect.data["fiscal_year"]) for effect in preview.effects] == [("fiscal_year", last + 1)]
    assert last + 1 not in years(house)
    house.run(open_fiscal_year, last + 1)
    assert years(house)[last + 1] == (12, first_day, date(last + 1, 12, 31))
    post_on(house, first_day)
    assert house.value("SELECT count(*) FROM audit_row WHERE action = 'fiscal_year.opened'") == 1


def test_years_leave_no_gap_and_do_not_run_ahead(house: House) -> None:
    known = years(house)
    with refused("fiscal_year_exists", fiscal_year=max(known)):
        house.run(open_fiscal_year, max(known))
    with refused("fiscal_year_apart", next=max(known) + 1, previous=min(known) - 1):
        house.run(open_fiscal_year, max(known) + 2)
    house.run(open_fiscal_year, min(known) - 1)
    house.run(open_fiscal_year, max(known) + 1)
    with refused("fiscal_year_too_far"):
        house.run(open_fiscal_year, max(known) + 2)
    assert set(years(house)) == {min(known) - 1, *known, max(known) + 1}


def test_a_year_that_begins_in_april_is_named_by_its_end(fresh_database) -> None:  # type: ignore[no-untyped-def]
    house = House.set_up(fresh_database.app, fiscal_year_start_month=4)
    last = max(years(house))
    house.run(open_fiscal_year, last + 1)
    assert years(house)[last + 1] == (12, date(last, 4, 1), date(last + 1, 3, 31))
    gaps = house.value(
        "SELECT count(*) FROM fiscal_period AS one WHERE starts_on > (SELECT min(starts_on) FROM fiscal_period)"
        " AND NOT EXISTS (SELECT FROM fiscal_period AS other WHERE other.ends_on = one.starts_on - 1)"
    )
    assert gaps == 0
    house.database.dispose()


def test_many_press_the_button_and_one_year_opens(house: House) -> None:
    last = max(years(house))
    found = codes(at_once([lambda: house.run(open_fiscal_year, last + 1)] * 8))
    assert found == {"done": 1, "fiscal_year_exists": 7}
    assert max(years(house)) == last + 1


def test_closing_says_what_the_month_holds_and_what_is_open(house: House) -> None:
    today = house.context().today
    in_month = today.replace(day=1) - timedelta(days=1)
    period = house.value("SELECT id FROM fiscal_period WHERE ends_on = :day", day=in_month)
    customer, product = house.customer(), house.product(stock=5, price="100")
    house.pay(customer, "30", received_on=in_month)
    context = house.context(now=house.context().now - timedelta(days=today.day))
    house.order(customer, (product, 1), context=context)
    entries = house.value("SELECT count(*) FROM journal_entry WHERE period_id = :id", id=period)
    preview = house.preview(close_month, period)
    effects = {effect.kind: dict(effect.data) for effect in preview.effects}
    assert effects["close_month"]["ends_on"] == in_month
    assert effects["month_entries"]["entries"] == entries > 0
    warnings = {warning.kind: dict(warning.data) for warning in preview.warnings}
    assert warnings["month_unmatched"] == {"payments": 1, "amount": Decimal("30.00")}
    assert warnings["month_drafts"]["drafts"] == 1
    assert "month_not_over" not in warnings and "month_unbilled" not in warnings
    assert house.value("SELECT state FROM fiscal_period WHERE id = :id", id=period) == "open"
    house.run(close_month, period)
    assert house.value("SELECT state FROM fiscal_period WHERE id = :id", id=period) == "closed"


def test_closing_warns_of_goods_not_billed_and_of_a_month_under_way(house: House) -> None:
    house.set_policy(invoicing_policy="on_delivery")
    customer, product = house.customer(), house.product(stock=5, price="100", tax_rate=Decimal(0))
    house.ship(house.confirmed(customer, (product, 2)))
    today = house.context().today
    period = house.value("SELECT id FROM fiscal_period WHERE :day BETWEEN starts_on AND ends_on", day=today)
    warnings = {warning.kind: dict(warning.data) for warning in house.preview(close_month, period).warnings}
    assert warnings["month_unbilled"]["amount"] == 200
    assert "month_not_over" in warnings


def test_closing_twice_is_refused(house: House) -> None:
    period = house.value("SELECT min(id) FROM fiscal_period")
    house.run(close_month, period)
    with pytest.raises(DomainError, match="period_state"):
        house.run(close_month, period)
