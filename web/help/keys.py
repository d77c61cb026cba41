"""The keys: declared once. The page of keys shows them, and `web/assets/keys.js` does what stands here.

A single key acts only outside fields, and only while the person has them switched on; each repeats a link or a button
of the page. Two keys with a space between are pressed one after the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from flask_babel import lazy_gettext as _

from web.navigation import NAVIGATION, SETTINGS


@dataclass(frozen=True, slots=True)
class Key:
    """A key, its words, and what the script does: `press` a link or button, `focus` a field (both by selector), `go` to
    an address, or `tell` the part of the page that knows. With nothing of it the key is the part's own, and only shown.
    """

    keys: str
    label: Any
    press: str = ""
    focus: str = ""
    go: str = ""
    tell: str = ""

    @property
    def caps(self) -> list[list[str]]:
        """What is written on the keys: those pressed one after the other, each with those held together."""
        return [[CAPS.get(cap, cap.upper()) for cap in step.split("+")] for step in self.keys.split(" ")]

    def action(self) -> tuple[str, str] | None:
        """What the script does, and with what."""
        named = (("press", self.press), ("focus", self.focus), ("go", self.go), ("tell", self.tell))
        return next(((name, value) for name, value in named if value), None)


@dataclass(frozen=True, slots=True)
class Group:
    """Keys that act in the same places: on pages that have what `where` selects, on all where it is empty."""

    label: Any
    where: str
    keys: tuple[Key, ...]


CAPS: Final = {
    "ctrl": "Ctrl", "alt": "Alt", "enter": "Enter", "escape": "Esc", "arrowdown": "↓", "arrowup": "↑", "v": "V",
}  # fmt: skip


def _of_page(key: str, label: Any) -> Key:
    """A key that presses what carries it in the page, before what carries it in the frame."""
    return Key(key, label, press=f'main [data-key="{key}"], .top [data-key="{key}"]')


GROUPS: Final = (
    Group(
        _("Everywhere"),
        "",
        (
            Key("/", _("Search"), focus="#search"),
            _of_page("n", _("New: of what the page shows, else the menu")),
            Key("escape", _("Close what is open; clear the selection"), tell="close"),
            Key("ctrl+enter", _("Confirm or save the form"), tell="submit"),
            Key("ctrl+s", _("Save the form; an order or quotation as a draft"), tell="save"),
            Key("ctrl+z", _("Undo what was just done"), press="[data-undo]"),
            Key("?", _("All keys"), tell="keys"),
        ),
    ),
    Group(
        _("This page"),
        "main [data-key]",
        (
            _of_page("e", _("Edit")),
            _of_page("c", _("Confirm")),
            _of_page("o", _("Order")),
            _of_page("q", _("Write quotation")),
            _of_page("p", _("Record payment")),
            _of_page("m", _("Match payments")),
            _of_page("l", _("Follow-ups")),
            _of_page("s", _("To ship")),
            _of_page("r", _("Receive all that runs low")),
        ),
    ),
    Group(
        _("Lists"),
        "[data-list]",
        (
            _of_page("f", _("Add filter")),
            Key("j", _("Next row"), tell="next-row"),
            Key("k", _("Previous row"), tell="previous-row"),
            Key("x", _("Select the row"), tell="select-row"),
            Key("enter", _("Open the row")),
        ),
    ),
    Group(
        _("Records opened from a list"),
        "[data-place]",
        (
            Key("j", _("Next record"), tell="next-row"),
            Key("k", _("Previous record"), tell="previous-row"),
            Key("u", _("Back to the list"), press='[data-place] [rel="up"]'),
        ),
    ),
    Group(
        _("Order lines"),
        "[data-linegrid]",
        (
            Key("enter", _("Next cell, from the last one the next line")),
            Key("arrowup", _("Line above")),
            Key("arrowdown", _("Line below")),
            Key("alt+arrowdown", _("Copy from above")),
            Key("ctrl+v", _("Paste rows and columns from a sheet")),
        ),
    ),
    Group(
        _("Match payments"),
        ".lines",
        (
            Key("enter", _("Accept what is proposed"), press="form[data-primary] button[value=accept]"),
            _of_page("s", _("Choose others")),
            Key("j", _("Next amount"), tell="next-row"),
            Key("k", _("Previous amount"), tell="previous-row"),
        ),
    ),
    Group(
        _("Board"),
        ".board",
        (
            Key("[", _("Move the deal a stage back")),
            Key("]", _("Move the deal a stage on")),
            Key("arrowdown", _("Next deal")),
        ),
    ),
)

# After G: the place. What is not named here is reached by the menu.
PLACES: Final = {
    "home.index": "h",
    "approvals.index": "a",
    "customers.index": "c",
    "opportunities.board": "d",
    "quotations.index": "q",
    "orders.index": "o",
    "products.index": "p",
    "stock.levels": "s",
    "stock.alerts": "l",
    "shipments.index": "t",
    "invoices.index": "i",
    "payments.index": "m",
    "payments.match": "r",
    "ledger.journal": "j",
    "ledger.tasks": "f",
    "reports.index": "e",
    "history.index": "y",
    "users.index": "u",
    "settings.company": "x",
}


def _places() -> Iterator[Key]:
    for item in (*(item for section in NAVIGATION for item in section.items), *SETTINGS):
        if item.endpoint in PLACES and item.allowed():
            yield Key(f"g {PLACES[item.endpoint]}", item.label, go=item.url())


def allowed_groups() -> list[Group]:
    """All groups, with the places the present user may open."""
    return [*GROUPS, Group(_("Go to"), "", tuple(_places()))]


def table() -> dict[str, tuple[str, str]]:
    """What the script does at each key."""
    keys = (key for group in allowed_groups() for key in group.keys)
    return {key.keys: action for key in keys if (action := key.action())}
