"""Which cards stand on one's home page, and in what order: chosen on a page that needs no script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import Connection

from core import database as db
from core.errors import DomainError
from core.home import arrange_home, card_of_view, place_card
from web.home import area
from web.home.cards import CARDS, Card, Figure, Reader, cards_for, start_set
from web.home.reading import arrangement, reader
from web.home.saved import ViewCard, views_among
from web.http import flash_done, flash_refusal, run_command, safe_target
from web.lists.views import seen_view
from web.sentences import sentence

STEPS: Final = {"up": -1, "down": 1}


@dataclass(frozen=True)
class Choice:
    """A card as the page offers it. `source` says which list it speaks of."""

    name: str
    title: str
    source: str
    is_shown: bool

    @property
    def anchor(self) -> str:
        """Its place on the page."""
        return f"card-{self.name.replace(':', '-')}"


@area.route("/home/arrange", permission="home.read")
def arrange() -> str:
    """Every card one may have: those that stand there in their order, then the others."""
    reading = reader()
    known = _known(reading)
    standing = arrangement()
    shown = start_set(g.actor.roles or (), known) if standing is None else standing
    return _page(reading, known, [*shown, *known], shown, standing)


@area.route("/home/arrange", permission="home.read", methods=["POST"], endpoint="save_arrangement")
def save() -> ResponseReturnValue:
    """Keeps what is ticked in the order sent; a button beside a card moves it first."""
    seen = _read(request.form.get("seen", ""))
    if "reset" in request.form:
        cards: list[str] | None = None
    else:
        cards = _sent()
    try:
        run_command(arrange_home, cards, seen=seen)
    except DomainError as error:
        if error.code != "home_changed":
            flash_refusal(error)
            return redirect(url_for("home.arrange"), 303)
        return _conflict(error), 409
    moved = request.form.get("move", "").partition(":")[2]
    if moved:
        return redirect(url_for("home.arrange", _anchor=Choice(moved, "", "", True).anchor), 303)
    flash_done(_("The home page is arranged."))
    return redirect(url_for("home.arrange" if cards is None else "home.index"), 303)


@area.route("/home/views/<int:view_id>", permission="home.read", methods=["POST"])
def place_view(view_id: int) -> ResponseReturnValue:
    """Puts a saved view on one's home page, or takes it off."""
    view = seen_view(view_id)
    is_shown = request.form.get("place") != "off"
    start = start_set(g.actor.roles or (), cards_for(reader().asked))
    try:
        run_command(place_card, card_of_view(view_id), start=start, is_shown=is_shown)
    except DomainError as error:
        flash_refusal(error)
    else:
        flash_done(
            _("View %(name)s stands on your home page", name=view.name)
            if is_shown
            else _("View %(name)s is off your home page", name=view.name)
        )
    return redirect(safe_target(request.form.get("next"), url_for("home.index")), 303)


def _known(reading: Reader) -> dict[str, Card]:
    with db.current().reading() as connection:
        return _all_cards(connection, reading)


def _all_cards(connection: Connection, reading: Reader) -> dict[str, Card]:
    return {**cards_for(reading.asked), **views_among(connection)}


def _sent() -> list[str]:
    """The cards that are ticked, in the order of the form; the one whose button was pressed has gone a place up or
    down among those of its kind."""
    ticked = set(request.form.getlist("card"))
    cards = [card for card in dict.fromkeys(request.form.getlist("order")) if card in ticked]
    step, _colon, name = request.form.get("move", "").partition(":")
    return _moved(cards, name, STEPS[step]) if step in STEPS and name in ticked else cards


def _moved(cards: Sequence[str], name: str, step: int) -> list[str]:
    """The same cards with one a place further among those of its kind, which stand beside it."""
    beside = [card for card in cards if _is_figure(card) == _is_figure(name)]
    place = beside.index(name) + step if name in beside else -1
    if not 0 <= place < len(beside):
        return list(cards)
    swapped = {name: beside[place], beside[place]: name}
    return [swapped.get(card, card) for card in cards]


def _is_figure(name: str) -> bool:
    return isinstance(CARDS.get(name), Figure)


def _conflict(error: DomainError) -> str:
    """What was typed, above what stands there now, which sending it again would replace."""
    reading = reader()
    known = _known(reading)
    order = [*request.form.getlist("order"), *known]
    return _page(
        reading, known, order, request.form.getlist("card"), error.data["cards"], sentence(error.code, error.data)
    )


def _page(
    reading: Reader,
    known: dict[str, Card],
    order: Sequence[str],
    shown: Sequence[str],
    standing: Sequence[str] | None,
    refusal: str = "",
) -> str:
    choices = [_choice(known[name], reading, name in shown) for name in dict.fromkeys(order) if name in known]
    return render_template(
        "home/arrange.html",
        parts=[
            (_("Figures"), [choice for choice in choices if _is_figure(choice.name)]),
            (_("Cards"), [choice for choice in choices if not _is_figure(choice.name)]),
        ],
        seen=_written(standing),
        is_start=standing is None,
        refusal=refusal,
    )


def _choice(card: Card, reading: Reader, is_shown: bool) -> Choice:
    source = _("View of: %(list)s", list=card.page.title) if isinstance(card, ViewCard) else str(card.page.title)
    return Choice(card.name, card.title_for(reading), source, is_shown)


def _written(standing: Sequence[str] | None) -> str:
    """An arrangement as the form carries it; nothing where there is none yet."""
    return "" if standing is None else ",".join(("=", *standing))


def _read(text: str) -> list[str] | None:
    return text.split(",")[1:] if text else None
