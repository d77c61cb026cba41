"""`House`: the small company of `tests.world` with every correction people make, and what a test looks at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest

from core.company import change_company
from core.errors import DomainError
from crm.orders.bill import BillRequest, bill_order
from crm.orders.cancel import cancel_order
from crm.orders.correction import QuantityRequest
from crm.orders.credit import PriceCredit, credit_order
from crm.orders.return_goods import return_goods
from finance.corrections import refund, unmatch
from finance.payments import Wanted, match
from tests.world import Line, World


class House(World):
    """People at work, corrections included."""

    system_url: str = ""
    superuser_url: str = ""

    def set_policy(self, **values: Any) -> None:
        self.run(change_company, values)

    def confirmed(self, customer_id: int, *lines: Line, **values: Any) -> Any:
        """A confirmed order: the draft's lines with the confirmation's answer."""
        order = self.order(customer_id, *lines, **values)
        answer = self.confirm(order)
        return {**answer, "lines": order["lines"], "order_lines": order["lines"]}

    def cancel_part(self, order: Any, *quantities: Any) -> Any:
        return self.run(cancel_order, order["id"], lines=list(_parts(order, quantities)))

    def give_back(self, order: Any, *quantities: Any) -> Any:
        return self.run(return_goods, order["id"], lines=list(_parts(order, quantities)))

    def bill(self, order: Any, *quantities: Any) -> Any:
        lines = [BillRequest(part.line_id, part.quantity) for part in _parts(order, quantities)]
        return self.run(bill_order, order["id"], lines=lines or None)

    def credit(self, order: Any, *amounts: Any) -> Any:
        lines = [PriceCredit(part.line_id, part.quantity) for part in _parts(order, amounts)]
        return self.run(credit_order, order["id"], lines=lines)

    def match(self, source: Any, *invoices: tuple[int, Any], kind: str = "payment") -> Any:
        wanted = [Wanted(invoice_id, Decimal(amount)) for invoice_id, amount in invoices] or None
        return self.run(match, kind, source["id"], allocations=wanted, auto=wanted is None)

    def unmatch(self, allocation: Any) -> Any:
        return self.run(unmatch, allocation["id"])

    def refund(self, customer_id: int, amount: Any) -> Any:
        return self.run(refund, customer_id=customer_id, amount=Decimal(amount))

    def customer_with_credit(self, amount: Any = "100.00") -> int:
        customer = self.customer()
        self.pay(customer, amount)
        return customer

    # looking ----------------------------------------------------------------------------------------------------------
    def order_now(self, order: Any) -> tuple[str, str, str]:
        """(state, shipping, invoice) as they stand."""
        return self.rows(
            "SELECT state, shipping_status, invoice_status FROM sales_order WHERE id = :id", id=order["id"]
        )[0]

    def line_now(self, order: Any, index: int = 0) -> dict[str, Decimal]:
        names = (
            "quantity_cancelled", "quantity_shipped", "quantity_returned", "quantity_invoiced", "quantity_credited",
            "net_reduced", "tax_reduced", "net_recognised", "tax_recognised", "cost_recognised",
        )  # fmt: skip
        row = self.rows(
            f"SELECT {', '.join(names)} FROM sales_order_line WHERE id = :id", id=order["lines"][index]["id"]
        )[0]
        return dict(zip(names, row, strict=True))

    def invoice_now(self, invoice_id: int) -> tuple[Decimal, Decimal, Decimal]:
        """(total, open, credited)."""
        return self.rows(
            "SELECT amount_total, amount_open, amount_credited FROM invoice WHERE id = :id", id=invoice_id
        )[0]

    def last_entry(self) -> tuple[str, dict[str, Decimal]]:
        """The entry posted last, whatever its moment (tests choose those), as (event, {role: debit − credit})."""
        return self.last_entries(1)[0]

    def last_entries(self, count: int) -> list[tuple[str, dict[str, Decimal]]]:
        rows = self.rows(
            """WITH newest AS (SELECT id, event FROM journal_entry ORDER BY id DESC LIMIT :count)
               SELECT newest.id, event, role, sum(debit - credit) FROM newest JOIN journal_line ON entry_id = newest.id
                 JOIN account ON account.id = account_id GROUP BY 1, 2, 3 ORDER BY 1""",
            count=count,
        )
        found: dict[int, tuple[str, dict[str, Decimal]]] = {}
        for identity, event, role, amount in rows:
            found.setdefault(identity, (event, {}))[1][role] = amount
        return list(found.values())

    def money(self, customer_id: int) -> tuple[Decimal, Decimal, Decimal, str]:
        """(balance, exposure, unapplied, paid_status) of a customer."""
        account = self.account(customer_id)
        return account["balance"], account["exposure"], account["unapplied"], account["paid_status"]


def _parts(order: Any, quantities: tuple[Any, ...]) -> Iterator[QuantityRequest]:
    for line, quantity in zip(order["lines"], quantities, strict=False):
        if Decimal(quantity):
            yield QuantityRequest(line["id"], Decimal(quantity))


def amounts(**roles: Any) -> dict[str, Decimal]:
    """{role: debit − credit} with the zeros left out."""
    return {role: Decimal(amount) for role, amount in roles.items() if Decimal(amount)}


@contextmanager
def refused(code: str, **data: Any) -> Iterator[Any]:
    """The command is refused with `code`, and its data contain `data`."""
    with pytest.raises(DomainError) as caught:
        yield caught
    assert caught.value.code == code, caught.value
    for name, value in data.items():
        assert caught.value.data[name] == value, (name, caught.value.data)
