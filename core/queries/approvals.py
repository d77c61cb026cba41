"""Requests for approval as those see them whom they concern; deputies and rules."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from core import clock
from core.errors import existing
from core.masks import shown_measure
from core.queries.paging import Listing, Page
from core.queries.reading import read
from core.statements import statement

STATE = """
    CASE WHEN row.state IN ('open', 'approved') AND row.expires_at <= %(now)s::timestamptz THEN 'expired'
         ELSE row.state END
"""
# Who is asked, has decided or asked himself; and whoever keeps the rules.
CONCERNED = """
    (row.requested_by_id = %(user_id)s::bigint OR %(keeps_rules)s::boolean
     OR EXISTS (SELECT FROM approval_decision AS made WHERE made.request_id = row.id
                   AND %(user_id)s::bigint IN (made.decided_by_id, made.on_behalf_of_id))
     OR EXISTS (SELECT FROM approval_request_step AS step,
                       (SELECT %(user_id)s::bigint AS id
                        UNION SELECT away.from_user_id FROM approval_delegation AS away
                               WHERE away.to_user_id = %(user_id)s::bigint AND away.ended_at IS NULL
                                 AND away.since <= %(now)s::timestamptz AND away.until > %(now)s::timestamptz) AS person
                 WHERE step.request_id = row.id
                   AND may_approve(person.id, step.role_id, step.user_id, row.customer_id)))
"""
SELECT = f"""
    SELECT row.id, row.kind, row.action, row.subject_type, row.subject_id, row.subject_label, row.customer_id,
           customer.name, row.measure, row.threshold, row.currency, row.reason, row.requested_by_id, requester.name,
           {STATE}, row.position,
           (SELECT max(step.position) FROM approval_request_step AS step WHERE step.request_id = row.id),
           row.created_at, row.expires_at, row.closed_at,
           row.state = 'open' AND approver_for(%(user_id)s::bigint, row.id, %(now)s::timestamptz) IS NOT NULL
      FROM approval_request AS row JOIN app_user AS requester ON requester.id = row.requested_by_id
      LEFT JOIN customer ON customer.id = row.customer_id AND visible(customer, customer.id)
"""
TABLES = "approval_request approval_request_step approval_decision approval_delegation app_user customer"


class RequestRow(NamedTuple):
    """A request. `measure` and `threshold` in the unit of its kind; the customer's name for who may see him;
    `is_mine_to_decide` for who reads it."""

    id: int
    kind: str
    action: str
    subject_type: str
    subject_id: int | None
    subject_label: str
    customer_id: int | None
    customer: str | None
    measure: Decimal
    threshold: Decimal
    currency: str
    reason: str
    requested_by_id: int
    requested_by: str
    state: str
    position: int
    steps: int
    created_at: datetime
    expires_at: datetime
    closed_at: datetime | None
    is_mine_to_decide: bool


REQUESTS = Listing(
    "approvals.list",
    SELECT,
    TABLES,
    RequestRow,
    where=CONCERNED,
    filters={
        "kind": "row.kind = %(kind)s",
        "state": f"{STATE} = %(state)s",
        "to_decide": "row.state = 'open' AND %(to_decide)s::boolean = "
        "(approver_for(%(user_id)s::bigint, row.id, %(now)s::timestamptz) IS NOT NULL)",
        "mine": "(row.requested_by_id = %(user_id)s::bigint) = %(mine)s::boolean",
        "decided": "%(decided)s::boolean = EXISTS (SELECT FROM approval_decision AS made WHERE made.request_id = row.id"
        " AND made.decided_by_id = %(user_id)s::bigint)",
    },
)


def list_requests(
    filters: dict[str, Any], user_id: int | None, *, keeps_rules: bool, cursor: str | None = None,
    limit: int | None = None,
) -> Page[RequestRow]:  # fmt: skip
    """One page of the requests that concern somebody, the newest first."""
    keeps = str(keeps_rules).lower()
    page = REQUESTS.page(filters, cursor, limit, user_id=user_id, now=clock.now(), keeps_rules=keeps)
    return replace(page, rows=[_shown(row) for row in page.rows])


def _shown(row: RequestRow) -> RequestRow:
    """The row as its reader may see it: what is adjusted is measured at cost."""
    return row._replace(measure=shown_measure(row.kind, row.measure))


REQUEST = statement(
    "approvals.record",
    f"{SELECT} WHERE row.id = %(request_id)s::bigint AND {CONCERNED}",
    tables=TABLES,
    scope="scoped",
    fact=RequestRow,
)


class StepRow(NamedTuple):
    """A step, who may decide it, and who did."""

    position: int
    role: str | None
    role_zh: str | None
    person: str | None
    decision: str | None
    decided_by: str | None
    on_behalf_of: str | None
    note: str | None
    decided_at: datetime | None
    approvers: list[str]


STEPS = statement(
    "approvals.record_steps",
    """
    SELECT step.position, role.name, role.name_zh, person.name, made.decision, decider.name, principal.name, made.note,
           made.decided_at,
           ARRAY(SELECT one.name::text FROM app_user AS one
                  WHERE made.id IS NULL AND one.is_active AND one.id <> request.requested_by_id
                    AND (one.id = step.user_id OR one.id IN (
                         SELECT held.user_id FROM user_role AS held WHERE held.role_id = step.role_id))
                    AND may_approve(one.id, step.role_id, step.user_id, request.customer_id)
                  ORDER BY one.name)
      FROM approval_request_step AS step JOIN approval_request AS request ON request.id = step.request_id
      LEFT JOIN role ON role.id = step.role_id LEFT JOIN app_user AS person ON person.id = step.user_id
      LEFT JOIN approval_decision AS made ON made.request_id = step.request_id AND made.position = step.position
      LEFT JOIN app_user AS decider ON decider.id = made.decided_by_id
      LEFT JOIN app_user AS principal ON principal.id = made.on_behalf_of_id
     WHERE step.request_id = %(request_id)s::bigint ORDER BY step.position
    """,
    tables="approval_request_step approval_request role app_user approval_decision user_role",
    scope="by_root",
    fact=StepRow,
)


@dataclass(frozen=True)
class RequestWhole:
    request: RequestRow
    steps: list[StepRow]

    @property
    def has_decision(self) -> bool:
        return any(step.decision for step in self.steps)


def get_request(request_id: int, user_id: int | None, *, keeps_rules: bool) -> RequestWhole:
    """A request with its steps, for whom it concerns. Raises NotFound."""
    found, steps = read(
        REQUEST(request_id=request_id, user_id=user_id, now=clock.now(), keeps_rules=str(keeps_rules).lower()),
        STEPS(request_id=request_id),
    )
    return RequestWhole(_shown(existing(found, "approval_request", request_id)), steps)


# deputies -------------------------------------------------------------------------------------------------------------
class DelegationRow(NamedTuple):
    """Who stands in for whom, and when. `is_given`: by who reads it."""

    id: int
    from_user: str
    to_user: str
    is_given: bool
    since: datetime
    until: datetime
    ended_at: datetime | None


DELEGATIONS = Listing(
    "approvals.delegations",
    """
    SELECT row.id, giver.name, taker.name, row.from_user_id = %(user_id)s::bigint, row.since, row.until, row.ended_at
      FROM approval_delegation AS row JOIN app_user AS giver ON giver.id = row.from_user_id
      JOIN app_user AS taker ON taker.id = row.to_user_id
    """,
    "approval_delegation app_user",
    DelegationRow,
    where="%(user_id)s::bigint IN (row.from_user_id, row.to_user_id)",
    filters={
        "live": "%(live)s::boolean = (row.ended_at IS NULL AND row.until > %(now)s::timestamptz)",
    },
)


class PersonRow(NamedTuple):
    id: int
    name: str


PEOPLE = statement(
    "approvals.people",
    """
    SELECT id, name FROM app_user WHERE is_active AND EXISTS (
           SELECT FROM user_role JOIN role ON role.id = user_role.role_id
            WHERE user_role.user_id = app_user.id AND 'approvals.read' = ANY (role.permissions))
     ORDER BY name, id
    """,
    tables="app_user user_role role",
    scope="system",
    fact=PersonRow,
)


def people_who_approve() -> list[PersonRow]:
    """Everybody who may decide at all."""
    [rows] = read(PEOPLE())
    return rows


# rules ----------------------------------------------------------------------------------------------------------------
class RuleRow(NamedTuple):
    """A rule with its steps as JSON data."""

    id: int
    kind: str
    is_active: bool
    basis: str
    threshold: Decimal
    valid_days: int
    version: int
    currency: str
    steps: list[dict[str, Any]]


_RULES = """
    SELECT row.id, row.kind, row.is_active, row.basis, row.threshold, row.valid_days, row.version, company.currency,
           (SELECT coalesce(jsonb_agg(jsonb_build_object(
                       'position', step.position, 'approver', step.approver, 'role_id', step.role_id,
                       'role', role.name, 'role_zh', role.name_zh, 'user_id', step.user_id, 'user', app_user.name,
                       'from_measure', step.from_measure::text) ORDER BY step.position), '[]')
              FROM approval_step AS step LEFT JOIN role ON role.id = step.role_id
              LEFT JOIN app_user ON app_user.id = step.user_id WHERE step.rule_id = row.id)
      FROM approval_rule AS row CROSS JOIN company
"""
_RULE_TABLES = "approval_rule approval_step role app_user company"
RULES = Listing("approvals.rules", _RULES, _RULE_TABLES, RuleRow, descending=False)
RULE_RECORD = statement(
    "approvals.rule_record",
    f"{_RULES} WHERE row.id = %(rule_id)s::bigint",
    tables=_RULE_TABLES,
    scope="system",
    fact=RuleRow,
)


class RoleRow(NamedTuple):
    id: int
    name: str
    name_zh: str


ROLES = statement(
    "approvals.roles",
    "SELECT id, name, name_zh FROM role WHERE 'approvals.read' = ANY (permissions) ORDER BY name",
    tables="role",
    scope="system",
    fact=RoleRow,
)


def list_rules() -> list[RuleRow]:
    return RULES.page({}).rows


def get_rule(rule_id: int) -> RuleRow:
    """One rule. Raises NotFound."""
    [rows] = read(RULE_RECORD(rule_id=rule_id))
    found: RuleRow = existing(rows, "approval_rule", rule_id)
    return found


def roles_that_approve() -> list[RoleRow]:
    [rows] = read(ROLES())
    return rows
