"""Stock and prices: figures that cannot be below zero."""

from __future__ import annotations

from tests.imports.conftest import Importer, csv_file


def test_nothing_is_counted_or_valued_below_zero(importer: Importer) -> None:
    importer.world.product(sku="NW-003", stock=5)
    rows = [["货号", "数量", "成本"], ["NW-003", "-2", "3"], ["NW-003", "2", "-3"], ["NW-003", "0", ""]]
    batch = importer.check(importer.upload("stock", ("a.csv", csv_file(rows))), "update")
    found = importer.world.rows(
        "SELECT state, reasons FROM import_row WHERE batch_id = :id ORDER BY line", id=batch["id"]
    )
    assert [(state, [(each["field"], each["code"]) for each in reasons or ()]) for state, reasons in found] == [
        ("bad", [("quantity", "negative")]),
        ("bad", [("unit_cost", "negative")]),
        ("ready", []),
    ]


def test_a_price_below_zero_is_named_beside_a_cost_that_cannot_be_read(importer: Importer) -> None:
    importer.world.product(sku="NW-003")
    content = csv_file([["货号", "单价", "成本"], ["NW-003", "-2", "dear"]])
    importer.check(importer.upload("prices", ("a.csv", content)), "update")
    [[reasons]] = importer.world.rows("SELECT reasons FROM import_row")
    assert {each["field"]: each["code"] for each in reasons} == {"price": "negative", "cost": "not_a_number"}
