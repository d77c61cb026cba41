"""Comments on records: written, changed and taken back by their author; whoever is called upon or follows is told.

What became of a comment stands in the history of the record it is about, so that it is seen by whoever sees that.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

from core.audit import record
from core.errors import DomainError, FieldError, InvalidInput, NotFound
from core.needs import needs
from core.normalise import clean
from core.notices import notify
from core.plan import Plan
from core.statements import statement
from core.talk.followers import add_followers, followers_query, following
from core.talk.mentions import called, candidates
from core.talk.models import Comment
from core.talk.records import Found, Person, find_record, who_may_see

LONGEST_COMMENT = 8000


class Stored(NamedTuple):
    """A comment's row under lock."""

    id: int
    record_type: str
    record_id: int
    author_id: int
    text: str | None
    mentioned: list[int]
    removed_at: datetime | None
    version: int


LOCK = statement(
    "talk.lock_comment",
    """
    SELECT id, record_type, record_id, author_id, text, mentioned, removed_at, version FROM comment
     WHERE id = %(comment_id)s::bigint FOR NO KEY UPDATE
    """,
    tables="comment",
    scope="system",
    fact=Stored,
)


class Called(NamedTuple):
    """Who a text calls upon: those who may see the record, and those who may not."""

    seeing: list[Person]
    blind: list[Person]


@needs("comments.write")
def write_comment(plan: Plan, record_type: str, record_id: int, text: str | None) -> dict[str, Any]:
    """Says something about a record that the actor sees. Its followers are told, and who is called upon by `@login`.

    Who is called upon and may not see the record is told nothing; the answer names him (`not_told`). The author and
    those called upon follow from now on. Raises NotFound, InvalidInput beside `text`.
    """
    kept = _checked(text)
    more = followers_query(record_type, record_id), who_may_see(record_type, record_id, sorted(candidates(kept)))
    found, (rows, people) = find_record(plan, record_type, record_id, *more)
    names = _called(kept, people)
    seeing = [person.id for person in names.seeing]
    comment_id = plan.insert(
        Comment,
        record_type=record_type,
        record_id=record_id,
        customer_id=found.customer_id,
        author_id=plan.actor.user_id,
        text=kept,
        mentioned=seeing,
        created_at=plan.now,
    )
    about = (record_type, record_id)
    told = notify(plan, "mentioned", seeing, about, comment_id=comment_id)
    told += notify(plan, "commented", following(found, rows) - {*seeing}, about, comment_id=comment_id)
    _follow(plan, about, found, {plan.actor.user_id or 0, *seeing})
    changes = {"comment_id": comment_id, "text": kept}
    record(plan, "comment.written", record_type, record_id, label=found.label, changes=changes)
    return _answer(comment_id, about, kept, names, told)


@needs("comments.write")
def change_comment(plan: Plan, comment_id: int, text: str | None, *, version: int | None = None) -> dict[str, Any]:
    """Writes an own comment anew; who is called upon only now is told. What it said before stays in the audit trail.

    Raises NotFound (also for a record the actor sees no more), `not_your_comment`, `comment_removed`, `edit_conflict`,
    InvalidInput beside `text`. Locks the comment.
    """
    kept = _checked(text)
    stored, found = _own(plan, comment_id)
    if version is not None and stored.version != version:
        raise DomainError("edit_conflict", version=stored.version, current={"text": stored.text})
    about = (stored.record_type, stored.record_id)
    [people] = plan.fetch(who_may_see(*about, sorted(candidates(kept))))
    names = _called(kept, people)
    seeing = {person.id for person in names.seeing}
    told: list[int] = []
    if kept != stored.text:
        told = notify(plan, "mentioned", seeing - {*stored.mentioned}, about, comment_id=comment_id)
        values = {"text": kept, "mentioned": sorted(seeing), "edited_at": plan.now, "version": stored.version + 1}
        plan.set(Comment, comment_id, **values)
        _follow(plan, about, found, seeing)
        changes = {"comment_id": comment_id, "text": [stored.text, kept]}
        record(plan, "comment.changed", *about, label=found.label, changes=changes)
    return _answer(comment_id, about, kept, names, told)


@needs("comments.write")
def remove_comment(plan: Plan, comment_id: int) -> dict[str, Any]:
    """Takes an own comment back: a mark stays in its place, its text in the audit trail only.

    Raises NotFound, `not_your_comment`, `comment_removed`. Locks the comment.
    """
    stored, found = _own(plan, comment_id)
    plan.set(Comment, comment_id, text=None, removed_at=plan.now, version=stored.version + 1)
    about = (stored.record_type, stored.record_id)
    changes = {"comment_id": comment_id, "text": [stored.text, None]}
    record(plan, "comment.removed", *about, label=found.label, changes=changes)
    return {"id": comment_id, "record_type": about[0], "record_id": about[1], "removed": True}


def _own(plan: Plan, comment_id: int) -> tuple[Stored, Found]:
    """The comment under lock with its record, both as the actor sees them."""
    [rows] = plan.fetch(LOCK(comment_id=comment_id))
    if not rows:
        raise NotFound("comment", comment_id)
    stored: Stored = rows[0]
    try:
        found, _ = find_record(plan, stored.record_type, stored.record_id)
    except NotFound:
        raise NotFound("comment", comment_id) from None
    if stored.author_id != plan.actor.user_id:
        raise DomainError("not_your_comment", http_status=403)
    if stored.removed_at is not None:
        raise DomainError("comment_removed")
    return stored, found


def _checked(text: str | None) -> str:
    kept = clean(text)
    if not kept:
        raise InvalidInput({"text": FieldError("required")})
    if len(kept) > LONGEST_COMMENT:
        raise InvalidInput({"text": FieldError("too_long", {"limit": LONGEST_COMMENT})})
    return kept


def _called(text: str, people: Collection[Person]) -> Called:
    names = called(text, [person.login for person in people])
    those = [person for person in people if person.login in names]
    return Called([person for person in those if person.may_see], [person for person in those if not person.may_see])


def _follow(plan: Plan, about: tuple[str, int], found: Found, people: Collection[int]) -> None:
    if people:
        plan.fetch(add_followers(*about, found, sorted(people), plan.now))


def _answer(comment_id: int, about: tuple[str, int], text: str, names: Called, told: Collection[int]) -> dict[str, Any]:
    return {
        "id": comment_id,
        "record_type": about[0],
        "record_id": about[1],
        "text": text,
        "mentioned": [{"id": person.id, "name": person.name} for person in names.seeing],
        "not_told": [{"id": person.id, "name": person.name} for person in names.blind],
        "told": len(told),
    }
