"""Northwind's files come in as they are, one kind after the other, and leave without a trace but the trail."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from core.imports.commands import undo_import
from tests.database_server import DatabaseUrls
from tests.imports.conftest import Importer
from tests.scenarios.house import refused
from tests.world import World
from web.integrity import run_checks

NORTHWIND = Path(__file__).parents[2] / "web" / "demo" / "northwind"


ALL_ROWS = """
    SELECT (SELECT count(*) FROM customer) + (SELECT count(*) FROM supplier) + (SELECT count(*) FROM product)
         + (SELECT count(*) FROM product_category) + (SELECT count(*) FROM stock_move)
         + (SELECT count(*) FROM journal_entry) + (SELECT count(*) FROM sales_order)
         + (SELECT coalesce(sum(last_value), 0) FROM number_series)
"""


def file_of(name: str) -> tuple[str, bytes]:
    return f"{name}.csv", (NORTHWIND / f"{name}.csv").read_bytes()


@pytest.fixture(scope="module")
def filled(module_database: DatabaseUrls) -> Iterator[tuple[Importer, dict[str, int]]]:
    world = World.set_up(module_database.app)
    importer, batches = Importer(world, world.actor), {}
    for kind, *names in (
        ("customers", "customers"),
        ("suppliers", "suppliers"),
        ("products", "products", "categories"),
        ("stock", "products"),
        ("orders", "orders", "order_details"),
    ):
        uploaded = importer.upload(kind, *(file_of(name) for name in names))
        before = world.value(ALL_ROWS)
        importer.check(uploaded)
        assert world.value(ALL_ROWS) == before  # a dry run writes nothing, whatever the kind
        importer.start(uploaded["id"])
        batches[kind] = uploaded["id"]
    yield importer, batches
    world.database.dispose()


@pytest.fixture(scope="module")
def figures(filled: tuple[Importer, dict[str, int]]) -> dict[str, Any]:
    """What stood once all was in, read before a test takes it back."""
    asked = {
        "orders": "SELECT count(*) FROM sales_order",
        "amount": "SELECT sum(amount_net) FROM sales_order",
        "on_hand": "SELECT sum(on_hand) FROM stock_level",
        "categories": "SELECT count(*) FROM product_category",
        "worth": "SELECT sum(on_hand * price) FROM stock_level JOIN product ON product.id = product_id",
    }
    return {name: filled[0].world.value(query) for name, query in asked.items()}


def test_every_row_comes_in(filled: tuple[Importer, dict[str, int]]) -> None:
    importer, batches = filled
    found = {kind: importer.batch(batch_id) for kind, batch_id in batches.items()}
    assert {kind: (batch["rows_created"], batch["rows_bad"]) for kind, batch in found.items()} == {
        "customers": (91, 0),
        "suppliers": (29, 0),
        "products": (77, 0),
        "stock": (72, 5),  # five products have none: nothing to take over
        "orders": (2155, 0),
    }


def test_the_figures_are_northwind_s(figures: dict[str, Any]) -> None:
    assert figures == {
        "orders": 830,
        "amount": Decimal("1265793.29"),
        "on_hand": 3119,
        "categories": 8,
        "worth": Decimal("73953.35"),
    }


@pytest.mark.usefixtures("figures")
def test_undone_in_turn_nothing_of_them_stands(filled: tuple[Importer, dict[str, int]]) -> None:
    """Orders are cancelled and stock is reversed by opposite moves; their numbers and postings stay."""
    importer, batches = filled
    world = importer.world
    assert importer.undo(batches["orders"])["rows_undone"] == 2155
    assert world.rows("SELECT state, count(*) FROM sales_order GROUP BY state") == [("cancelled", 830)]
    assert importer.undo(batches["stock"])["rows_undone"] == 72
    assert world.value("SELECT sum(on_hand) FROM stock_level") == 0
    assert world.value("SELECT sum(value) FROM product_valuation") == 0
    assert world.value("SELECT sum(quantity) FROM stock_move") == 0
    with world.database.reading() as connection:
        assert [check for check in run_checks(connection) if not check["ok"]] == []
    for kind in ("products", "customers"):  # orders and moves stand on them for good
        with refused("import_built_upon"):
            importer.run(undo_import, batches[kind])
