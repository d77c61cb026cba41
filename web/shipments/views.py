"""Orders to ship, shipment records, the delivery note."""

from __future__ import annotations

from typing import Any

from flask import g, make_response, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core import database as db
from core.errors import DomainError, NotFound
from crm.orders.ship import ship_order
from inventory.queries.shipments import get_shipment, shipment_lines
from web.documents.answer import answer_document
from web.documents.data import LANGUAGES
from web.effects import effect_lines
from web.http import flash_done, preview_command, run_command, see_other
from web.i18n import language
from web.limits import PDF
from web.lists.pages import show_list
from web.permissions import may
from web.sentences import sentence
from web.shipments import area
from web.shipments.listing import SHIPMENT_LIST, TO_SHIP_LIST
from web.shipments.papers import read_delivery_note


@area.route("", permission="orders.ship")
def index() -> ResponseReturnValue:
    """Orders to ship, the earliest wanted first."""
    return _list()


@area.route("/orders/<int:order_id>", permission="orders.ship")
def preview(order_id: int) -> ResponseReturnValue:
    """The list with the consequences of shipping what is reserved for one order."""
    return _list(order_id)


@area.route("/orders/<int:order_id>", permission="orders.ship", methods=["POST"], endpoint="ship")
def ship(order_id: int) -> ResponseReturnValue:
    """Ship everything that is reserved for an order."""
    g.nav = "shipments.index"
    try:
        result = run_command(ship_order, order_id)
    except DomainError as error:
        if error.code == "not_found":
            raise
        return make_response(_list(order_id, sentence(error.code, error.data)), 422)
    shipment = result["shipments"][0]
    flash_done(_("%(shipment)s for %(order)s posted", shipment=shipment["number"], order=result["number"]))
    return see_other("shipments.show", shipment_id=shipment["id"])


def _list(order_id: int | None = None, refusal: str = "") -> ResponseReturnValue:
    g.nav = "shipments.index"
    dialog: dict[str, Any] = {"effects": [], "digest": "", "number": "", "result": None}
    if order_id is not None:
        try:
            seen = preview_command(ship_order, order_id)
            shown = [effect for effect in seen.effects if effect.kind != "revenue" or may("ledger.read")]
            dialog |= {"effects": effect_lines(shown), "digest": seen.digest, "number": seen.result["number"]}
        except DomainError as error:
            if error.code == "not_found":
                raise
            refusal = refusal or sentence(error.code, error.data)
    return show_list(TO_SHIP_LIST, order_id=order_id, refusal=refusal, **dialog)


@area.route("/records", permission="stock.read")
def records() -> ResponseReturnValue:
    """Everything that was shipped or came back."""
    g.nav = "shipments.index"
    return show_list(SHIPMENT_LIST)


@area.route("/<int:shipment_id>", permission="stock.read")
def show(shipment_id: int) -> str:
    """One shipment."""
    g.nav = "shipments.index"
    with db.current().reading() as connection:
        return render_template(
            "shipments/show.html",
            shipment=get_shipment(connection, shipment_id),
            lines=shipment_lines(connection, shipment_id, chinese=language() == "zh"),
        )


@area.route("/<int:shipment_id>/delivery-note-<paper_language>.pdf", permission="stock.read", limit=PDF)
def delivery_note(shipment_id: int, paper_language: str) -> ResponseReturnValue:
    """The delivery note as PDF."""
    if paper_language not in LANGUAGES:
        raise NotFound("shipment", shipment_id)
    return answer_document(*read_delivery_note(shipment_id, paper_language), paper_language)
