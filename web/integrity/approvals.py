"""Approvals: what was approved was decided by those who may, step by step, and never by who asked."""

from __future__ import annotations

from web.integrity.check import Group, alone

_FACTS = {
    "steps": """
        SELECT request.kind || ' ' || request.id AS name, request.state, request.position AS waits_for, step.position,
               decision.decision, decision.decided_at, request.created_at,
               lag(decision.decided_at) OVER (PARTITION BY request.id ORDER BY step.position) AS before,
               request.requested_by_id IN (decision.decided_by_id, decision.on_behalf_of_id) AS own
          FROM approval_request AS request JOIN approval_request_step AS step ON step.request_id = request.id
          LEFT JOIN approval_decision AS decision
            ON decision.request_id = request.id AND decision.position = step.position
    """,
}

GROUPS: tuple[Group, ...] = (
    alone(
        "I12.approvals",
        "Whatever was approved has a decision for each step, in order, none by who asked and none twice by one person",
        "approval_request approval_request_step approval_decision",
        """SELECT name, 'step ' || position, coalesce(decision, 'none'), 'approved' FROM steps
            WHERE decision IS DISTINCT FROM 'approved' AND (state IN ('approved', 'used')
                  OR (state = 'open' AND position < waits_for))""",
        """SELECT name, 'step ' || position, decision, 'none' FROM steps
            WHERE state = 'open' AND position >= waits_for AND decision IS NOT NULL""",
        "SELECT name, 'step ' || position, 'requester', 'another' FROM steps WHERE own",
        # A decision's moment is that of its call, which may have waited for the one before it.
        """SELECT name, 'step ' || position || ' decided_at', decided_at, coalesce(before, created_at) FROM steps
            WHERE decided_at < coalesce(before, created_at) - interval '1 minute'""",
        """SELECT request.kind || ' ' || request.id, 'decided by ' || person.id, count(*), 1
             FROM approval_request AS request JOIN approval_decision AS decision ON decision.request_id = request.id,
                  LATERAL (VALUES (decision.decided_by_id), (decision.on_behalf_of_id)) AS person (id)
            WHERE person.id IS NOT NULL GROUP BY request.id, person.id HAVING count(*) > 1""",
        """SELECT kind || ' ' || id, 'steps', 'none', 'one or more' FROM approval_request AS request
            WHERE NOT EXISTS (SELECT FROM approval_request_step WHERE request_id = request.id)""",
        """SELECT kind || ' ' || id, 'state', state, 'refused' FROM approval_request AS request
            WHERE (state = 'refused') <> EXISTS (SELECT FROM approval_decision AS decision
                                                  WHERE decision.request_id = request.id AND decision.decision = 'refused')""",
        facts=_FACTS,
    ),
)
