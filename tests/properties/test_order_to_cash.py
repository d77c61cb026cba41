"""The whole flow against a small model: whatever people do in whatever order, product and model agree at every step,
what the model cannot do is refused, and the integrity checks find nothing in the end.

COUNTINGHOUSE_PROPERTY_RUNS sets the number of runs (300 by default).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from decimal import Decimal as D
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core import database as db
from core.errors import DomainError
from tests.database_server import Server
from tests.properties.conftest import SCALE
from tests.properties.model import ZERO, Credit, Invoice, Line, Model, Order, Product, rounded
from tests.scenarios.checks import assert_clean
from tests.scenarios.house import House

PRICES = ("33.33", "10", "0.07", "0", "999.9999")
index = st.integers(0, 1000)
small = st.integers(1, 6).map(D)
amounts = st.decimals("0.01", "400", places=2)


@pytest.fixture(scope="module")
def house(database_server: Server) -> Iterator[House]:
    urls = database_server.clone(f"{database_server.template}_machine_{os.getpid()}")
    house = House.set_up(urls.app)
    house.system_url = urls.system
    yield house
    assert_clean(house)
    house.database.dispose()
    database_server.drop(urls.name)


class OrderToCash(RuleBasedStateMachine):
    """People at one counter; `house` is the product, `model` what must come out."""

    house: House

    @initialize(on_order=st.booleans(), at_invoice=st.booleans(), delivery=st.booleans(), per_document=st.booleans())
    def open(self, on_order: bool, at_invoice: bool, delivery: bool, per_document: bool) -> None:
        self.policy(on_order, at_invoice, delivery, per_document)
        self.model = Model()
        self.orders: list[Any] = []
        self.matches: list[tuple[int, Credit, Invoice, D]] = []
        self.customer = self.house.customer()
        self.products = [self.house.product(stock=stock, price="10", cost="6.01") for stock in (0, 5, 12)]
        self.model.products = [Product(D(stock)) for stock in (0, 5, 12)]
        self.products.append(self.house.service(price="20"))
        self.model.products.append(Product(is_service=True))
        self.invoice_ids: dict[int, int] = {}
        self.credit_ids: dict[int, int] = {}

    def policy(self, on_order: bool, at_invoice: bool, delivery: bool, per_document: bool) -> None:
        self.on_order = on_order
        self.house.set_policy(
            invoicing_policy="on_order" if on_order else "on_delivery",
            tax_point="invoice" if at_invoice else "issue_or_shipment",
            due_from="delivery" if delivery else "invoice",
            tax_rounding="document" if per_document else "line",
        )

    # orders -----------------------------------------------------------------------------------------------------------
    @rule(
        asked=st.lists(st.tuples(st.integers(0, 3), small, st.sampled_from(PRICES), st.sampled_from(["0", "5"])),
                       min_size=1, max_size=3),
        back_order=st.booleans(),
    )  # fmt: skip
    def write_and_confirm(self, asked: list[tuple[int, D, str, str]], back_order: bool) -> None:
        lines = [(self.products[which], quantity, price, discount) for which, quantity, price, discount in asked]
        draft = self.house.order(self.customer, *lines, on_short="back_order" if back_order else "refuse")
        order = Order(self.on_order, [
            Line(self.model.products[which], quantity, D(line["amount_net"]), D(line["amount_tax"]))
            for (which, quantity, _, _), line in zip(asked, draft["lines"], strict=True)
        ])  # fmt: skip
        for (_, quantity, price, discount), line in zip(asked, order.lines, strict=True):
            assert line.net == rounded(quantity * D(price) * (100 - D(discount)) / 100)
        self.orders.append(draft)
        self.model.orders.append(order)
        wanted: dict[int, D] = {}
        for line in order.goods:
            wanted[id(line.product)] = wanted.get(id(line.product), ZERO) + line.quantity
        short = any(wanted.get(id(product), ZERO) > self.model.free(product) for product in self.model.products)
        if short and not back_order:
            self.refused("insufficient_stock", lambda: self.house.confirm(draft))
            return
        answer = self.house.confirm(draft)
        order.confirmed = True
        for line in order.goods:
            line.reserved = min(line.quantity, self.model.free(line.product))
            line.waiting = line.quantity - line.reserved
            self.model.queue.append(line)
        if not order.goods:
            for line in order.lines:
                line.shipped = line.quantity
        if self.on_order:
            for line in order.lines:
                line.invoiced = line.quantity
            self.model.bill(order, sum((line.net + line.tax for line in order.lines), ZERO))
        self.keep_invoices(order, answer["invoices"])

    @precondition(lambda self: self.orders)
    @rule(which=index, quantity=small, line=index)
    def ship_part(self, which: int, quantity: D, line: int) -> None:
        draft, order = self.pick(which)
        target = order.lines[line % len(order.lines)]
        fits = (
            self.is_open(order) and not target.product.is_service and quantity <= min(target.reserved, target.to_ship)
        )
        act = lambda: self.house.ship(draft, *self.only(order, target, quantity))  # noqa: E731
        if not fits:
            self.refused(None, act)
            return
        act()
        self.went_out(order, {id(target): quantity})

    @precondition(lambda self: self.orders)
    @rule(which=index)
    def ship_all_reserved(self, which: int) -> None:
        draft, order = self.pick(which)
        picked = {id(line): line.reserved for line in order.goods if line.reserved}
        if not (self.is_open(order) and picked):
            self.refused(None, lambda: self.house.ship(draft))
            return
        self.house.ship(draft)
        self.went_out(order, picked)

    def went_out(self, order: Order, picked: dict[int, D]) -> None:
        for line in order.lines:
            if line.product.is_service:
                line.shipped = line.quantity - line.cancelled
            elif id(line) in picked:
                line.shipped += picked[id(line)]
                line.reserved -= picked[id(line)]
                line.product.on_hand -= picked[id(line)]

    @precondition(lambda self: self.orders)
    @rule(which=index)
    def bill(self, which: int) -> None:
        draft, order = self.pick(which)
        billable = [line for line in order.lines if line.out > line.billed]
        if order.on_order or not order.confirmed or order.cancelled or not billable:
            self.refused(None, lambda: self.house.bill(draft))
            return
        answer = self.house.bill(draft)
        amount = ZERO
        for line in billable:
            amount += line.gross(line.out) - line.gross(line.billed)
            line.invoiced += line.out - line.billed
        self.model.bill(order, amount)
        self.keep_invoices(order, answer["invoices"])

    @precondition(lambda self: self.orders)
    @rule(which=index, line=index, quantity=small)
    def cancel_part(self, which: int, line: int, quantity: D) -> None:
        draft, order = self.pick(which)
        target = order.lines[line % len(order.lines)]
        act = lambda: self.house.cancel_part(draft, *self.only(order, target, quantity))  # noqa: E731
        if order.statuses[0] == "confirmed" and quantity > target.to_ship:
            self.refused("invalid_input", act)
        elif order.statuses[0] in ("done", "cancelled"):
            self.refused("order_state", act)
        else:
            act()
            self.cancelled(order, [(target, quantity)])

    @precondition(lambda self: self.orders)
    @rule(which=index)
    def cancel(self, which: int) -> None:
        draft, order = self.pick(which)
        if order.statuses[0] in ("done", "cancelled"):
            self.refused("order_state", lambda: self.house.cancel(draft))
            return
        untouched = not any(line.shipped > 0 for line in order.goods)
        wanted = [
            (line, line.to_ship)
            for line in order.lines
            if line.to_ship > 0 and (untouched or not line.product.is_service)
        ]
        if order.confirmed and not wanted:
            self.refused("nothing_to_cancel", lambda: self.house.cancel(draft))
            return
        self.house.cancel(draft)
        self.cancelled(order, wanted)

    def cancelled(self, order: Order, wanted: list[tuple[Line, D]]) -> None:
        if not order.confirmed:
            for line in order.lines:
                line.cancelled = line.quantity
            order.cancelled = True
            return
        before, freed = sum((line.gross(line.billed) for line in order.lines), ZERO), []
        for line, quantity in wanted:
            line.cancelled += quantity
            if order.on_order:
                line.credited += quantity
            surplus = line.reserved + line.waiting - line.to_ship if not line.product.is_service else ZERO
            waiting = min(surplus, line.waiting)
            line.waiting -= waiting
            line.reserved -= surplus - waiting
        goods_wait = any(line.to_ship > 0 or line.shipped > 0 for line in order.goods)
        if not goods_wait:
            for line in order.lines:
                if line.product.is_service:
                    line.shipped += line.to_ship
        nothing_left = all(line.live <= 0 for line in order.lines)
        if nothing_left and not any(line.shipped > 0 for line in order.lines):
            order.cancelled = True
            if order.on_order:
                freed = [entry for entry in self.matches if entry[2] in order.invoices and entry[1].kind == "payment"]
                for entry in freed:
                    self.undo(entry)
                self.model.settle()
        self.model.credit(order, before - sum((line.gross(line.billed) for line in order.lines), ZERO))
        self.put_back(freed)
        self.released()

    @precondition(lambda self: self.orders)
    @rule(which=index, line=index, quantity=small)
    def give_back(self, which: int, line: int, quantity: D) -> None:
        draft, order = self.pick(which)
        target = order.lines[line % len(order.lines)]
        act = lambda: self.house.give_back(draft, *self.only(order, target, quantity))  # noqa: E731
        if not order.confirmed or order.cancelled or target.product.is_service or quantity > target.out:
            self.refused(None, act)
            return
        act()
        before = target.gross(target.billed)
        unbilled = max(target.out - target.billed, ZERO)
        target.returned += quantity
        target.credited += quantity if order.on_order else max(quantity - unbilled, ZERO)
        target.product.on_hand += quantity
        self.model.credit(order, before - target.gross(target.billed))
        self.released()

    @precondition(lambda self: self.orders)
    @rule(which=index, line=index, amount=amounts)
    def credit_price(self, which: int, line: int, amount: D) -> None:
        draft, order = self.pick(which)
        target = order.lines[line % len(order.lines)]
        act = lambda: self.house.credit(draft, *self.only(order, target, amount))  # noqa: E731
        live, whole = target.live, target.quantity
        net, vat = rounded(target.net * live / whole), rounded(target.tax * live / whole)
        billed = live == target.billed and live > 0
        if not order.confirmed or order.cancelled or not order.invoices or not billed or amount > net:
            self.refused(None, act)
            return
        act()
        tax = vat if amount == net else rounded(vat * amount / net)
        # What is left falls by exactly the credit, and the whole line in proportion.
        target.net = rounded((net - amount) * whole / live)
        target.tax = rounded((vat - tax) * whole / live) if tax else target.tax
        self.model.credit(order, amount + tax)

    # stock ------------------------------------------------------------------------------------------------------------
    @rule(which=st.integers(0, 2), quantity=small, cost=st.sampled_from(["6.01", "7.77"]))
    def receive(self, which: int, quantity: D, cost: str) -> None:
        self.house.receive(self.products[which], quantity, cost)
        self.model.products[which].on_hand += quantity
        self.model.fill(self.model.products[which])

    @rule(which=st.integers(0, 2), quantity=st.integers(-4, 4).filter(bool).map(D))
    def adjust(self, which: int, quantity: D) -> None:
        product = self.model.products[which]
        if self.model.free(product) + quantity < 0:
            self.refused("insufficient_stock", lambda: self.house.adjust(self.products[which], quantity))
            return
        self.house.adjust(self.products[which], quantity)
        product.on_hand += quantity
        self.model.fill(product)

    # money ------------------------------------------------------------------------------------------------------------
    @rule(amount=amounts, which=index, matched=st.booleans())
    def pay(self, amount: D, which: int, matched: bool) -> None:
        opened = [invoice for order in self.model.orders for invoice in order.invoices if invoice.open]
        invoice = opened[which % len(opened)] if opened and matched else None
        part = min(amount, invoice.open) if invoice else ZERO
        parts = [(self.invoice_ids[id(invoice)], part)] if invoice else []
        answer = self.house.pay(self.customer, amount, *parts, auto=False)
        credit = Credit(amount)
        self.model.credits.append(credit)
        self.credit_ids[id(credit)] = answer["id"]
        if invoice:
            self.put(answer["allocations"][0]["id"], credit, invoice, part)

    @rule(which=index, other=index, amount=amounts)
    def match(self, which: int, other: int, amount: D) -> None:
        invoices = [invoice for order in self.model.orders for invoice in order.invoices]
        credits = [credit for credit in self.model.credits if id(credit) in self.credit_ids]
        if not invoices or not credits:
            return
        invoice, credit = invoices[which % len(invoices)], credits[other % len(credits)]
        source = {"id": self.credit_ids[id(credit)]}
        act = lambda: self.house.match(source, (self.invoice_ids[id(invoice)], amount), kind=credit.kind)  # noqa: E731
        if amount > min(invoice.open, credit.left):
            self.refused(None, act)
            return
        self.put(act()["allocations"][0]["id"], credit, invoice, amount)

    @precondition(lambda self: self.matches)
    @rule(which=index)
    def unmatch(self, which: int) -> None:
        entry = self.matches[which % len(self.matches)]
        _, _, invoice, amount = entry
        # Own credit that is free, or comes free now, closes what the un-match opens; the rest must be worth it.
        own = sum((each.left for each in self.model.credits if each.corrects is invoice), ZERO)
        if invoice.open + amount - own > invoice.total - invoice.credited:
            self.refused("credit_used_elsewhere", lambda: self.house.unmatch({"id": entry[0]}))
            return
        self.house.unmatch({"id": entry[0]})
        self.undo(entry)
        self.model.settle()
        self.refused("not_found", lambda: self.house.unmatch({"id": entry[0]}))

    @rule(amount=amounts)
    def refund(self, amount: D) -> None:
        if amount > self.model.unapplied:
            self.refused("refund_exceeds_credit", lambda: self.house.refund(self.customer, amount))
            return
        self.house.refund(self.customer, amount)
        # The oldest credit first; all are of today, so by their number of record.
        order = {identity: place for place, identity in enumerate(self.sources())}
        self.learn_credits()
        for credit in sorted(self.model.credits, key=lambda credit: order[self.credit_ids[id(credit)]]):
            part = min(amount, credit.left)
            credit.used += part
            amount -= part

    # helpers ----------------------------------------------------------------------------------------------------------
    def pick(self, which: int) -> tuple[Any, Order]:
        return self.orders[which % len(self.orders)], self.model.orders[which % len(self.orders)]

    def is_open(self, order: Order) -> bool:
        return order.confirmed and order.statuses[0] == "confirmed"

    def only(self, order: Order, target: Line, value: D) -> list[D]:
        return [value if line is target else ZERO for line in order.lines]

    def refused(self, code: str | None, act: Any) -> None:
        with pytest.raises(DomainError) as caught:
            act()
        assert code is None or caught.value.code == code, caught.value

    def released(self) -> None:
        for product in self.model.products:
            self.model.fill(product)
        self.learn_credits()

    def put(self, identity: int, credit: Credit, invoice: Invoice, amount: D) -> None:
        credit.used += amount
        invoice.paid += amount
        self.matches.append((identity, credit, invoice, amount))

    def put_back(self, freed: list[tuple[int, Credit, Invoice, D]]) -> None:
        """A cancelled order's money stays on its invoice where the credit notes' own was used elsewhere."""
        for identity, credit, invoice, amount in freed:
            part = min(amount, invoice.open)
            if part:
                [[identity]] = self.house.rows(
                    """SELECT max(id) FROM payment_allocation WHERE payment_id = :payment AND invoice_id = :invoice
                        AND reverses_id IS NULL""",
                    payment=self.credit_ids[id(credit)],
                    invoice=self.invoice_ids[id(invoice)],
                )
                self.put(identity, credit, invoice, part)

    def undo(self, entry: tuple[int, Credit, Invoice, D]) -> None:
        _, credit, invoice, amount = entry
        credit.used -= amount
        invoice.paid -= amount
        self.matches.remove(entry)

    def keep_invoices(self, order: Order, answers: list[Any]) -> None:
        for answer in answers:
            self.invoice_ids[id(order.invoices[-1])] = answer["id"]
            assert D(answer["amount_total"]) == order.invoices[-1].total

    def sources(self) -> list[int]:
        rows = self.house.rows(
            """SELECT id FROM payment WHERE customer_id = :id AND kind = 'receipt'
               UNION ALL SELECT id FROM credit_note WHERE customer_id = :id ORDER BY id""",
            id=self.customer,
        )
        return [identity for (identity,) in rows]

    def learn_credits(self) -> None:
        """Credit notes come about on the way; the model made them in the same order as the product."""
        notes = self.house.rows("SELECT id FROM credit_note WHERE customer_id = :id ORDER BY id", id=self.customer)
        own = [credit for credit in self.model.credits if credit.kind == "credit_note"]
        assert len(notes) == len(own)
        for credit, (identity,) in zip(own, notes, strict=True):
            self.credit_ids[id(credit)] = identity

    @invariant()
    def product_and_model_agree(self) -> None:
        if not hasattr(self, "model"):
            return
        [(receivables, unapplied, uninvoiced)] = self.house.rows(
            "SELECT open_receivables, unapplied, uninvoiced FROM customer_account WHERE customer_id = :id",
            id=self.customer,
        )
        model = self.model
        assert (receivables, unapplied, uninvoiced) == (model.receivables, model.unapplied, model.uninvoiced)
        statuses = self.house.rows(
            "SELECT state, shipping_status, invoice_status FROM sales_order WHERE customer_id = :id ORDER BY id",
            id=self.customer,
        )
        assert statuses == [order.statuses for order in model.orders]
        levels = self.house.rows(
            "SELECT on_hand, reserved, back_ordered FROM stock_level WHERE product_id = ANY (:ids) ORDER BY product_id",
            ids=self.products,
        )
        for (on_hand, reserved, waiting), product in zip(levels, model.products[:3], strict=True):
            mine = [line for line in model.queue if line.product is product]
            assert (on_hand, reserved) == (product.on_hand, product.on_hand - model.free(product))
            assert waiting == sum((line.waiting for line in mine), ZERO)


def test_product_and_model_agree(house: House) -> None:
    db.configure(house.database)
    OrderToCash.house = house
    run_state_machine_as_test(
        OrderToCash,
        settings=settings(
            max_examples=SCALE,
            stateful_step_count=20,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
