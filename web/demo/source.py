"""Northwind's files as they are: rows of text turned into dates and decimals, nothing corrected."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "northwind"
COUNTRIES = {
    "Argentina": "AR",
    "Australia": "AU",
    "Austria": "AT",
    "Belgium": "BE",
    "Brazil": "BR",
    "Canada": "CA",
    "Denmark": "DK",
    "Finland": "FI",
    "France": "FR",
    "Germany": "DE",
    "Ireland": "IE",
    "Italy": "IT",
    "Japan": "JP",
    "Mexico": "MX",
    "Netherlands": "NL",
    "Norway": "NO",
    "Poland": "PL",
    "Portugal": "PT",
    "Singapore": "SG",
    "Spain": "ES",
    "Sweden": "SE",
    "Switzerland": "CH",
    "UK": "GB",
    "USA": "US",
    "Venezuela": "VE",
}
Row = dict[str, str]


@dataclass(frozen=True)
class SourceLine:
    """A line of an order: net price of one unit, discount in percent."""

    product_id: int
    quantity: Decimal
    unit_price: Decimal
    discount_percent: Decimal


@dataclass(frozen=True)
class SourceOrder:
    """An order with its lines; dates are Northwind's own, `shipped_on` is None for the orders still open at the end."""

    id: int
    customer: str
    employee_id: int
    ordered_on: date
    required_on: date
    shipped_on: date | None
    carrier: str
    freight: Decimal
    ship_to: str
    lines: tuple[SourceLine, ...]


@dataclass(frozen=True)
class SourceProduct:
    """A product with what the files say is in stock; `cost` is 60 % of the list price."""

    id: int
    name: str
    supplier_id: int
    category_id: int
    quantity_per_unit: str
    price: Decimal
    units_in_stock: Decimal
    reorder_level: Decimal
    is_discontinued: bool

    @property
    def sku(self) -> str:
        return f"NW-{self.id:03d}"

    @property
    def cost(self) -> Decimal:
        return (self.price * Decimal("0.6")).quantize(Decimal("0.0001"))


def read(name: str) -> list[Row]:
    """The rows of one file, by column."""
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def country_code(name: str) -> str:
    """The ISO code of a country as Northwind writes it."""
    return COUNTRIES[name]


class Northwind:
    """All files; `last_orders` keeps only that many of the latest orders, and what they need."""

    def __init__(self, last_orders: int | None = None) -> None:
        self._last_orders = last_orders

    @cached_property
    def products(self) -> list[SourceProduct]:
        return [
            SourceProduct(
                int(row["product_id"]),
                row["product_name"],
                int(row["supplier_id"]),
                int(row["category_id"]),
                row["quantity_per_unit"],
                Decimal(row["unit_price"]),
                Decimal(row["units_in_stock"]),
                Decimal(row["reorder_level"]),
                row["discontinued"] == "1",
            )
            for row in read("products")
        ]

    @cached_property
    def orders(self) -> list[SourceOrder]:
        lines: dict[str, list[SourceLine]] = defaultdict(list)
        for row in read("order_details"):
            discount = Decimal(row["discount"]) * 100
            price = Decimal(row["unit_price"])
            lines[row["order_id"]].append(
                SourceLine(int(row["product_id"]), Decimal(row["quantity"]), price, discount.quantize(Decimal("0.001")))
            )
        carriers = {row["shipper_id"]: row["company_name"] for row in read("shippers")}
        found = [self._order(row, tuple(lines[row["order_id"]]), carriers) for row in read("orders")]
        found.sort(key=lambda order: (order.ordered_on, order.id))
        return found[-self._last_orders :] if self._last_orders else found

    def _order(self, row: Row, lines: tuple[SourceLine, ...], carriers: dict[str, str]) -> SourceOrder:
        place = " ".join(part for part in (row["ship_postal_code"], row["ship_city"], row["ship_region"]) if part)
        address = [row["ship_name"], row["ship_address"], place, country_code(row["ship_country"])]
        return SourceOrder(
            int(row["order_id"]),
            row["customer_id"],
            int(row["employee_id"]),
            date.fromisoformat(row["order_date"]),
            date.fromisoformat(row["required_date"]),
            date.fromisoformat(row["shipped_date"]) if row["shipped_date"] else None,
            carriers[row["ship_via"]],
            Decimal(row["freight"]),
            "\n".join(address),
            lines,
        )

    @cached_property
    def customers(self) -> list[Row]:
        return read("customers")

    @cached_property
    def suppliers(self) -> list[Row]:
        return read("suppliers")

    @cached_property
    def categories(self) -> list[Row]:
        return read("categories")

    @cached_property
    def employees(self) -> list[Row]:
        return read("employees")

    @cached_property
    def owner_of(self) -> dict[str, int]:
        """The employee each customer belongs to: the one of his latest order; the vice president's where there is
        none."""
        owners = {row["customer_id"]: 2 for row in self.customers}
        owners.update({order.customer: order.employee_id for order in self.orders})
        return owners
