"""Deciding a request, step by step."""

from __future__ import annotations

from typing import Any

from core.approvals.asking import checked_text, lock_request, state_now, subject_of
from core.approvals.facts import RequestFact
from core.approvals.models import ApprovalDecision, ApprovalRequest, Decision, RequestState
from core.approvals.require import on_record
from core.errors import DomainError, NotFound
from core.needs import needs
from core.outbox import emit
from core.plan import Plan


@needs("approvals.read")
def decide(
    plan: Plan, request_id: int, decision: Decision, *, note: str | None = None, position: int | None = None
) -> dict[str, Any]:
    """Approves or refuses the step that a request waits for; `position` is the step the decider was shown.

    The last step's approval approves the request, any refusal ends it and needs a note. Locks the request. Whoever may
    not decide is refused, and that he tried is kept in the audit trail: `own_approval` for the requester,
    `approval_step_first` for somebody of a later step, `approval_once` for who has decided a step already, else
    NotFound. Raises `approval_state`, `approval_moved_on`, InvalidInput beside `note`.
    """
    request = lock_request(plan, request_id)
    _check_decider(plan, request)
    state = state_now(plan, request)
    if state != RequestState.OPEN:
        raise DomainError("approval_state", state=state)
    if position is not None and position != request.position:
        raise DomainError("approval_moved_on", position=request.position)
    text = checked_text("note", note, required=decision == Decision.REFUSED)
    principal = request.principal_id
    plan.insert(
        ApprovalDecision,
        request_id=request.id,
        position=request.position,
        decided_by_id=plan.actor.user_id,
        on_behalf_of_id=None if principal == plan.actor.user_id else principal,
        decision=decision,
        note=text or None,
        decided_at=plan.now,
    )
    after = _after(plan, request, decision)
    changes = {
        "kind": request.kind,
        "step": request.position,
        "on_behalf_of_id": None if principal == plan.actor.user_id else principal,
        "reason": text or None,
    }
    on_record(plan, str(Decision(decision)), request.id, subject_of(request), changes)
    return {"id": request.id, "state": after, "position": request.position}


def _check_decider(plan: Plan, request: RequestFact) -> None:
    """Refuses who may not decide now; the refusal is kept."""
    state = state_now(plan, request)
    if request.requested_by_id == plan.actor.user_id:
        error = DomainError("own_approval", http_status=403)
    elif request.fits is None and not request.has_decided:
        error = NotFound("approval_request", request.id)
    elif request.principal_id is not None or state != RequestState.OPEN:
        return
    elif request.has_decided:
        error = DomainError("approval_once", http_status=403)
    elif request.fits is not None and request.fits > request.position:
        error = DomainError("approval_step_first", http_status=403, position=request.position)
    else:  # he fits only as the deputy of who asked
        error = DomainError("own_approval", http_status=403)
    raise error.keep(
        "approval.refused_try", "approval_request", request.id, label=request.subject_label, code=error.code,
        step=request.position,
    )  # fmt: skip


def _after(plan: Plan, request: RequestFact, decision: Decision) -> RequestState:
    """Moves the request on and tells whom it concerns."""
    if decision == Decision.REFUSED:
        plan.set(ApprovalRequest, request.id, state=RequestState.REFUSED, closed_at=plan.now)
        emit(plan, "approval_decided", request_id=request.id, state=RequestState.REFUSED)
        return RequestState.REFUSED
    if request.position < request.last_position:
        plan.set(ApprovalRequest, request.id, position=request.position + 1)
        emit(plan, "approval_asked", request_id=request.id, position=request.position + 1)
        return RequestState.OPEN
    plan.set(ApprovalRequest, request.id, state=RequestState.APPROVED)
    emit(plan, "approval_decided", request_id=request.id, state=RequestState.APPROVED)
    return RequestState.APPROVED
