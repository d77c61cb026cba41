"""A small company to test in, made by the product's own commands: `World` and the things people do in it.

Dates are the real today unless a test passes `now`. Amounts are strings or Decimals; answers are the commands' own JSON
data.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from core import clock
from core import database as db
from core.approvals.asking import ask_for_approval
from core.approvals.deciding import decide
from core.approvals.models import Decision
from core.approvals.rules import change_rule
from core.command import Preview, Result, preview, run
from core.context import SYSTEM, Actor, Context
from core.customers import create_customer
from core.needs import NEEDED
from core.scope import EVERYTHING, Viewer, viewing
from core.tokens import issue_token
from core.units import place_user, save_unit
from core.users import create_user
from crm import approvals as _approvable_commands  # noqa: F401 (registers them)
from crm.orders.cancel import cancel_order
from crm.orders.confirm import confirm_order
from crm.orders.create import create_order
from crm.orders.ship import ShipRequest, ship_order
from crm.pricing import LineRequest
from crm.setup import set_up_company
from finance.payments import Wanted, record_payment
from inventory.catalog import create_product
from inventory.documents import StockLine, adjust_stock, receive_stock

PASSWORD = "demo-demo"
Line = tuple[Any, ...]


@dataclass
class World:
    """One company in one database, with an administrator as the default actor once it is set up."""

    database: db.Database
    actor: Actor = SYSTEM
    _number: int = 0

    @classmethod
    def set_up(cls, app_url: str, **company: Any) -> World:
        """Configures the process for the database at `app_url` and runs the first-run command on it.

        Adjustments need no approval here: tests bring their stock by them. Those about approvals switch the rule on.
        """
        world = cls(db.configure(db.Database(app_url, pool_size=30)))
        settings = {"name": "恒通贸易有限公司", "currency": "CNY", **company}
        world.run(set_up_company, settings, {"login": "admin", "name": "Admin", "password": PASSWORD})
        world.actor = world.actor_of("admin")
        world.set_rule("adjustment", is_active=False)
        return world

    def context(self, **values: Any) -> Context:
        return Context(actor=values.pop("actor", self.actor), **values)

    def run(self, command: Any, /, *arguments: Any, context: Context | None = None, **named: Any) -> Any:
        """Runs a command and answers its JSON data."""
        return self.result(command, *arguments, context=context, **named).data

    def result(self, command: Any, /, *arguments: Any, context: Context | None = None, **named: Any) -> Result:
        """Runs a command as the context's actor: else the system where it is the system's, else the world's. What a
        test makes up itself anybody may."""
        if command.__module__.startswith("tests."):
            NEEDED.setdefault(command, None)
        context = context or self.context(**({} if NEEDED.get(command) != frozenset() else {"actor": SYSTEM}))
        return run(command, *arguments, context=context, database=self.database, **named)

    def preview(self, command: Any, /, *arguments: Any, **named: Any) -> Preview:
        return preview(command, *arguments, context=self.context(), database=self.database, **named)

    def preview_as(self, login: str, command: Any, /, *arguments: Any, **named: Any) -> Preview:
        context = self.context(actor=self.actor_of(login))
        return preview(command, *arguments, context=context, database=self.database, **named)

    # people -----------------------------------------------------------------------------------------------------------
    def user(self, login: str, *roles: str, language: str = "zh") -> Actor:
        """A user with roles; returns the actor."""
        values = {"login": login, "name": login.title(), "password": PASSWORD, "roles": roles, "language": language}
        self.run(create_user, values)
        return self.actor_of(login)

    def actor_of(self, login: str) -> Actor:
        rows = self.rows(
            """SELECT app_user.id, app_user.name, array_agg(DISTINCT role.code), array_agg(DISTINCT permission),
                      viewer_of(app_user.id)
                 FROM app_user JOIN user_role ON user_role.user_id = app_user.id
                 JOIN role ON role.id = user_role.role_id,
                      unnest(role.permissions) AS permission
                WHERE login = :login GROUP BY app_user.id""",
            login=login,
        )
        identity, name, roles, permissions, viewer = rows[0]
        return Actor(identity, login, name, frozenset(permissions), tuple(roles), viewer=Viewer.read(viewer))

    def team(self, *logins: str) -> None:
        """A team of these people."""
        self._number += 1
        unit = self.run(save_unit, {"name": f"组 {self._number}", "kind": "team"})
        for login in logins:
            self.run(place_user, self.actor_of(login).user_id, unit["id"])

    def set_rule(self, kind: str, **values: Any) -> Any:
        """Changes the rule of a kind of approval."""
        return self.run(change_rule, self.value("SELECT id FROM approval_rule WHERE kind = :kind", kind=kind), values)

    def ask(self, action: str, arguments: dict[str, Any], login: str, reason: str = "大客户") -> Any:
        """Asks for an approval as somebody."""
        by = self.context(actor=self.actor_of(login))
        return self.run(ask_for_approval, action, arguments, reason=reason, context=by)

    def approve(self, action: str, arguments: dict[str, Any], login: str, *deciders: str) -> None:
        """Asks for something as somebody, and has it approved step by step."""
        request_id = self.ask(action, arguments, login)["id"]
        for decider in deciders:
            self.decide(request_id, decider)

    def decide(self, request_id: int, login: str, decision: str = "approved", **values: Any) -> Any:
        """Decides the step a request waits for as somebody."""
        note = values.pop("note", "no" if decision == "refused" else None)
        by = self.context(actor=self.actor_of(login), **{name: values.pop(name) for name in ("now",) if name in values})
        return self.run(decide, request_id, Decision(decision), note=note, context=by, **values)

    def token(self, login: str = "admin", scopes: Sequence[str] | None = None) -> str:
        return self.run(issue_token, login, scopes)["token"]

    # masters ----------------------------------------------------------------------------------------------------------
    def customer(self, name: str | None = None, **values: Any) -> int:
        self._number += 1
        return self.run(create_customer, {"name": name or f"客户 {self._number}", **values})["id"]

    def product(self, stock: Any = 0, price: Any = "100", cost: Any = "60", **values: Any) -> int:
        """A product with `stock` on hand at `cost`."""
        self._number += 1
        sku = values.pop("sku", f"SKU-{self._number:03d}")
        named = {"name": f"商品 {self._number}", **values}
        product_id = self.run(create_product, {"sku": sku, "price": Decimal(price), "cost": Decimal(cost), **named})[
            "id"
        ]
        if Decimal(stock):
            self.adjust(product_id, stock, cost)
        return product_id

    def service(self, price: Any = "100", **values: Any) -> int:
        return self.product(price=price, kind="service", **values)

    def adjust(self, product_id: int, quantity: Any, unit_cost: Any = None, reason: str = "count") -> Any:
        line = StockLine(product_id, Decimal(quantity), None if unit_cost is None else Decimal(unit_cost))
        return self.run(adjust_stock, reason=reason, lines=[line])

    def receive(self, product_id: int, quantity: Any, unit_cost: Any = "60") -> Any:
        return self.run(receive_stock, lines=[StockLine(product_id, Decimal(quantity), Decimal(unit_cost))])

    # order to cash ----------------------------------------------------------------------------------------------------
    def order(self, customer_id: int, *lines: Line, **values: Any) -> Any:
        """A draft order; a line is (product, quantity[, unit price[, discount percent]])."""
        on_short = values.pop("on_short", "refuse")
        requests = [
            LineRequest(
                line[0],
                Decimal(line[1]),
                Decimal(line[2]) if len(line) > 2 and line[2] is not None else None,
                Decimal(line[3]) if len(line) > 3 else Decimal(0),
                on_short,
            )
            for line in lines
        ]
        return self.run(create_order, customer_id=customer_id, lines=requests, **values)

    def confirm(self, order: Any, **values: Any) -> Any:
        return self.run(confirm_order, order["id"], **values)

    def ship(self, order: Any, *quantities: Any) -> Any:
        """Ships everything reserved, or the given quantity of each line in order."""
        lines = None
        if quantities:
            pairs = zip(order["lines"], quantities, strict=False)
            lines = [ShipRequest(line["id"], Decimal(quantity)) for line, quantity in pairs if Decimal(quantity)]
        return self.run(ship_order, order["id"], lines=lines)

    def cancel(self, order: Any, **values: Any) -> Any:
        return self.run(cancel_order, order["id"], **values)

    def pay(
        self, customer_id: int, amount: Any, *invoices: tuple[int, Any], auto: bool | None = None, **values: Any
    ) -> Any:
        """Money from a customer: on the invoices given, or by the product's rules (`auto`, the default without
        invoices)."""
        allocations = [Wanted(invoice_id, Decimal(part)) for invoice_id, part in invoices] or None
        matched_by_rules = allocations is None if auto is None else auto
        return self.run(
            record_payment,
            customer_id=customer_id,
            amount=Decimal(amount),
            allocations=allocations,
            auto=matched_by_rules,
            **values,
        )

    # looking ----------------------------------------------------------------------------------------------------------
    def rows(self, sql: str, **parameters: Any) -> list[Any]:
        with viewing(EVERYTHING), self.database.reading() as connection:
            return [tuple(row) for row in connection.execute(text(sql), parameters)]

    def value(self, sql: str, **parameters: Any) -> Any:
        return self.rows(sql, **parameters)[0][0]

    def entries(self, origin: str) -> list[tuple[str, dict[str, Decimal]]]:
        """(event, {account role: debit − credit}) of each entry of an origin, in order of recording."""
        found = self.rows(
            """SELECT entry.id, entry.event, coalesce(account.role, account.code), sum(line.debit - line.credit)
                 FROM journal_entry AS entry JOIN journal_line AS line ON line.entry_id = entry.id
                 JOIN account ON account.id = line.account_id
                WHERE entry.origin = :origin OR entry.document = :origin
                GROUP BY entry.id, entry.event, account.role, account.code ORDER BY entry.id""",
            origin=origin,
        )
        entries: dict[int, tuple[str, dict[str, Decimal]]] = {}
        for identity, event, role, amount in found:
            entries.setdefault(identity, (event, {}))[1][role] = amount
        return list(entries.values())

    def trial_balance(self) -> dict[str, Decimal]:
        return dict(
            self.rows(
                """SELECT coalesce(account.role, account.code), sum(debit - credit) FROM journal_line
                     JOIN account ON account.id = account_id GROUP BY 1 HAVING sum(debit - credit) <> 0"""
            )
        )

    def account(self, customer_id: int) -> dict[str, Any]:
        names = ("open_receivables", "unapplied", "uninvoiced", "balance", "exposure", "paid_status", "oldest_due_on")
        row = self.rows(f"SELECT {', '.join(names)} FROM customer_account WHERE customer_id = :id", id=customer_id)[0]
        return dict(zip(names, row, strict=True))

    def level(self, product_id: int) -> dict[str, Any]:
        names = ("on_hand", "reserved", "available", "back_ordered")
        row = self.rows(f"SELECT {', '.join(names)} FROM stock_level WHERE product_id = :id", id=product_id)[0]
        return dict(zip(names, row, strict=True))

    @contextmanager
    def at(self, moment: datetime) -> Iterator[Context]:
        """A context at another moment, e.g. next month."""
        yield self.context(now=moment)


def new_key() -> str:
    return secrets.token_hex(8)


def now() -> datetime:
    return clock.now()
