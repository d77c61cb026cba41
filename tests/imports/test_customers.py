"""Customers from a file: checked, brought in, met again, and taken back."""

from __future__ import annotations

from pathlib import Path

from tests.imports.conftest import Importer

NORTHWIND = Path(__file__).parents[2] / "web" / "demo" / "northwind"


def test_northwind_s_customers_come_in_as_they_are(importer: Importer) -> None:
    uploaded = importer.upload("customers", ("customers.csv", (NORTHWIND / "customers.csv").read_bytes()))
    names = {uploaded["heads"][told["column"]]: field for field, told in uploaded["mapping"].items()}
    assert names["company_name"] == "name" and names["customer_id"] == "code" and names["country"] == "country"
    checked = importer.check(uploaded)
    assert (checked["state"], checked["rows_total"], checked["rows_created"]) == ("checked", 91, 91)
    assert importer.world.value("SELECT count(*) FROM customer") == 0
    done = importer.start(uploaded["id"])
    assert (done["state"], done["rows_created"]) == ("done", 91)
    assert importer.world.value("SELECT count(*) FROM customer") == 91
    assert importer.world.value("SELECT count(*) FROM contact") == 91
