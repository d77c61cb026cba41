"""Northwind's files come in through the pages as they are, with and without script, and are taken back again."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import expect

from core.imports.models import Action
from tests.browser.conftest import Desk, House, Office
from tests.imports.conftest import Importer

NORTHWIND = Path(__file__).parents[2] / "web" / "demo" / "northwind"
CUSTOMERS = 91
SUPPLIERS = 29


def _hand_in(desk: Desk, kind: str, *names: str) -> str:
    """Hands files in and answers the address of the import, whose columns are shown then."""
    desk.open(f"/imports/new?kind={kind}")
    desk.window.set_input_files("input[name=files]", [NORTHWIND / f"{name}.csv" for name in names])
    desk.press("Go on to the columns")
    return desk.is_at(r"(/imports/\d+)")[1]


def _worker(house: House) -> Importer:
    return Importer(house.world, house.world.actor_of("manager"))


def _undo(desk: Desk, here: str, worker: Importer, count: int) -> None:
    desk.open(here)
    desk.link("Undo import…")
    desk.sees("Delete what the import created")
    desk.press("Undo the import")
    desk.state("Being undone")
    worker.work()
    desk.open(here)
    expect(desk.fact("Undone")).to_have_text(str(count))


def test_customers_come_in_without_script(house: House, office: Office) -> None:
    """Columns as they were guessed, and one customer who is there already, about whom a person is asked."""
    world, worker = house.world, _worker(house)
    there = world.customer("Alfreds Futterkiste", country="DE")
    desk = office.signed_in("manager", java_script_enabled=False)
    here = _hand_in(desk, "customers", "customers")
    expect(desk.window.get_by_label("Column company_name is")).to_have_value("name")
    desk.window.get_by_label("Ask me row by row").check()
    desk.press("Check all rows")
    desk.sees("The file is being read")
    desk.link("Reload")
    worker.work()
    desk.link("Reload")
    desk.sees(f"{CUSTOMERS} rows in the file", "Nothing has been written yet", "Alfreds Futterkiste")
    desk.window.get_by_label("Line 2", exact=True).check()
    desk.press("Leave the chosen rows out")
    desk.sees("1 row decided")
    desk.press(f"Bring in {CUSTOMERS - 1} rows")
    desk.state("Being brought in")
    worker.work()
    desk.open(here)
    desk.sees(f"{CUSTOMERS - 1} created", "1 left out")
    assert world.value("SELECT count(*) FROM customer WHERE id <> :id", id=there) >= CUSTOMERS - 1
    _undo(desk, here, worker, CUSTOMERS - 1)
    assert world.value("SELECT count(*) FROM customer WHERE name = 'Vaffeljernet'") == 0


def test_suppliers_come_in_with_script_paused_and_gone_on_with(house: House, office: Office) -> None:
    """Progress shows by itself; a pause holds it, and refused rows come back as a file."""
    world, worker = house.world, _worker(house)
    desk = office.at_work("manager")
    here = _hand_in(desk, "suppliers", "suppliers")
    desk.window.get_by_label("Column country is").select_option("")
    desk.press("Check all rows")
    desk.sees("Say which column holds this")
    desk.window.get_by_label("Column country is").select_option("country")
    desk.press("Check all rows")
    desk.state("Being checked")
    desk.press("Pause")
    desk.state("Paused")
    worker.work()
    desk.press("Go on")
    desk.state("Being checked")
    worker.work()
    desk.press(f"Bring in {SUPPLIERS} rows")  # the page shows by itself that the check is done
    desk.state("Being brought in")
    worker.work()
    expect(desk.window.locator("main")).to_contain_text(f"{SUPPLIERS} created")  # by itself
    assert world.value("SELECT count(*) FROM supplier") == SUPPLIERS
    _undo(desk, here, worker, SUPPLIERS)
    assert world.value("SELECT count(*) FROM supplier") == 0


def test_refused_rows_come_back_as_a_file(house: House, office: Office, tmp_path: Path) -> None:
    worker = _worker(house)
    lines = (NORTHWIND / "suppliers.csv").read_bytes().splitlines(keepends=True)[:4]
    broken = tmp_path / "suppliers.csv"
    broken.write_bytes(b"".join([*lines, lines[1].replace(b"Exotic Liquids", b"")]))
    uploaded = worker.upload("suppliers", (broken.name, broken.read_bytes()))
    worker.check(uploaded, Action.SKIP)
    desk = office.at_work("manager")
    desk.open(f"/imports/{uploaded['id']}")
    desk.window.get_by_text("Refused rows as a file").click()
    with desk.window.expect_download() as coming:
        desk.link("CSV (UTF-8)")
    content = Path(coming.value.path()).read_text("utf-8-sig")
    assert "Reason" in content.splitlines()[0] and "This is needed" in content
