"""Approvals: asking, deciding, doing what was approved; deputies and rules."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from core import clock
from core.approvals.actions import ACTIONS
from core.approvals.asking import LONGEST_REASON, ask_for_approval, carry_out, foresee, withdraw
from core.approvals.deciding import decide
from core.approvals.deputies import delegate, end_delegation
from core.approvals.models import ApprovalKind, Approver, Basis, Decision, RequestState
from core.approvals.rules import change_rule
from core.queries.approvals import DELEGATIONS, RULES, RequestRow, get_request, list_requests
from crm import approvals as _commands  # noqa: F401 (registers the actions)
from crm.models import OnShort
from web.api.fields import Amount, Body, Choice, Day, Flag, Id, Integer, Many, Price, Quantity, Text
from web.api.operation import PAGING, Call, operation
from web.approvals.asked import arguments_for

REASON = Text(required=True, limit=LONGEST_REASON)
SHAPE = {
    "id": int, "kind": str, "action": str, "subject_type": str, "subject_id": int | None, "subject_label": str,
    "customer_id": int | None, "customer_name": str | None, "measure": Decimal | None, "threshold": Decimal,
    "currency": str, "reason": str, "requested_by_id": int, "requested_by": str, "state": str, "position": int,
    "steps": int, "created_at": str, "expires_at": str, "closed_at": str | None, "is_mine_to_decide": bool,
}  # fmt: skip
STEP = {
    "position": int, "role": str | None, "role_zh": str | None, "person": str | None, "decision": str | None,
    "decided_by": str | None, "on_behalf_of": str | None, "note": str | None, "decided_at": str | None,
    "approvers": [str],
}  # fmt: skip
CHANGED = {"id": int, "state": str}


def _shape(row: RequestRow) -> dict[str, Any]:
    values = row._asdict()
    values["customer_name"] = values.pop("customer")
    return values


@operation(
    "GET", "/approvals", "approvals.read", summary="Requests that concern the caller, the newest first",
    query=Body(
        kind=Choice(choices=tuple(ApprovalKind)), state=Choice(choices=tuple(RequestState)),
        to_decide=Flag(help="Those the caller may decide now."), mine=Flag(help="Those the caller asked for."),
        decided=Flag(help="Those the caller decided a step of."),
    ) | PAGING,
    answer=[SHAPE],
)  # fmt: skip
def list_approvals(call: Call) -> Any:
    query = dict(call.query)
    cursor, limit = query.pop("cursor", None), query.pop("limit", None)
    keeps_rules = call.actor.may("approvals.rules")
    page = list_requests(query, call.actor.user_id, keeps_rules=keeps_rules, cursor=cursor, limit=limit)
    return {"items": [_shape(row) for row in page.rows], "next_cursor": page.next}


@operation(
    "GET", "/approvals/{request_id}", "approvals.read", summary="One request with its steps and decisions",
    answer=SHAPE | {"step_list": [STEP]},
)  # fmt: skip
def get_approval(call: Call, request_id: int) -> Any:
    whole = get_request(request_id, call.actor.user_id, keeps_rules=call.actor.may("approvals.rules"))
    return _shape(whole.request) | {"step_list": [step._asdict() for step in whole.steps]}


@operation(
    "POST", "/approvals", "approvals.read", status=201,
    summary="Ask for what a command is refused for; the command itself says how much it is",
    body=Body(
        action=Choice(required=True, choices=tuple(sorted(ACTIONS))), reason=REASON,
        order_id=Id(help="Of `confirm_order`."),
        order_lines=Many(
            item=Body(line_id=Id(required=True), on_short=Choice(required=True, choices=tuple(OnShort)))
        ),
        quotation_id=Id(help="Of `order_quotation`."),
        invoice_id=Id(help="Of `write_off`."), amount=Amount(help="Of `write_off`."),
        why=Text(limit=LONGEST_REASON, help="The reason that a write-off or an adjustment is posted with."),
        period_id=Id(help="Of `reopen_period`."),
        warehouse_id=Id(help="Of `adjust_stock`."),
        lines=Many(
            item=Body(
                product_id=Id(required=True), quantity=Quantity(required=True), unit_cost=Price(), warehouse_id=Id()
            )
        ),
    ),
    answer={
        "id": int,
        "requests": [{
            "id": int, "kind": str, "state": str, "subject": str, "measure": Decimal | None, "approvers": [str],
            "expires_at": str,
        }],
    },
    refusals=("approval_not_needed", "approval_asked_already", "credit_exceeded"),
)  # fmt: skip
def ask_for_approval_call(call: Call) -> Any:
    given = dict(call.body)
    action, reason = given.pop("action"), given.pop("reason")
    given["on_short"] = {str(line["line_id"]): line["on_short"] for line in given.pop("order_lines", None) or ()}
    return call.run(ask_for_approval, action, arguments_for(action, given), reason=reason)


@operation(
    "POST", "/approvals/{request_id}/decide", "approvals.read", summary="Approve or refuse the step that waits",
    body=Body(
        decision=Choice(required=True, choices=tuple(Decision)), note=Text(limit=LONGEST_REASON),
        step=Integer(smallest=1, help="The step that was seen; refused when another one waits by now."),
    ),
    answer=CHANGED | {"position": int},
    refusals=("own_approval", "approval_step_first", "approval_once", "approval_state", "approval_moved_on"),
)  # fmt: skip
def decide_approval(call: Call, request_id: int) -> Any:
    body = call.body
    decision = Decision(body["decision"])
    return call.run(decide, request_id, decision, note=body.get("note"), position=body.get("step"))


@operation(
    "POST", "/approvals/{request_id}/withdraw", "approvals.read", summary="Take an own request back", body=Body(),
    answer=CHANGED, refusals=("approval_state",),
)  # fmt: skip
def withdraw_approval(call: Call, request_id: int) -> Any:
    return call.run(withdraw, request_id)


@operation(
    "POST", "/approvals/{request_id}/carry-out", "approvals.read", previewable=True,
    summary="Do what was approved, as the requester, with what he may now", body=Body(),
    answer={"id": int, "action": str, "result": object},
    refusals=("approval_state", "requester_left", "requester_may_not", "plan_changed"),
)  # fmt: skip
def carry_out_approval(call: Call, request_id: int) -> Any:
    return call.run(foresee, request_id) if call.is_preview else call.run(carry_out, request_id)


# deputies -------------------------------------------------------------------------------------------------------------
@operation(
    "GET", "/approval-deputies", "approvals.read", summary="Who stands in for the caller, and for whom he does",
    query=Body(live=Flag(help="Neither ended nor over.")) | PAGING,
    answer=[{
        "id": int, "from_user": str, "to_user": str, "is_given": bool, "since": str, "until": str,
        "ended_at": str | None,
    }],
)  # fmt: skip
def list_deputies(call: Call) -> Any:
    return call.page(DELEGATIONS, lambda row: row._asdict(), user_id=call.actor.user_id, now=clock.now())


@operation(
    "POST", "/approval-deputies", "approvals.read", status=201, summary="Let somebody decide for the caller",
    body=Body(to_user_id=Id(required=True), since=Day(help="Today when left out."), until=Day(required=True)),
    answer={"id": int, "to_user_id": int, "name": str, "since": str, "until": str},
)  # fmt: skip
def name_deputy(call: Call) -> Any:
    body = call.body
    return call.run(delegate, body["to_user_id"], since=body.get("since"), until=body["until"])


@operation(
    "POST", "/approval-deputies/{delegation_id}/end", "approvals.read", summary="End it at once", body=Body(),
    answer={"id": int, "ended_at": str}, refusals=("delegation_ended",),
)  # fmt: skip
def end_deputy(call: Call, delegation_id: int) -> Any:
    return call.run(end_delegation, delegation_id)


# rules ----------------------------------------------------------------------------------------------------------------
RULE_STEP = {
    "position": int, "approver": str, "role_id": int | None, "role": str | None, "role_zh": str | None,
    "user_id": int | None, "user": str | None, "from_measure": Decimal,
}  # fmt: skip


@operation(
    "GET", "/approval-rules", "approvals.rules", summary="What needs an approval, and whose", query=PAGING,
    answer=[{
        "id": int, "kind": str, "is_active": bool, "basis": str, "threshold": Decimal, "valid_days": int,
        "version": int, "currency": str, "steps": [RULE_STEP],
    }],
)  # fmt: skip
def list_approval_rules(call: Call) -> Any:
    return call.page(RULES, lambda row: row._asdict())


@operation(
    "PATCH", "/approval-rules/{rule_id}", "approvals.rules", summary="Change a rule; its steps all anew",
    body=Body(
        is_active=Flag(nullable=False), basis=Choice(nullable=False, choices=tuple(Basis)),
        threshold=Quantity(nullable=False), valid_days=Integer(nullable=False, smallest=1, largest=365),
        steps=Many(
            nullable=False,
            item=Body(
                approver=Choice(required=True, choices=tuple(Approver)), role_id=Id(), user_id=Id(),
                from_measure=Quantity(),
            ),
        ),
        version=Integer(smallest=1, help="The version that was read."),
    ),
    answer={"id": int, "kind": str, "is_active": bool, "version": int}, refusals=("edit_conflict",),
)  # fmt: skip
def change_approval_rule(call: Call, rule_id: int) -> Any:
    version = call.body.pop("version", None)
    return call.run(change_rule, rule_id, call.body, version=version)
