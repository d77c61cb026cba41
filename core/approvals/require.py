"""`require`: the one gate. A command that knows its measure goes through it, or is told what it needs and from whom."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from core.approvals.facts import CANDIDATES, LIVE_FOR_UPDATE, RULE, USED_FOR, CandidateFact, LiveFact, RuleFact
from core.approvals.models import ApprovalKind, ApprovalRequest, Approver, RequestState
from core.audit import record
from core.encoding import dump_json
from core.errors import DomainError
from core.plan import Plan
from core.statements import Query

# Where whoever is alone has another way: the limit itself can be raised.
NEVER_WAIVED = frozenset((ApprovalKind.CREDIT,))
Measure = Decimal | Mapping[str, Decimal]


@dataclass(frozen=True)
class Subject:
    """What an approval is about: a record, or where none stands behind it (`id` is None), what `asked` says.

    Of a record `asked` says what of it was approved: an approval counts for no other contents.
    """

    type: str
    id: int | None
    label: str
    customer_id: int | None = None
    asked: Any = None

    @property
    def digest(self) -> str:
        return digest_of(self.asked)


@dataclass(frozen=True)
class Step:
    """A step that is needed: a role or a person, and who may decide it now."""

    position: int
    role_id: int | None
    user_id: int | None
    names: tuple[str, ...]


@dataclass(frozen=True)
class Wanted:
    """What would let a refused command pass."""

    kind: ApprovalKind
    subject: Subject
    measure: Decimal
    rule: RuleFact
    steps: tuple[Step, ...]


class ApprovalNeeded(DomainError):
    """Refused for want of an approval; `wanted` is what a request asks for, None where none can be had."""

    def __init__(self, code: str, wanted: Wanted | None, **data: Any) -> None:
        super().__init__(code, **data)
        self.wanted = wanted


def digest_of(asked: Any) -> str:
    """A digest of arguments as JSON: the same for the same, whatever the order of their names."""
    plain = json.loads(dump_json(asked))
    return hashlib.sha256(json.dumps(plain, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def rule_for(plan: Plan, kind: ApprovalKind) -> Query:
    """The rule of a kind, for a command that sends it along with its other facts."""
    return RULE(kind=kind, user_id=plan.actor.user_id)


def require(
    plan: Plan,
    kind: ApprovalKind,
    subject: Subject,
    measure: Measure,
    *,
    rules: Sequence[RuleFact] | None = None,
    refusal: DomainError | None = None,
    covered: Sequence[tuple[str, int]] = (),
) -> None:
    """Lets a command pass that needs no approval, or has one; else refuses.

    `measure` is in the kind's own unit, or one for each basis a rule may choose. An approval counts for its requester,
    its subject and at most its measure, once: it is used up in this plan. `covered` names subjects whose used approval
    covers this one too, where its contents are the same. `rules` is what `rule_for` brought, `refusal` what is raised
    instead of `approval_required`. Sends nothing but the rule's statement below the threshold. Locks requests. Raises
    ApprovalNeeded.
    """
    if kind in plan.assumed_approvals:
        return
    if rules is None:
        [rules] = plan.fetch(rule_for(plan, kind))
    if not rules:
        if refusal is not None:
            raise _needed(kind, subject, refusal, None, {})
        return
    rule = rules[0]
    amount = measure[rule.basis] if isinstance(measure, Mapping) else measure
    if amount <= rule.threshold:
        return
    places = _places(rule, amount)
    live, candidates, *used = plan.fetch(
        LIVE_FOR_UPDATE(
            kind=kind,
            user_id=plan.actor.user_id,
            subject_type=subject.type,
            subject_id=subject.id,
            digest=subject.digest,
            is_exact=subject.asked is not None,
            now=plan.now,
        ),
        CANDIDATES(
            roles=[role_id for role_id, _ in places],
            users=[user_id for _, user_id in places],
            user_id=plan.actor.user_id or 0,
            customer_id=subject.customer_id,
        ),
        *(
            USED_FOR(kind=kind, subject_type=type_, subject_id=id_, measure=amount, digest=subject.digest)
            for type_, id_ in covered
        ),
    )
    if any(used):
        return
    granted = next((each for each in live if each.state == RequestState.APPROVED and each.measure >= amount), None)
    if granted is not None:
        _use(plan, kind, subject, granted)
        return
    steps = _assign(len(places) - 1, places, candidates)
    if not steps and kind not in NEVER_WAIVED and plan.actor.user_id is not None:
        _waive(plan, kind, subject, amount)
        return
    wanted = Wanted(kind, subject, amount, rule, steps) if steps and plan.actor.user_id is not None else None
    raise _needed(kind, subject, refusal, wanted, _data(kind, rule, amount, steps, live))


def _places(rule: RuleFact, amount: Decimal) -> list[tuple[int | None, int | None]]:
    """(role, person) of each step that is needed, and the administrators behind them."""
    places: list[tuple[int | None, int | None]] = []
    for _, approver, role_id, user_id, from_measure in rule.steps:
        if amount > Decimal(from_measure):
            places.append((role_id, rule.superior_id if approver == Approver.SUPERIOR else user_id))
    return [*places, (rule.admin_role_id, None)] if places else [(rule.admin_role_id, None)] * 2


def _assign(
    count: int, places: Sequence[tuple[int | None, int | None]], candidates: Sequence[CandidateFact]
) -> tuple[Step, ...]:
    """The steps, each with another person who could decide it. One that nobody fits falls to the administrators; where
    there are fewer people than steps, the last steps are left out."""
    fitting: list[list[CandidateFact]] = [[] for _ in places]
    for candidate in candidates:
        fitting[candidate.place - 1].append(candidate)
    chosen = [index if fitting[index] else count for index in range(count) if fitting[index] or fitting[count]]
    while chosen and not _distinct([{each.user_id for each in fitting[index]} for index in chosen]):
        if chosen[-1] != count:
            chosen[-1] = count
        else:
            chosen.pop()
    return tuple(
        Step(position, *places[index], tuple(dict.fromkeys(each.name for each in fitting[index])))
        for position, index in enumerate(chosen, start=1)
    )


def can_all_be_decided(steps: Sequence[Sequence[int]]) -> bool:
    """Whether each step, given by those who may decide it, can have a person of its own."""
    return _distinct([set(people) for people in steps])


def _distinct(sets: Sequence[set[int]], taken: frozenset[int] = frozenset()) -> bool:
    """Whether every set can give a person of its own."""
    if not sets:
        return True
    return any(_distinct(sets[1:], taken | {person}) for person in sets[0] - taken)


def _use(plan: Plan, kind: ApprovalKind, subject: Subject, granted: LiveFact) -> None:
    """Uses an approval up. The row is locked; should its state not be `approved` all the same, the database raises."""
    plan.set(ApprovalRequest, granted.id, state=RequestState.USED, closed_at=plan.now)
    plan.effect("approval", approval=kind, name=granted.approved_by, at=granted.approved_at)
    on_record(plan, "used", granted.id, subject, {"kind": kind, "approved_by": granted.approved_by})


def _waive(plan: Plan, kind: ApprovalKind, subject: Subject, amount: Decimal) -> None:
    plan.warn("sole_approver", approval=kind, measure=amount)
    note = {"kind": kind, "measure": amount, "reason": "sole administrator"}
    record(plan, "approval.waived", subject.type, subject.id or 0, label=subject.label, changes=note)


def on_record(plan: Plan, verb: str, request_id: int, subject: Subject, changes: Mapping[str, Any]) -> None:
    """Audit rows of a request: its own, and one on the record it is about, where there is one."""
    record(plan, f"approval.{verb}", "approval_request", request_id, label=subject.label, changes=changes)
    if subject.id is not None:
        about = {**changes, "request_id": request_id}
        record(plan, f"approval.{verb}", subject.type, subject.id, label=subject.label, changes=about)


def _data(
    kind: ApprovalKind, rule: RuleFact, amount: Decimal, steps: Sequence[Step], live: Sequence[LiveFact]
) -> dict[str, Any]:
    """What the refusal says: how much it is and may be, who may approve, and what was asked already."""
    return {
        "kind": kind,
        "measure": amount,
        "limit": rule.threshold,
        "currency": rule.currency,
        "can_be_asked": bool(steps),
        "approvers": list(steps[0].names) if steps else [],
        "steps": [{"position": step.position, "approvers": list(step.names)} for step in steps],
        "request": _as_data(kind, live[-1]) if live else None,
    }


def _as_data(kind: ApprovalKind, live: LiveFact) -> dict[str, Any]:
    expires_at: datetime = live.expires_at
    return {"id": live.id, "kind": kind, "state": live.state, "measure": live.measure, "expires_at": expires_at}


def _needed(
    kind: ApprovalKind, subject: Subject, refusal: DomainError | None, wanted: Wanted | None, data: dict[str, Any]
) -> ApprovalNeeded:
    """The refusal, which is kept in the audit trail: somebody tried."""
    if refusal is None:
        error = ApprovalNeeded("approval_required", wanted, subject=subject.label, **data)
    else:
        error = ApprovalNeeded(refusal.code, wanted, **refusal.data, approval=data or None)
    measure = data.get("measure")
    error.keep("approval.missing", subject.type, subject.id or 0, label=subject.label, kind=kind, measure=measure)
    return error
