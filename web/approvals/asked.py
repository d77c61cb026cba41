"""The arguments of what is asked for, from a form or a call: by name, each action its own, anything else refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.approvals.actions import ACTIONS
from core.errors import DomainError, FieldError, InvalidInput

NEEDED: dict[str, tuple[str, ...]] = {
    "confirm_order": ("order_id",),
    "order_quotation": ("quotation_id",),
    "write_off": ("invoice_id", "amount", "why"),
    "adjust_stock": ("lines", "why"),
    "reopen_period": ("period_id",),
}
ALLOWED: dict[str, tuple[str, ...]] = {"confirm_order": ("on_short",), "adjust_stock": ("warehouse_id",)}


def arguments_for(action: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What the action takes of what was given. Raises InvalidInput for what is missing or does not belong to it."""
    if action not in ACTIONS:
        raise InvalidInput({"action": FieldError("unknown_choice", {"choices": sorted(ACTIONS)})})
    there = {name: value for name, value in given.items() if value not in (None, "", [], {})}
    wanted = (*NEEDED[action], *ALLOWED.get(action, ()))
    faults = {name: FieldError("required") for name in NEEDED[action] if name not in there}
    faults |= {name: FieldError("unknown_field") for name in there if name not in wanted}
    if faults:
        raise InvalidInput(faults)
    return there


def approval_of(error: DomainError) -> dict[str, Any] | None:
    """What a refusal says about an approval that could be asked for; None where it has nothing to do with one."""
    if error.code == "approval_required":
        return dict(error.data)
    return error.data.get("approval") or None
