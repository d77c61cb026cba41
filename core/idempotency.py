"""One effect per key: the key is claimed first in the command's transaction and filled with the response in its
batch."""

from __future__ import annotations

from typing import Any

from core import database as db
from core.errors import DomainError
from core.plan import Plan, PlanConflict
from core.statements import statement
from core.trace import IdempotencyKey

CLAIM = statement(
    "idempotency.claim",
    """
    INSERT INTO idempotency_key (id, actor_id, key, route, body_digest, created_at)
    VALUES (%(id)s::bigint, %(actor_id)s::bigint, %(key)s, %(route)s, %(body_digest)s, %(now)s::timestamptz)
    ON CONFLICT (actor_id, key) DO NOTHING RETURNING id
    """,
    tables="idempotency_key",
    scope="system",
)
STORED = statement(
    "idempotency.stored",
    "SELECT route, body_digest, response FROM idempotency_key WHERE actor_id = %(actor_id)s::bigint AND key = %(key)s",
    tables="idempotency_key",
    scope="system",
)
MAX_KEY_LENGTH = 200


class Replay(Exception):
    """The key was used before: `response` is what the first call answered."""

    def __init__(self, response: str) -> None:
        super().__init__("replay")
        self.response = response


class Claim:
    """The claim of this call on its key. A loser waits in the INSERT until the winner ends, then replays or claims."""

    def __init__(self, plan: Plan) -> None:
        context = plan.context
        if not context.idempotency_key or len(context.idempotency_key) > MAX_KEY_LENGTH:
            raise DomainError("bad_idempotency_key", http_status=422, max_length=MAX_KEY_LENGTH)
        self.plan = plan
        self.id = db.next_id()  # not the plan's: a preview has no claim, and its digest must come out the same
        self._actor_id = context.actor.user_id or 0
        plan.before_opening(
            [
                CLAIM(
                    id=self.id,
                    actor_id=self._actor_id,
                    key=context.idempotency_key,
                    route=context.route,
                    body_digest=context.body_digest,
                    now=plan.now,
                )
            ],
            self._opened,
        )

    def _opened(self, rows: list[list[Any]]) -> None:
        if rows[0]:
            return
        context = self.plan.context
        [stored] = self.plan.fetch(STORED(actor_id=self._actor_id, key=context.idempotency_key))
        if not stored:
            raise PlanConflict("the key was swept between the claim and the look")
        [(route, body_digest, response)] = stored
        if (route, body_digest) != (context.route, context.body_digest):
            raise DomainError("idempotency_key_reused", key=context.idempotency_key)
        raise Replay(response)

    def fill(self, response: str) -> None:
        """Stores the response beside the effect; a refusal rolls back and so frees the key."""
        self.plan.set(IdempotencyKey, self.id, response=response)
