"""The fiscal invoice as a tax point: whatever comes first, issuing or shipping, recognises the VAT, and once only."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D
from typing import Any

import pytest

from core.errors import NotFound
from crm.orders.fiscal import record_fiscal_invoice
from tests.scenarios.house import House, amounts, refused

ISSUED = ("tax_point", amounts(deferred_vat=13, output_vat=-13))


class Sale:
    """An order of ten units at 10 net, which cost 6 each; `freight` adds a service of 100."""

    def __init__(self, house: House, freight: bool = False, **policy: str) -> None:
        if policy:
            house.set_policy(**policy)
        self.house, self.customer = house, house.customer()
        lines = [(house.product(stock=10, price="10", cost="6"), 10)]
        self.order = house.confirmed(self.customer, *lines, *([(house.service(), 1)] if freight else []))

    @property
    def invoice(self) -> int:
        return self.house.value("SELECT max(id) FROM invoice WHERE origin = :number", number=self.order["number"])

    def issue(self, number: str = "24312000000123456789", **values: Any) -> D:
        """Records the fiscal invoice; answers the VAT that it recognised."""
        return D(self.house.run(record_fiscal_invoice, self.invoice, number=number, **values)["tax_recognised"])

    def vat(self) -> tuple[D, D]:
        """(deferred, output) VAT of this sale, both as credits."""
        sums = {"deferred_vat": D(0), "output_vat": D(0)}
        for _, roles in self.house.entries(self.order["number"]):
            for role in sums:
                sums[role] -= roles.get(role, D(0))
        return sums["deferred_vat"], sums["output_vat"]

    def stored(self) -> Any:
        sql = "SELECT fiscal_number, fiscal_issued_on, tax_recognised FROM invoice WHERE id = :id"
        return self.house.rows(sql, id=self.invoice)[0]


def test_issue_before_shipping(house: House) -> None:
    sale = Sale(house)
    assert sale.issue() == D(13)
    assert house.entries(sale.order["number"])[-1] == ISSUED
    assert sale.stored() == ("24312000000123456789", house.context().today, D(13))
    house.ship(sale.order)
    assert house.entries(sale.order["number"])[-1][0] == "shipment"
    assert sale.vat() == (0, 13)


def test_shipping_in_parts_after_the_issue_recognises_no_tax_again(house: House) -> None:
    sale = Sale(house)
    sale.issue()
    for quantity in (3, 3, 4):
        house.ship(sale.order, quantity)
        assert sale.vat() == (0, 13)


def test_ship_part_then_issue(house: House) -> None:
    sale = Sale(house)
    house.ship(sale.order, 4)
    assert sale.vat() == (D("7.80"), D("5.20"))
    assert sale.issue() == D("7.80")
    assert sale.vat() == (0, 13)
    house.ship(sale.order, 6)
    assert sale.vat() == (0, 13)


def test_issue_after_everything_is_shipped_posts_nothing(house: House) -> None:
    sale = Sale(house)
    house.ship(sale.order)
    before = house.entries(sale.order["number"])
    assert sale.issue() == 0
    assert house.entries(sale.order["number"]) == before and sale.vat() == (0, 13)
    assert sale.stored()[0] == "24312000000123456789"


def test_issue_then_cancel(house: House) -> None:
    sale = Sale(house)
    sale.issue()
    house.cancel(sale.order)
    assert ("cancel", amounts(undelivered=100, output_vat=13, receivable=-113)) in house.entries(sale.order["number"])
    assert sale.vat() == (0, 0)


def test_issue_then_cancel_a_part_and_ship_the_rest(house: House) -> None:
    sale = Sale(house)
    sale.issue()
    house.cancel_part(sale.order, 4)
    assert sale.vat() == (0, D("7.80"))
    house.ship(sale.order)
    assert sale.vat() == (0, D("7.80"))


def test_issue_then_return(house: House) -> None:
    sale = Sale(house)
    sale.issue()
    house.ship(sale.order, 6)
    house.give_back(sale.order, 2)
    assert sale.vat() == (0, D("10.40"))
    house.ship(sale.order)
    house.give_back(sale.order, 8)
    assert sale.vat() == (0, 0)


def test_issue_then_credit_the_price(house: House) -> None:
    sale = Sale(house)
    house.ship(sale.order, 4)
    sale.issue()
    house.credit(sale.order, "20.00")
    assert sale.vat() == (0, D("10.40"))
    house.ship(sale.order)
    assert sale.vat() == (0, D("10.40"))


def test_issue_after_a_part_was_cancelled_recognises_what_lives(house: House) -> None:
    sale = Sale(house)
    house.cancel_part(sale.order, 4)
    assert sale.issue() == D("7.80")
    assert sale.vat() == (0, D("7.80"))


def test_services_left_after_the_issue_are_not_taxed_twice(house: House) -> None:
    """Goods cancelled, the freight stays: it is recognised then, its VAT was by the fiscal invoice."""
    sale = Sale(house, freight=True)
    assert sale.issue() == D(26)
    house.cancel_part(sale.order, 10)
    assert sale.vat() == (0, 13)
    assert house.order_now(sale.order)[0] == "done"


def test_recording_again_corrects_the_number_and_posts_nothing(house: House) -> None:
    sale = Sale(house)
    sale.issue("2431200000000000001x")
    assert sale.issue("24312000000000000012") == 0
    assert sale.vat() == (0, 13) and sale.stored()[0] == "24312000000000000012"
    audited = "SELECT changes -> 'fiscal_number' FROM audit_row WHERE record_id = :id AND action = :action ORDER BY id"
    rows = house.rows(audited, id=sale.invoice, action="invoice.fiscal_recorded")
    assert rows == [([None, "2431200000000000001x"],), (["2431200000000000001x", "24312000000000000012"],)]


@pytest.mark.parametrize("policy", [{"tax_point": "invoice"}, {"invoicing_policy": "on_delivery"}])
def test_where_issuing_is_no_tax_point_the_number_is_only_kept(house: House, policy: dict[str, str]) -> None:
    sale = Sale(house, **policy)
    if "invoicing_policy" in policy:
        house.ship(sale.order, 4)
        house.bill(sale.order)
    before = house.entries(sale.order["number"])
    assert sale.issue() == 0
    assert house.entries(sale.order["number"]) == before
    assert sale.stored()[0] == "24312000000123456789"


def test_the_entry_is_never_older_than_the_invoice(house: House) -> None:
    sale = Sale(house)
    yesterday = house.context().today - timedelta(days=1)
    sale.issue(issued_on=yesterday)
    assert sale.stored()[1] == yesterday
    sql = "SELECT effective_on FROM journal_entry WHERE origin = :number AND event = 'tax_point'"
    assert house.value(sql, number=sale.order["number"]) == house.context().today


def test_a_correction_of_what_was_corrected_meanwhile_is_refused(house: House) -> None:
    sale, today = Sale(house), house.context().today
    sale.issue("1", seen=(None, None))
    for seen in ((None, None), ("2", today), ("1", today - timedelta(days=1))):
        with refused("changed_since"):
            sale.issue("3", seen=seen)
    assert sale.stored()[:2] == ("1", today)
    sale.issue("3", seen=("1", today))
    assert sale.stored()[:2] == ("3", today)


def test_what_is_refused(house: House) -> None:
    sale = Sale(house)
    for values, name, code in (
        ({"number": " "}, "number", "required"),
        ({"number": "1" * 41}, "number", "too_long"),
        ({"issued_on": house.context().today + timedelta(days=1)}, "issued_on", "issued_in_the_future"),
    ):
        with refused("invalid_input") as caught:
            sale.issue(**values)
        assert caught.value.fields[name].code == code
    with pytest.raises(NotFound):
        house.run(record_fiscal_invoice, 7, number="1")
    assert sale.stored() == (None, None, 0)
    house.cancel(sale.order)
    with refused("invoice_credited"):
        sale.issue()
