"""The demo company before its first order: company, people, suppliers, catalog, opening stock, customers."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from core import database as db
from core.context import Actor
from core.customers import create_customer, save_address, save_contact
from core.organization import UnitKind
from core.permissions import ROLES
from core.scope import EVERYTHING
from core.suppliers import create_supplier
from core.units import place_user, save_unit
from core.users import create_user
from crm.setup import set_up_company
from inventory.catalog import create_product, set_reorder_point
from inventory.documents import StockLine, open_stock
from web.demo.dates import SET_UP_BEFORE, Calendar, working_day_before
from web.demo.records import create_category, masters, note_loading, open_fiscal_years, set_discount_rule
from web.demo.replay import Replay, Step
from web.demo.source import Northwind, Row, SourceProduct, country_code

CURRENCY = "CNY"
PASSWORD = "demo"  # noqa: S105 (public on purpose; the demo is served on this machine only)
COMPANY: dict[str, Any] = {
    "name": "北风贸易（示例）",
    "name_english": "Northwind Traders (demo)",
    "tax_id": "91310000DEMO000000",
    "address": "上海市浦东新区示例路 100 号",
    "phone": "+86 21 5555 0100",
    "email": "info@northwind.example",
    "bank_name": "示例银行上海分行",
    "bank_account": "6222 0000 0000 0000 001",
    "currency": CURRENCY,
    "chart": "cn_small",
    "language": "zh",
    "country": "CN",
    "time_zone": "Asia/Shanghai",
    "tax_rate": Decimal("0.13"),
    "is_demo": True,
}
ADMIN, FINANCE, WAREHOUSE, MANAGER = "admin", "finance", "warehouse", "manager"
LOGIN_OF_EMPLOYEE = {2: MANAGER, 4: "sales", 3: "sales2"}
TEAMS = {"USA": ("North America", "Seattle"), "UK": ("Europe", "London")}
INVENTED = ((FINANCE, "陈静", "财务主管"), (WAREHOUSE, "李强", "仓库主管"))
TERMS_IN_USE = (("net15", 15), ("net30", 30), ("net30", 30), ("net30", 30), ("net60", 60))
SET_UP, PEOPLE, MASTERS, OPENING, CUSTOMER = 0, 1, 2, 3, 11
DESCRIPTION_OF_FREIGHT = "运费，按订单计 / Freight of an order"


def opening_day(calendar: Calendar, northwind: Northwind) -> date:
    """The day the company starts: six weeks before its first order, on a working day."""
    return working_day_before(calendar.day(northwind.orders[0].ordered_on) - SET_UP_BEFORE)


def opening_steps(calendar: Calendar, northwind: Northwind, orders: int | None) -> list[Step]:
    """Everything on the opening day, in order."""
    day = opening_day(calendar, northwind)
    steps = [
        Step(day, SET_UP, _set_up),
        Step(day, PEOPLE, _years(day, calendar.today)),
        Step(day, PEOPLE, lambda replay: _note_started(replay, calendar, orders)),
        Step(day, PEOPLE, lambda replay: replay.run(ADMIN, set_discount_rule, False)),
    ]
    steps += [Step(day, PEOPLE, _employee(row)) for row in sorted(northwind.employees, key=_seniority)]
    steps += [Step(day, PEOPLE, _invented(*person)) for person in INVENTED]
    steps.append(Step(day, PEOPLE, _organisation(northwind.employees)))
    steps += [Step(day, MASTERS, _supplier(row)) for row in northwind.suppliers]
    steps += [Step(day, MASTERS, _category(row)) for row in northwind.categories]
    steps += [Step(day, MASTERS, _product(product)) for product in northwind.products]
    steps.append(Step(day, MASTERS, _freight))
    steps.append(Step(day, OPENING, lambda replay: _open_stock(replay, northwind.products)))
    steps += [Step(day, OPENING, _reorder_point(product)) for product in northwind.products]
    return steps


# company and people ---------------------------------------------------------------------------------------------------
def _set_up(replay: Replay) -> None:
    administrator = {
        "login": ADMIN,
        "name": "管理员",
        "title": "系统管理员",
        "password": PASSWORD,
        "weak_password_allowed": True,
    }
    answer = replay.run(ADMIN, set_up_company, COMPANY, administrator, first_year=replay.now.date())
    with db.current().autocommit() as connection:
        replay.terms, replay.warehouse_id = masters(connection)
        found = connection.exec_driver_sql("SELECT id FROM app_user WHERE login = %s", (answer["administrator"],))
        _remember(replay, found.scalar_one(), ADMIN, "管理员", "admin")


def _years(day: date, today: date) -> Any:
    return lambda replay: replay.run(ADMIN, open_fiscal_years, day.year, today.year + 1)


def _note_started(replay: Replay, calendar: Calendar, orders: int | None) -> None:
    replay.run(ADMIN, note_loading, "demo.started", {"today": calendar.today, "orders": orders})


def _seniority(row: Row) -> tuple[bool, int]:
    """Whoever others report to comes before them."""
    return row["employee_id"] not in ("2", "5"), int(row["employee_id"])


def _employee(row: Row) -> Any:
    identity = int(row["employee_id"])
    login = LOGIN_OF_EMPLOYEE.get(identity, row["last_name"].lower())
    role = "manager" if login == MANAGER else "sales_manager" if "Manager" in row["title"] else "sales"

    def act(replay: Replay) -> None:
        chief = replay.employees.get(int(row["reports_to"] or 0))
        name = f"{row['first_name']} {row['last_name']}"
        replay.employees[identity] = _person(replay, login, name, row["title"], role, chief)

    return act


def _organisation(employees: list[Row]) -> Any:
    """A region with one team for each country that sales people sit in."""

    def act(replay: Replay) -> None:
        teams = {}
        for country, (region, team) in TEAMS.items():
            above = replay.run(ADMIN, save_unit, {"name": region, "kind": UnitKind.REGION})["id"]
            values = {"name": team, "kind": UnitKind.TEAM, "parent_id": above}
            teams[country] = replay.run(ADMIN, save_unit, values)["id"]
        for row in employees:
            user = replay.employees[int(row["employee_id"])]
            if "Vice President" not in row["title"]:
                replay.run(ADMIN, place_user, user.user_id, teams[row["country"]])

    return act


def _invented(login: str, name: str, title: str) -> Any:
    return lambda replay: _person(replay, login, name, title, login, replay.actors[MANAGER])


def _person(replay: Replay, login: str, name: str, title: str, role: str, chief: Actor | None) -> Actor:
    """A user; whoever is not one of the six demo logins gets a password nobody knows."""
    known = login in (MANAGER, "sales", "sales2", FINANCE, WAREHOUSE)
    values: Mapping[str, Any] = {
        "login": login,
        "name": name,
        "title": title,
        "email": f"{login}@northwind.example",
        "roles": [role],
        "password": PASSWORD if known else secrets.token_urlsafe(24),
        "weak_password_allowed": True,
        "reports_to_id": chief.user_id if chief else None,
    }
    return _remember(replay, replay.run(ADMIN, create_user, values)["id"], login, name, role)


def _remember(replay: Replay, identity: int, login: str, name: str, role: str) -> Actor:
    replay.actors[login] = Actor(identity, login, name, ROLES[role].permissions, (role,), viewer=EVERYTHING)
    return replay.actors[login]


# catalog --------------------------------------------------------------------------------------------------------------
def _supplier(row: Row) -> Any:
    values = {
        "code": f"SUP-{int(row['supplier_id']):03d}",
        "name": row["company_name"],
        "contact_name": row["contact_name"],
        "contact_title": row["contact_title"],
        "phone": row["phone"],
        "website": row["homepage"],
        "street": row["address"],
        "city": row["city"],
        "region": row["region"],
        "postal_code": row["postal_code"],
        "country": country_code(row["country"]),
    }

    def act(replay: Replay) -> None:
        replay.suppliers[int(row["supplier_id"])] = replay.run(ADMIN, create_supplier, values)["id"]

    return act


def _category(row: Row) -> Any:
    def act(replay: Replay) -> None:
        answer = replay.run(ADMIN, create_category, row["category_name"], row["description"])
        replay.categories[int(row["category_id"])] = answer["id"]

    return act


def _product(product: SourceProduct) -> Any:
    def act(replay: Replay) -> None:
        values = {
            "sku": product.sku,
            "name": product.name,
            "description": product.quantity_per_unit,
            "category_id": replay.categories[product.category_id],
            "supplier_id": replay.suppliers[product.supplier_id],
            "unit": "case",
            "price": product.price,
            "cost": product.cost,
        }
        replay.products[product.id] = replay.run(MANAGER, create_product, values)["id"]

    return act


def _freight(replay: Replay) -> None:
    values = {
        "sku": "FREIGHT",
        "name": "运费 Freight",
        "description": DESCRIPTION_OF_FREIGHT,
        "kind": "service",
        "unit": "job",
        "price": Decimal(0),
    }
    replay.freight_id = replay.run(MANAGER, create_product, values)["id"]


def _open_stock(replay: Replay, products: list[SourceProduct]) -> None:
    lines = [
        StockLine(replay.products[product.id], product.units_in_stock, product.cost)
        for product in products
        if product.units_in_stock > 0
    ]
    replay.run(WAREHOUSE, open_stock, lines=lines)


def _reorder_point(product: SourceProduct) -> Any:
    def act(replay: Replay) -> None:
        product_id = replay.products[product.id]
        replay.run(WAREHOUSE, set_reorder_point, product_id, replay.warehouse_id, product.reorder_level)

    return act


# customers ------------------------------------------------------------------------------------------------------------
def customer_steps(calendar: Calendar, northwind: Northwind, first_contact: Mapping[str, date]) -> list[Step]:
    """Each customer is entered on the day of the first contact, with its contact and address."""
    start = opening_day(calendar, northwind) + timedelta(days=1)
    steps = []
    for row in northwind.customers:
        code = row["customer_id"]
        day = max(first_contact.get(code, calendar.last_day - timedelta(days=20)), start)
        day = max(working_day_before(day), start)
        owner = northwind.owner_of[code]
        steps += [
            Step(day, CUSTOMER, _customer(row, owner)),
            Step(day, CUSTOMER, _contact(row, owner)),
            Step(day, CUSTOMER, _address(row, owner)),
        ]
    return steps


def terms_of(customer: str) -> tuple[str, int]:
    """The payment terms a customer got, and their days; always the same ones."""
    return Random(f"terms {customer}").choice(TERMS_IN_USE)  # noqa: S311 (the same story every time)


def _customer(row: Row, owner: int) -> Any:
    code = row["customer_id"]
    terms, _ = terms_of(code)

    def act(replay: Replay) -> None:
        values = {
            "code": code,
            "name": row["company_name"],
            "country": country_code(row["country"]),
            "region": row["region"],
            "city": row["city"],
            "phone": row["phone"],
            "note": f"Fax {row['fax']}" if row["fax"] else None,
            "industry": "食品零售与餐饮",
            "payment_terms_id": replay.terms[terms],
        }
        replay.customers[code] = replay.run(replay.employees[owner], create_customer, values)["id"]

    return act


def _contact(row: Row, owner: int) -> Any:
    values = {"name": row["contact_name"], "title": row["contact_title"], "phone": row["phone"]}

    def act(replay: Replay) -> None:
        customer_id = replay.customers[row["customer_id"]]
        answer = replay.run(replay.employees[owner], save_contact, customer_id, values)
        replay.contacts[row["customer_id"]] = answer["id"]

    return act


def _address(row: Row, owner: int) -> Any:
    values = {
        "kind": "billing",
        "street": row["address"],
        "city": row["city"],
        "region": row["region"],
        "postal_code": row["postal_code"],
    }
    return lambda replay: replay.run(
        replay.employees[owner], save_address, replay.customers[row["customer_id"]], values
    )
