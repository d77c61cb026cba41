"""Asking for an approval, taking a request back, and doing what was approved."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from core.acting import person_now
from core.approvals.actions import Action, Arguments, action_of
from core.approvals.facts import LOCK_REQUEST, REQUEST, RequestFact
from core.approvals.models import ApprovalRequest, ApprovalRequestStep, RequestState
from core.approvals.require import ApprovalNeeded, Subject, Wanted, digest_of, on_record
from core.context import Actor
from core.errors import DomainError, FieldErrors, NotFound, PermissionDenied
from core.masks import as_data, shown_measure
from core.needs import needs
from core.outbox import emit
from core.plan import Plan

LONGEST_REASON = 300


@needs("approvals.read", "stock.adjust", "stock.receive")
def ask_for_approval(plan: Plan, action_name: str, arguments: Arguments, *, reason: str | None) -> dict[str, Any]:
    """Asks for what a command would be refused for. The command itself says what that is and how much: it is run
    beside this plan, and what it would write is thrown away.

    One request for each kind the command needs. Locks what the command locks. Raises PermissionDenied, InvalidInput
    beside `reason`, `approval_not_needed`, `approval_asked_already`, and what the command refuses otherwise.
    """
    action = action_of(action_name)
    if not plan.actor.may(action.permission):
        raise PermissionDenied(action.permission)
    text = checked_text("reason", reason)
    needed = _needs(plan, action, arguments)
    if not needed:
        raise DomainError("approval_not_needed")
    asked = [(refusal, refusal.wanted) for refusal in needed if not _asked_already(refusal)]
    if not asked:
        raise DomainError("approval_asked_already", **_request_of(needed[0]))
    requests = []
    for refusal, wanted in asked:
        if wanted is None:
            raise refusal
        requests.append(_write_request(plan, action, arguments, wanted, text))
    return {"id": requests[0]["id"], "requests": requests}


def _needs(plan: Plan, action: Action, arguments: Arguments) -> list[ApprovalNeeded]:
    """What the command is refused for, kind by kind."""
    needed: list[ApprovalNeeded] = []
    while True:
        beside = plan.beside(plan.assumed_approvals | {str(each.data_of("kind")) for each in needed})
        try:
            action.run(beside, arguments)
        except ApprovalNeeded as refusal:
            if not refusal.data_of("kind"):
                raise  # the rule is switched off: nothing to ask for
            needed.append(refusal)
        else:
            return needed


def _request_of(refusal: ApprovalNeeded) -> dict[str, Any]:
    return {"request": refusal.data_of("request")}


def _asked_already(refusal: ApprovalNeeded) -> bool:
    """Whether a live request covers as much; one for less is asked anew."""
    live = refusal.data_of("request")
    return bool(live) and live["measure"] >= refusal.data_of("measure")


def _write_request(plan: Plan, action: Action, arguments: Arguments, wanted: Wanted, reason: str) -> dict[str, Any]:
    subject = wanted.subject
    expires_at = plan.now + timedelta(days=wanted.rule.valid_days)
    request_id = plan.insert(
        ApprovalRequest,
        kind=wanted.kind,
        action=action.name,
        arguments=dict(arguments),
        arguments_digest=digest_of(arguments) if subject.asked is None else subject.digest,
        subject_type=subject.type,
        subject_id=subject.id,
        subject_label=subject.label,
        customer_id=subject.customer_id,
        measure=wanted.measure,
        threshold=wanted.rule.threshold,
        currency=wanted.rule.currency,
        reason=reason,
        requested_by_id=plan.actor.user_id,
        state=RequestState.OPEN,
        position=1,
        created_at=plan.now,
        expires_at=expires_at,
    )
    for step in wanted.steps:
        plan.insert(
            ApprovalRequestStep,
            request_id=request_id,
            position=step.position,
            role_id=None if step.user_id else step.role_id,
            user_id=step.user_id,
        )
    on_record(plan, "asked", request_id, subject, {"kind": wanted.kind, "measure": wanted.measure, "reason": reason})
    emit(plan, "approval_asked", request_id=request_id, position=1)
    return {
        "id": request_id,
        "kind": wanted.kind,
        "state": RequestState.OPEN,
        "subject": subject.label,
        # Kept for a repeat, so none rather than a value that the asker may not read.
        **as_data({"measure": shown_measure(wanted.kind, wanted.measure)}),
        "approvers": list(wanted.steps[0].names),
        "expires_at": expires_at,
    }


@needs("approvals.read")
def withdraw(plan: Plan, request_id: int) -> dict[str, Any]:
    """Takes a request back, by the one who asked, while it is open or approved. Raises NotFound, `approval_state`."""
    request = lock_request(plan, request_id)
    if request.requested_by_id != plan.actor.user_id:
        raise NotFound("approval_request", request_id)
    if request.state not in (RequestState.OPEN, RequestState.APPROVED):
        raise DomainError("approval_state", state=request.state)
    plan.set(ApprovalRequest, request.id, state=RequestState.WITHDRAWN, closed_at=plan.now)
    on_record(plan, "withdrawn", request.id, subject_of(request), {"kind": request.kind})
    return {"id": request.id, "state": RequestState.WITHDRAWN}


@needs("approvals.read")
def carry_out(plan: Plan, request_id: int) -> dict[str, Any]:
    """Does what was approved: the command as it was asked for, as the requester, with what he may and sees now.

    By the requester or by one who decided. The request is read without a lock, since the command locks its documents
    first and the request when it uses it. Raises NotFound, `approval_state`, `requester_left`, PermissionDenied, and
    what the command refuses.
    """
    [rows] = plan.fetch(REQUEST(request_id=request_id, user_id=plan.actor.user_id, now=plan.now))
    request = _concerned(rows, request_id, plan.actor)
    if request.requested_by_id != plan.actor.user_id and not request.has_decided:
        raise NotFound("approval_request", request_id)
    state = state_now(plan, request)
    if state != RequestState.APPROVED:
        raise DomainError("approval_state", state=state)
    with plan.acting_as(_requester(plan, request)):
        answer = action_of(request.action).run(plan, request.arguments)
    if not plan.is_changed(ApprovalRequest, request.id):  # what it was needed for has gone meanwhile
        plan.set(ApprovalRequest, request.id, state=RequestState.WITHDRAWN, closed_at=plan.now)
    on_record(plan, "carried_out", request.id, subject_of(request), {"kind": request.kind})
    return {"id": request.id, "action": request.action, "result": answer}


@needs("approvals.read")
def foresee(plan: Plan, request_id: int) -> dict[str, Any]:
    """What carrying a request out would do, for its preview: effects and warnings of the command as the requester,
    taken as approved. Writes nothing. Raises NotFound, `requester_left`, and what the command refuses."""
    [rows] = plan.fetch(REQUEST(request_id=request_id, user_id=plan.actor.user_id, now=plan.now))
    request = _concerned(rows, request_id, plan.actor)
    beside = plan.beside(frozenset((request.kind,)))
    with beside.acting_as(_requester(plan, request)):
        action_of(request.action).run(beside, request.arguments)
    plan.effects.extend(beside.effects)
    plan.warnings.extend(beside.warnings)
    return {"id": request.id}


def _requester(plan: Plan, request: RequestFact) -> Actor:
    actor = person_now(plan, request.requested_by_id)
    if actor is None:
        raise DomainError("requester_left")
    permission = action_of(request.action).permission
    if not actor.may(permission):
        raise DomainError("requester_may_not", http_status=403, name=actor.name, permission=permission)
    return actor


def _concerned(rows: list[RequestFact], request_id: int, actor: Actor) -> RequestFact:
    """The request, for who asked, decides, decided or keeps the rules; else there is none."""
    request = rows[0] if rows else None
    if request is None or not (
        request.requested_by_id == actor.user_id
        or request.principal_id is not None
        or request.fits is not None
        or request.has_decided
        or actor.may("approvals.rules")
    ):
        raise NotFound("approval_request", request_id)
    return request


def lock_request(plan: Plan, request_id: int) -> RequestFact:
    """The request under lock, as the actor meets it. Raises NotFound."""
    _, rows = plan.fetch(
        LOCK_REQUEST(request_id=request_id),
        REQUEST(request_id=request_id, user_id=plan.actor.user_id, now=plan.now),
    )
    if not rows:
        raise NotFound("approval_request", request_id)
    request: RequestFact = rows[0]
    return request


def state_now(plan: Plan, request: RequestFact) -> str:
    """The state, `expired` once its time is over."""
    live = request.state in (RequestState.OPEN, RequestState.APPROVED)
    return RequestState.EXPIRED if live and request.expires_at <= plan.now else request.state


def subject_of(request: RequestFact) -> Subject:
    return Subject(request.subject_type, request.subject_id, request.subject_label, request.customer_id)


def checked_text(name: str, text: str | None, *, required: bool = True) -> str:
    """A reason or note, cleaned. Raises InvalidInput where it is missing or too long."""
    cleaned, errors = (text or "").strip(), FieldErrors()
    if required and not cleaned:
        errors.add(name, "required")
    elif len(cleaned) > LONGEST_REASON:
        errors.add(name, "too_long", limit=LONGEST_REASON)
    errors.raise_if_any()
    return cleaned
