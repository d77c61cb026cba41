"""What a person can do from the search box besides opening a record: make something new, go somewhere."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from flask import current_app
from flask_babel import force_locale
from flask_babel import lazy_gettext as _

from core.normalise import search_text
from core.queries.words import words_of
from web.i18n import LANGUAGES
from web.navigation import NAVIGATION, NEW, SETTINGS, Item

FEW = 6
MOST = 12


class Command(NamedTuple):
    """A line of the box: its label, icon and address."""

    label: str
    icon: str
    url: str


_NEW_LABELS = {
    "customers.new": _("New customer…"),
    "opportunities.new": _("New opportunity…"),
    "quotations.new": _("New quotation…"),
    "orders.new": _("New order…"),
    "payments.new": _("New payment…"),
    "products.new": _("New product…"),
}
# Pages that stand in no menu.
PLACES = (
    Item("suppliers.index", "truck", _("Suppliers")),
    Item("activities.index", "task", _("Activities")),
    Item("stock.moves", "swap", _("Stock moves")),
    Item("stock.documents", "doc", _("Stock documents")),
    Item("warehouses.index", "store", _("Warehouses")),
    Item("ledger.accounts", "group", _("Chart of accounts")),
    Item("ledger.periods", "clock", _("Periods")),
    Item("ledger.trial_balance", "chart", _("Trial balance")),
    Item("settings.show_terms", "gear", _("Payment terms")),
    Item("settings.show_mail", "gear", _("Outgoing mail")),
    Item("settings.show_rules", "gear", _("Approval rules")),
    Item("settings.show_sign_in", "gear", _("Signing in")),
    Item("account.index", "user", _("My account")),
    Item("account.tokens", "user", _("API tokens")),
    Item("menu.index", "more", _("All places")),
)


def _items() -> Iterator[tuple[Item, Any]]:
    for item in NEW:
        yield item, _NEW_LABELS[item.endpoint]
    for section in NAVIGATION:
        yield from ((item, item.label) for item in section.items)
    yield from ((item, item.label) for item in (*SETTINGS, *PLACES))


@lru_cache(maxsize=256)
def _found_by(endpoint: str, languages: tuple[str, ...]) -> str:
    """What an item is found by: its label in every language, pinyin and initials of the Chinese one."""
    label = next(label for item, label in _items() if item.endpoint == endpoint)
    texts = []
    for language in languages:
        with force_locale(language):
            texts.append(str(label))
    return " " + search_text(*texts)


def commands(text: str) -> list[Command]:
    """The commands of the signed-in person that a text means; without a text the first few."""
    words = words_of(text)
    found = [
        Command(str(label), "plus" if item in NEW else item.icon, item.url())
        for item, label in _items()
        if item.endpoint in current_app.view_functions
        and all(f" {word}" in _found_by(item.endpoint, LANGUAGES) or _is_inside(word, item) for word in words)
        and item.allowed()
    ]
    return found[: FEW if words else MOST]


def _is_inside(word: str, item: Item) -> bool:
    """Chinese words and longer ones may stand anywhere in a label."""
    return (not word.isascii() or len(word) > 1) and word in _found_by(item.endpoint, LANGUAGES)
