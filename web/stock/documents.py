"""Receipts and adjustments: list, record, and the form with its preview."""

from __future__ import annotations

from typing import Any

from flask import g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core import database as db
from core.approvals.asking import ask_for_approval
from core.errors import DomainError, FieldError, InvalidInput
from inventory.documents import StockLine, adjust_stock, receive_stock
from inventory.queries.lookup import ProductMatch, find_products
from inventory.queries.stock import get_document
from web.approvals.asked import approval_of, arguments_for
from web.effects import effect_lines
from web.http import apply_line_errors, flash_done, preview_command, run_command, see_other
from web.i18n import language
from web.lists.address import text_of
from web.lists.pages import show_list
from web.payments.rows import back_to, carried_values
from web.sentences import sentence
from web.stock import area
from web.stock.forms import StockForm
from web.stock.listing import DOCUMENT_LIST

KINDS = {"receipt": receive_stock, "adjustment": adjust_stock}


@area.route("/documents", permission="stock.read")
def documents() -> ResponseReturnValue:
    """All receipts and adjustments."""
    g.nav = "stock.levels"
    return show_list(DOCUMENT_LIST)


@area.route("/documents/<int:document_id>", permission="stock.read")
def document(document_id: int) -> str:
    """One receipt or adjustment."""
    g.nav = "stock.levels"
    with db.current().reading() as connection:
        record, lines = get_document(connection, document_id, chinese=language() == "zh")
    return render_template("stock/document.html", document=record, lines=lines)


@area.route("/receipts/new", permission="stock.receive")
def new_receipt() -> str:
    """Empty form; `product` and `quantity` of the address fill the first line."""
    return _new("receipt")


@area.route("/receipts/new", permission="stock.receive", methods=["POST"], endpoint="receive")
def receive() -> ResponseReturnValue:
    """Preview or post a receipt."""
    return _submit("receipt")


@area.route("/adjustments/new", permission="stock.adjust")
def new_adjustment() -> str:
    """Empty form."""
    return _new("adjustment")


@area.route("/adjustments/new", permission="stock.adjust", methods=["POST"], endpoint="adjust")
def adjust() -> ResponseReturnValue:
    """Preview or post an adjustment."""
    return _submit("adjustment")


def _new(kind: str) -> str:
    if "lines-0-product" in request.args:
        return _page(kind, _of_kind(kind, StockForm(formdata=request.args)))
    form = _of_kind(kind, StockForm(formdata=None))
    form.lines.entries[0].form.product.data = text_of("product")
    form.lines.entries[0].form.quantity.raw_data = [text_of("quantity")] if text_of("quantity") else None
    return _page(kind, form)


def _of_kind(kind: str, form: StockForm) -> StockForm:
    """The form as it is shown: only a receipt has a supplier."""
    if kind != "receipt":
        del form.supplier_id
    return form


def _submit(kind: str) -> ResponseReturnValue:
    form, preview = _of_kind(kind, StockForm()), None
    needed: dict[str, Any] | None = None
    if form.validate():
        indices: list[int] = []
        try:
            asked = _asked(kind, form, indices)
            if kind == "adjustment" and request.form.get("step") == "ask":
                reason = request.form.get("approval_reason", "")
                result = run_command(ask_for_approval, "adjust_stock", _as_arguments(asked), reason=reason)
                flash_done(_("Approval asked for"))
                return see_other("approvals.show", request_id=result["id"])
            if request.form.get("step") == "post":
                result = run_command(KINDS[kind], **asked)
                flash_done(_("%(number)s posted", number=result["number"]))
                return see_other("stock.document", document_id=result["id"])
            preview = preview_command(KINDS[kind], **asked)
        except DomainError as error:
            needed = approval_of(error)
            _place(form, error, indices)
            if error.code == "plan_changed":
                preview = preview_command(KINDS[kind], **asked)
    page = _page(kind, form, preview, needed)
    return page if preview is not None and not form.form_errors else (page, 422)


def _asked(kind: str, form: StockForm, indices: list[int]) -> dict[str, Any]:
    """What the command takes; `indices` gets the form's row of each line. Raises InvalidInput for unknown products."""
    rows = [(index, entry.form) for index, entry in enumerate(form.lines.entries)]
    filled = [(index, row) for index, row in rows if (row.product.data or "").strip()]
    with db.current().reading() as connection:
        found = find_products(connection, [row.product.data.strip() for _index, row in filled], None)
    faults: dict[str, FieldError] = {}
    lines = []
    for index, row in filled:
        product = found.get(row.product.data.strip())
        if not isinstance(product, ProductMatch):
            faults[f"lines.{index}.product"] = FieldError("product_unknown")
        elif row.quantity.data is None:
            faults[f"lines.{index}.quantity"] = FieldError("required")
        else:
            lines.append(StockLine(product.id, row.quantity.data, row.price.data))
            indices.append(index)
    if not filled:
        faults["lines.0.product"] = FieldError("required")
    if faults:
        indices.clear()
        raise InvalidInput(faults)
    asked: dict[str, Any] = {
        "lines": lines,
        "warehouse_id": form.id_in("warehouse_id"),
        "reason": form.reason.data or "",
    }
    if kind == "receipt":
        asked |= {"supplier_id": form.id_in("supplier_id"), "reason": form.reason.data or None}
    return asked


def _place(form: StockForm, error: DomainError, indices: list[int]) -> None:
    """Put a refusal beside the rows it names: short lines beside their quantity, faults beside their field."""
    if error.code == "insufficient_stock":
        for short in error.data["shortages"]:
            row = form.lines.entries[indices[short["position"] - 1]].form
            row.quantity.errors = [*row.quantity.errors, sentence("short_line", short)]
        form.form_errors = [*form.form_errors, _("Not adjusted: what is reserved for orders cannot be taken out.")]
        return
    apply_line_errors(form, error, indices)


def _as_arguments(asked: dict[str, Any]) -> dict[str, Any]:
    """An adjustment as a request keeps it."""
    lines = [
        {
            "product_id": line.product_id,
            "quantity": str(line.quantity),
            "unit_cost": None if line.unit_cost is None else str(line.unit_cost),
        }
        for line in asked["lines"]
    ]
    return arguments_for(
        "adjust_stock", {"lines": lines, "warehouse_id": asked["warehouse_id"], "why": asked["reason"]}
    )


def _page(kind: str, form: StockForm, preview: Any = None, needed: dict[str, Any] | None = None) -> str:
    g.nav = "stock.levels"
    with db.current().reading() as connection:
        form.offer(connection)
    return render_template(
        "stock/form.html",
        form=form,
        kind=kind,
        needed=needed,
        effects=effect_lines(preview.effects) if preview else [],
        digest=preview.digest if preview else "",
        carried=carried_values(step="post") if preview else {},
        back=back_to("stock.new_receipt" if kind == "receipt" else "stock.new_adjustment") if preview else "",
    )
