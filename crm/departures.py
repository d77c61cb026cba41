"""Somebody leaves: out at once, with all that is his planned for others; `crm.departure_job` then moves it.

The person's row is locked FOR UPDATE while he is made inactive; whoever gives him a customer, a share or something to
do shares that row first (FOR KEY SHARE). So what is given to him is either here already and moves too, or is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from sqlalchemy import select

from core.approvals.leaving import end_approvals_of
from core.audit import record
from core.errors import DomainError, FieldErrors, NotFound, existing
from core.leaving import Departure, DepartureCustomer
from core.needs import needs
from core.normalise import clean
from core.organization import OrgUnit, User
from core.outbox import emit
from core.plan import Plan
from core.sessions import LIVE, end_sessions
from core.statements import statement
from core.trace import OutboxEvent, OutboxState
from core.users import refuse_last_administrator
from crm.owners import LOCK_USERS, UserFact

LONGEST_REASON = 300


class LeaversCustomer(NamedTuple):
    id: int
    name: str
    region: str | None
    industry: str | None


class LeaversWork(NamedTuple):
    """What goes along with the customers, and what else ends or moves."""

    opportunities: int
    quotations: int
    draft_orders: int
    open_orders: int
    activities: int
    shares: int
    reports: int
    sessions: int
    tokens: int


CUSTOMERS = statement(
    "departures.customers",
    "SELECT id, name, region, industry FROM customer WHERE owner_id = %(user_id)s::bigint ORDER BY id",
    tables="customer",
    scope="system",
    fact=LeaversCustomer,
)
WORK = statement(
    "departures.work",
    f"""
    SELECT (SELECT count(*) FROM opportunity WHERE owner_id = %(user_id)s::bigint AND stage_kind = 'open'),
           (SELECT count(*) FROM quotation WHERE owner_id = %(user_id)s::bigint AND state IN ('draft', 'sent')),
           (SELECT count(*) FROM sales_order WHERE owner_id = %(user_id)s::bigint AND state = 'draft'),
           (SELECT count(*) FROM sales_order WHERE owner_id = %(user_id)s::bigint AND state = 'confirmed'),
           (SELECT count(*) FROM activity WHERE owner_id = %(user_id)s::bigint AND done_at IS NULL),
           (SELECT count(*) FROM customer_share WHERE user_id = %(user_id)s::bigint AND ended_at IS NULL),
           (SELECT count(*) FROM app_user WHERE reports_to_id = %(user_id)s::bigint AND is_active),
           (SELECT count(*) FROM user_session AS session CROSS JOIN company
             WHERE session.user_id = %(user_id)s::bigint AND {LIVE}),
           (SELECT count(*) FROM api_token WHERE user_id = %(user_id)s::bigint AND ended_at IS NULL)
    """,  # noqa: S608 (a predicate of ours)
    tables="opportunity quotation sales_order activity customer_share app_user user_session company api_token",
    scope="system",
    fact=LeaversWork,
)
# Before the person himself, as the worker does, who shares an heir's row with the departure's locked.
LOCK_FOLLOWED = statement(
    "departures.lock_followed",
    "SELECT id FROM departure WHERE delegate_id = %(user_id)s::bigint ORDER BY id FOR NO KEY UPDATE",
    tables="departure",
    scope="system",
)
# Whoever was to take over from somebody else and leaves himself is followed by his own heir there too.
FOLLOW_AS_HEIR = statement(
    "departures.follow_as_heir",
    """
    UPDATE departure_customer SET heir_id = %(heir_id)s::bigint WHERE heir_id = %(user_id)s::bigint AND done_at IS NULL
    """,
    tables="departure_customer",
    scope="by_root",
)
FOLLOW_AS_DELEGATE = statement(
    "departures.follow_as_delegate",
    """
    UPDATE departure SET delegate_id = %(heir_id)s::bigint, version = version + 1
     WHERE delegate_id = %(user_id)s::bigint AND user_id <> %(heir_id)s::bigint RETURNING id
    """,
    tables="departure",
    scope="system",
)
RUNNING_EVENT = statement(
    "departures.running_event",
    """
    SELECT departure.id, event.id, event.state FROM departure JOIN outbox_event AS event ON event.id = event_id
     WHERE user_id = %(user_id)s::bigint AND departure.state = 'running' FOR UPDATE OF event
    """,
    tables="departure outbox_event",
    scope="system",
)


@dataclass(frozen=True)
class HeirGroup:
    """Customers of a region, of an industry ("" is none), or named ones, and who takes them over."""

    heir_id: int
    region: str | None = None
    industry: str | None = None
    customer_ids: tuple[int, ...] = ()

    def holds(self, customer: LeaversCustomer) -> bool:
        if self.region is not None:
            return (customer.region or "") == self.region
        if self.industry is not None:
            return (customer.industry or "") == self.industry
        return customer.id in self.customer_ids


@dataclass(frozen=True)
class Heirs:
    """Who gets what: the first group that holds a customer decides, the rest is shared out evenly among `heir_ids`.

    The first of `heir_ids` also gets shares and what arrives later; `reports_to_id` the people who reported to him (his
    own superior where nobody is named).
    """

    heir_ids: Sequence[int]
    groups: Sequence[HeirGroup] = ()
    reports_to_id: int | None = None

    @property
    def everybody(self) -> list[int]:
        ids = [*self.heir_ids, *(group.heir_id for group in self.groups)]
        return list(dict.fromkeys(ids if self.reports_to_id is None else [*ids, self.reports_to_id]))

    def share_out(self, customers: Sequence[LeaversCustomer]) -> dict[int, int]:
        """The heir of each customer, by id."""
        taken: dict[int, int] = {}
        for customer in customers:
            group = next((group for group in self.groups if group.holds(customer)), None)
            if group is not None:
                taken[customer.id] = group.heir_id
        counts = Counter(taken.values())
        for customer in customers:
            if customer.id not in taken:
                heir_id = min(self.heir_ids, key=lambda heir: (counts[heir], self.heir_ids.index(heir)))
                counts[heir_id] += 1
                taken[customer.id] = heir_id
        return taken


@needs("users.manage")
def survey_leaver(plan: Plan, user_id: int) -> dict[str, Any]:
    """What somebody has in hand, for who plans his departure; writes nothing. Raises NotFound."""
    plan.see_everything()
    user = plan.session.get(User, user_id)
    if user is None:
        raise NotFound("user", user_id)
    customers, [work] = plan.fetch(CUSTOMERS(user_id=user_id), WORK(user_id=user_id, now=plan.now))
    return {"customers": customers, "work": work}


@needs("users.manage")
def start_departure(plan: Plan, user_id: int, heirs: Heirs, reason: str | None) -> dict[str, Any]:
    """Puts somebody out at once and plans what of his goes to whom; the rest is done by a worker, batch by batch.

    In this transaction he is made inactive, his sessions and tokens end, whoever reported to him reports to somebody
    else, and approvals that only he could give are given back to who asked. Locks the departures he follows, the
    person, his heirs (shared), requests for approval. Raises NotFound, InvalidInput
    beside the field, `already_left`, `departure_of_yourself`, `last_administrator`.
    """
    plan.see_everything()  # whoever manages users hands over all of one who leaves
    plan.fetch(LOCK_FOLLOWED(user_id=user_id))
    user = plan.session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None:
        raise NotFound("user", user_id)
    if user.id == plan.actor.user_id:
        raise DomainError("departure_of_yourself")
    if not user.is_active:
        raise DomainError("already_left", user_id=user.id, name=user.name)
    refuse_last_administrator(plan, user)
    people = _checked(plan, user, heirs, reason)
    customers, [work] = plan.fetch(CUSTOMERS(user_id=user_id), WORK(user_id=user_id, now=plan.now))
    _check_groups(heirs, customers)
    taken = heirs.share_out(customers)
    departure_id = _write(plan, user, heirs, clean(reason) or "", taken)
    superior = _pass_on_people(plan, user, heirs, people)
    user.is_active = False
    plan.session.flush()
    end_sessions(plan, user.id)
    heir_id = heirs.heir_ids[0]
    _, followed = plan.fetch(
        FOLLOW_AS_HEIR(heir_id=heir_id, user_id=user.id), FOLLOW_AS_DELEGATE(heir_id=heir_id, user_id=user.id)
    )
    for (followed_id,) in followed:
        record(plan, "departure.changed", "departure", followed_id, changes={"delegate_id": [user.id, heir_id]})
    _tell(plan, user, heirs, people, taken, work, superior)
    end_approvals_of(plan, user.id)
    return {"id": departure_id, "user_id": user.id, "name": user.name, "state": "running", "customers": len(customers)}


@needs("users.manage")
def resume_departure(plan: Plan, user_id: int) -> dict[str, Any]:
    """Tries again what a worker gave up. Raises NotFound where nothing is under way, `departure_not_stopped`."""
    departure_id, event_id, state = existing(plan.fetch(RUNNING_EVENT(user_id=user_id))[0], "departure", user_id)
    if state != OutboxState.DEAD:
        raise DomainError("departure_not_stopped")
    plan.set(OutboxEvent, event_id, state=OutboxState.PENDING, attempts=0, available_at=plan.now, leased_until=None)
    record(plan, "departure.resumed", "departure", departure_id)
    return {"id": departure_id, "user_id": user_id, "state": "running"}


def _checked(plan: Plan, user: User, heirs: Heirs, reason: str | None) -> Mapping[int, UserFact]:
    """The heirs by id, their rows shared until the end; every fault is named at once."""
    errors = FieldErrors()
    [found] = plan.fetch(LOCK_USERS(ids=heirs.everybody))
    people: dict[int, UserFact] = {person.id: person for person in found}
    places = [("heir_ids", heir_id) for heir_id in heirs.heir_ids]
    places += [(f"groups.{index}.heir_id", group.heir_id) for index, group in enumerate(heirs.groups)]
    if heirs.reports_to_id is not None:
        places.append(("reports_to_id", heirs.reports_to_id))
    for name, identity in places:
        person = people.get(identity)
        if person is None:
            errors.add(name, "user_unknown")
        elif identity == user.id:
            errors.add(name, "heir_leaves", leaver=user.name)
        elif not person.is_active:
            errors.add(name, "planner_inactive", owner=person.name)
    if not heirs.heir_ids:
        errors.add("heir_ids", "required")
    text = clean(reason)
    if not text:
        errors.add("reason", "required")
    elif len(text) > LONGEST_REASON:
        errors.add("reason", "too_long", limit=LONGEST_REASON)
    errors.raise_if_any()
    return people


def _check_groups(heirs: Heirs, customers: Sequence[LeaversCustomer]) -> None:
    errors, his = FieldErrors(), {customer.id for customer in customers}
    for index, group in enumerate(heirs.groups):
        if (group.region is not None) + (group.industry is not None) + bool(group.customer_ids) != 1:
            errors.add(f"groups.{index}", "one_group")
        elif not his.issuperset(group.customer_ids):
            errors.add(f"groups.{index}.customer_ids", "not_his_customers")
    errors.raise_if_any()


def _write(plan: Plan, user: User, heirs: Heirs, reason: str, taken: Mapping[int, int]) -> int:
    """The departure with what it means for each customer, and the event that starts the work."""
    departure_id = plan.new_id()
    rules = {"heir_ids": list(heirs.heir_ids), "groups": [asdict(group) for group in heirs.groups]}
    plan.insert(
        Departure,
        id=departure_id,
        user_id=user.id,
        delegate_id=heirs.heir_ids[0],
        started_by_id=plan.actor.user_id,
        started_at=plan.now,
        reason=reason,
        rules={**rules, "reports_to_id": heirs.reports_to_id},
        event_id=emit(plan, "departure_started", departure_id=departure_id),
        customers_total=len(taken),
    )
    for customer_id, heir_id in taken.items():
        plan.insert(DepartureCustomer, departure_id=departure_id, customer_id=customer_id, heir_id=heir_id)
    changes = {"user_id": user.id, "customers": len(taken), **rules}
    record(plan, "departure.started", "departure", departure_id, label=user.name, changes=changes, reason=reason)
    return departure_id


def _pass_on_people(plan: Plan, user: User, heirs: Heirs, people: Mapping[int, UserFact]) -> User | None:
    """Whoever reported to him reports to who was named, else to his superior, else to the first heir; nobody to
    himself. Returns who that is where there was somebody."""
    reports = select(User).where(User.reports_to_id == user.id, User.is_active).order_by(User.id).with_for_update()
    found = plan.session.execute(reports.execution_options(populate_existing=True)).scalars().all()
    if not found:
        return None
    superior = plan.session.get(User, user.reports_to_id) if user.reports_to_id else None
    named = heirs.reports_to_id or (superior.id if superior and superior.is_active else heirs.heir_ids[0])
    for person in found:
        above = named if person.id != named else (superior.id if superior and superior.is_active else None)
        person.reports_to_id = above if above != person.id else None
    plan.session.flush()
    return plan.session.get(User, named)


def _tell(
    plan: Plan,
    user: User,
    heirs: Heirs,
    people: Mapping[int, UserFact],
    taken: Mapping[int, int],
    work: LeaversWork,
    superior: User | None,
) -> None:
    """The consequences, for the preview."""
    plan.effect("access_ends", name=user.name, sessions=work.sessions, tokens=work.tokens)
    for heir_id, count in sorted(Counter(taken.values()).items(), key=lambda pair: (-pair[1], pair[0])):
        plan.effect("customers_taken_over", to=people[heir_id].name, count=count)
    if any(work[: LeaversWork._fields.index("shares")]):
        plan.effect("work_goes_along", **work._asdict())
    if work.shares:
        plan.effect("shares_taken_over", to=people[heirs.heir_ids[0]].name, count=work.shares)
    if superior is not None:
        plan.effect("people_report_to", to=superior.name, count=work.reports)
    if user.unit_id is not None:
        unit = plan.session.get(OrgUnit, user.unit_id)
        plan.effect("place_left", unit=unit.name if unit else "")
