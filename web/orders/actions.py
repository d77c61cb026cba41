"""Confirming an order, and what follows: ship, cancel, return, invoice, credit. Each shows first what it would do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from flask import g, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from core import database as db
from core.errors import DomainError
from core.money import LARGEST_AMOUNT
from crm.orders.confirm import confirm_order
from crm.queries.order_page import OrderPage, order_page
from web.approvals.asked import approval_of
from web.effects import effect_lines
from web.filters import plain, plain_money
from web.forms import read_number, text_fault
from web.http import flash_done, named_row, preview_command, run_command, see_other
from web.orders import area
from web.orders.specs import ACTIONS, LONGEST, TEXT_LABELS, Action
from web.orders.views import record_page
from web.permissions import may
from web.sentences import sentence

PREFIX = "quantity-"
UNPROCESSABLE = 422


@area.route("/<int:order_id>", permission="orders.read")
def show(order_id: int) -> str:
    """One order; `preview=confirm` shows what confirming would do."""
    if request.args.get("preview") == "confirm" and may("orders.confirm"):
        return record_page(order_id, dialog=confirm_dialog(order_id, request.args))
    return record_page(order_id)


@area.route("/<int:order_id>/confirm", permission="orders.confirm", methods=["POST"])
def confirm(order_id: int) -> ResponseReturnValue:
    """Confirm a draft: reserve, post the receivable. What changed since the preview shows the new preview."""
    try:
        result = run_command(confirm_order, order_id, on_short=_on_short(order_id, request.form))
    except DomainError as error:
        if error.http_status == 404:
            raise
        page = record_page(order_id, dialog=confirm_dialog(order_id, request.form, error))
        return page, UNPROCESSABLE if error.http_status < UNPROCESSABLE else error.http_status
    flash_done(_("Order %(number)s confirmed", number=result["number"]))
    return see_other("orders.show", order_id=order_id)


def _on_short(order_id: int, asked: Mapping[str, str]) -> dict[int, str] | None:
    """Back-order whatever is short, when that way out was taken in the preview."""
    if asked.get("short") != "back_order":
        return None
    with db.current().reading() as connection:
        lines = order_page(connection, order_id).lines
    return {line.id: "back_order" for line in lines if not line.is_service}


def confirm_dialog(order_id: int, asked: Mapping[str, str], refusal: DomainError | None = None) -> dict[str, Any]:
    """What the confirmation's dialog shows: effects and digest, or why it cannot be done and the way out."""
    back_order = asked.get("short") == "back_order"
    dialog: dict[str, Any] = {"kind": "confirm", "back_order": back_order, "values": {"short": "back_order"}}
    dialog["changed"] = sentence(refusal.code, refusal.data) if refusal is not None else ""
    if not back_order:
        dialog["values"] = {}
    try:
        preview = preview_command(confirm_order, order_id, on_short=_on_short(order_id, asked))
    except DomainError as error:
        dialog["refusal"] = _all_sentences(error)
        dialog["code"] = error.code
        dialog["needed"] = approval_of(error)
        return dialog
    return dialog | {
        "effects": effect_lines(preview.effects),
        "warnings": effect_lines(preview.warnings),
        "digest": preview.digest,
    }


def _all_sentences(error: DomainError) -> str:
    """The refusal; of single lines each one's sentence."""
    if error.fields:
        return " ".join(dict.fromkeys(sentence(fault.code, fault.data) for fault in error.fields.values()))
    return sentence(error.code, error.data)


# line by line ---------------------------------------------------------------------------------------------------------
class Asked:
    """What somebody wants of each line: as typed, as numbers, and what is wrong with it."""

    def __init__(self, action: Action, page: OrderPage, values: Mapping[str, str]) -> None:
        self.typed: dict[int, str] = {}
        self.numbers: dict[int, Decimal] = {}
        self.errors: dict[int, str] = {}
        self.texts = {name: values.get(name, "") for name in action.texts}
        self.text_errors = {
            name: fault for name, text in self.texts.items() if (fault := text_fault(text, LONGEST[name]))
        }
        if "carrier" in self.texts and "carrier" not in values:
            self.texts["carrier"] = page.order.carrier or ""
        for line in page.lines:
            most = action.most(line)
            if most <= 0:
                continue
            written = plain_money if action.is_money else plain
            usual = written(action.usual(line)) if action.usual(line) > 0 else ""
            text = values.get(f"{PREFIX}{line.id}", usual).strip()
            self.typed[line.id] = text
            try:
                number = read_number(text, places=action.places, largest=LARGEST_AMOUNT) if text else Decimal(0)
            except ValueError as fault:
                self.errors[line.id] = str(fault)
                continue
            if number < 0:
                self.errors[line.id] = sentence("negative")
            else:
                self.numbers[line.id] = number

    @property
    def is_valid(self) -> bool:
        return not self.errors and not self.text_errors

    def take(self, error: DomainError, ids: list[int]) -> str:
        """Puts a refusal beside the lines it names; answers the sentence for above the form, if any is left."""
        left = []
        for name, fault in error.fields.items():
            text, line_id = sentence(fault.code, fault.data), named_row(name, ids)
            if line_id is not None:
                self.errors[line_id] = text
            elif name in self.texts:
                self.text_errors[name] = text
            else:
                left.append(text)
        if error.fields:
            return " ".join(left)
        return sentence(error.code, error.data)


def _show(action: Action, order_id: int, values: Mapping[str, str], refusal: str = "", *, preview: bool) -> str:
    with db.current().reading() as connection:
        page = order_page(connection, order_id)
    if not action.may_now(page) and not refusal:
        needed = ["confirmed"] if action.name in ("ship", "cancel") else ["confirmed", "done"]
        if page.order.state not in needed:
            raise DomainError("order_state", number=page.order.number, state=page.order.state, needed=needed)
    asked = Asked(action, page, values)
    dialog: dict[str, Any] | None = None
    if preview and asked.is_valid:
        arguments = action.arguments(asked.numbers, asked.texts)
        try:
            found = preview_command(action.command, order_id, **_whole(action, page, arguments))
            dialog = {
                "effects": effect_lines(found.effects),
                "warnings": effect_lines(found.warnings),
                "digest": found.digest,
                "values": {f"{PREFIX}{identity}": text for identity, text in asked.typed.items()} | asked.texts,
            }
        except DomainError as error:
            refusal = asked.take(error, [identity for identity, amount in asked.numbers.items() if amount]) or refusal
    g.nav = "orders.index"
    return render_template(
        "orders/action.html",
        **vars(page),
        page=page,
        action=action,
        asked=asked,
        dialog=dialog,
        refusal=refusal,
        text_labels=TEXT_LABELS,
        longest=LONGEST,
        prefix=PREFIX,
    )


def _whole(action: Action, page: OrderPage, arguments: dict[str, Any]) -> dict[str, Any]:
    """A draft is discarded as a whole; so is anything where nothing was said about lines."""
    return arguments | {"lines": None} if page.order.state == "draft" and action.whole else arguments


def _views(action: Action) -> tuple[Callable[[int], ResponseReturnValue], Callable[[int], ResponseReturnValue]]:
    def ask(order_id: int) -> ResponseReturnValue:
        return _show(action, order_id, request.args, preview="preview" in request.args)

    def act(order_id: int) -> ResponseReturnValue:
        with db.current().reading() as connection:
            page = order_page(connection, order_id)
        asked = Asked(action, page, request.form)
        if not asked.is_valid:
            return _show(action, order_id, request.form, preview=False), UNPROCESSABLE
        arguments = _whole(action, page, action.arguments(asked.numbers, asked.texts))
        try:
            result = run_command(action.command, order_id, **arguments)
        except DomainError as error:
            if error.http_status == 404:
                raise
            ids = [identity for identity, amount in asked.numbers.items() if amount]
            return _show(action, order_id, request.form, asked.take(error, ids), preview=True), UNPROCESSABLE
        flash_done(str(action.done) % {"number": result["number"]})
        return see_other("orders.show", order_id=order_id)

    ask.__doc__ = f"Quantities and preview of: {action.name}."
    act.__doc__ = f"Do it: {action.name}."
    return ask, act


for _action in ACTIONS.values():
    _ask, _act = _views(_action)
    _rule = f"/<int:order_id>/{_action.name}"
    area.add_url_rule(_rule, f"ask_{_action.name}", _ask, permission=_action.permission)
    area.add_url_rule(_rule, _action.name, _act, permission=_action.permission, methods=["POST"])
