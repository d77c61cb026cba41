"""The first steps of a new company, ticked off by what is there; for who sets it up, until he puts them away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from flask import g, redirect
from flask_babel import lazy_gettext as _
from sqlalchemy import Connection
from werkzeug.wrappers import Response

from core.queries.reading import fetch
from core.users import change_preferences
from crm.queries.first_steps import FIRST_STEPS
from web.home import area
from web.http import run_command
from web.navigation import link
from web.permissions import may


@dataclass(frozen=True, slots=True)
class Step:
    """A step: what to do, why, where, and whether it is done."""

    label: Any
    why: Any
    url: str | None
    is_done: bool


# Name in the fact, label, why, and the page where it is done: the first of those that there are.
STEPS: Final = (
    ("company", _("Complete the company's data"), _("Tax ID and address stand on every paper."), ("settings.company",)),
    ("users", _("Invite the people you work with"), _("Each sees and may do what his role says."), ("users.new",)),
    ("customers", _("Bring in your customers"), _("From a file, or one by one."),
     ("imports.index", "customers.new")),
    ("products", _("Enter your products"), _("With price, cost and the point to reorder at."), ("products.new",)),
    ("stock", _("Enter the opening stock"), _("Count once; from then on every move is on record."),
     ("stock.new_adjustment", "stock.new_receipt", "stock.levels")),
    ("order", _("Confirm the first order"), _("It reserves the stock and posts the receivable."), ("orders.new",)),
)  # fmt: skip


def first_steps(connection: Connection) -> list[Step] | None:
    """The steps for the home page; None for who does not set the company up, or has put them away: that costs no
    statement.
    """
    if not may("company.write") or not getattr(g.actor.preferences, "first_steps", False):
        return None
    [[found]] = fetch(connection, FIRST_STEPS())
    return [
        Step(label, why, next((url for name in pages if (url := link(name))), None), getattr(found, field))
        for field, label, why, pages in STEPS
    ]


@area.route("/first-steps/dismiss", permission="home.read", methods=["POST"])
def dismiss_first_steps() -> Response:
    """Put the card away, for oneself."""
    run_command(change_preferences, {"first_steps": False})
    return redirect("/", 303)
