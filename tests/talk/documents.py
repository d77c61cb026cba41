"""One record of each type that people talk about."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from core.suppliers import create_supplier
from crm.orders.correction import QuantityRequest
from crm.orders.return_goods import return_goods
from crm.pipeline import create_opportunity
from crm.pricing import LineRequest
from crm.quotations import create_quotation
from tests.world import World


def one_of_each(world: World) -> dict[str, tuple[int, str]]:
    """By type the record's id and the address of its page."""
    product = world.product(stock=20)
    customer = world.customer()
    deal = world.run(create_opportunity, customer, {"name": "Deal", "amount": Decimal(10)})["id"]
    offer = world.run(create_quotation, opportunity_id=deal, lines=[LineRequest(product, Decimal(1))])["id"]
    order = world.order(customer, (product, 2))
    [invoice] = world.confirm(order)["invoices"]
    world.ship(order)
    payment = world.pay(customer, "50")["id"]
    world.run(return_goods, order["id"], lines=[QuantityRequest(order["lines"][0]["id"], Decimal(1))])
    supplier = world.run(create_supplier, {"name": f"Supplier {customer}", "country": "CN"})["id"]

    def newest(table: str) -> Any:
        return world.value(f"SELECT max(id) FROM {table}")

    shipment, note = newest("shipment"), newest("credit_note")
    return {
        "customer": (customer, f"/customers/{customer}"),
        "opportunity": (deal, f"/opportunities/{deal}"),
        "quotation": (offer, f"/quotations/{offer}"),
        "sales_order": (order["id"], f"/orders/{order['id']}"),
        "shipment": (shipment, f"/shipments/{shipment}"),
        "invoice": (invoice["id"], f"/invoices/{invoice['id']}"),
        "credit_note": (note, f"/invoices/credit-notes/{note}"),
        "payment": (payment, f"/payments/{payment}"),
        "product": (product, f"/products/{product}"),
        "supplier": (supplier, f"/suppliers/{supplier}"),
    }
