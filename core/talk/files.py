"""Files beside records: put there, versioned by name, read by whoever sees the record, removed with a mark.

Contents lie in the database, once for each digest: one dump holds them with the rows that name them, as of one moment;
every machine that serves reads them without a shared disk; what is put there is there exactly when its row is; and a
file's name never becomes a path. They stand in a table of their own, which nothing else reads, so that they slow no
list. What a content is, its bytes say (`core.talk.media`); the name people gave it is a text to show.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from core.audit import record
from core.command import run
from core.context import Context
from core.errors import DomainError, FieldError, InvalidInput, NotFound, PermissionDenied
from core.needs import for_the_system, needs
from core.notices import notify
from core.plan import Plan
from core.statements import statement
from core.talk.followers import add_followers, followers_query, following
from core.talk.media import clean_name, media_type_of_file
from core.talk.models import RecordFile
from core.talk.records import find_record

MOST_AT_ONCE = 10
MEGABYTE = 1_000_000
# Removed by mistake: until its content is swept, a copy of the database is not needed to have it back.
SWEPT_AFTER = timedelta(days=30)


class Sent(NamedTuple):
    """A file as it came: what it is called by whoever sent it, and its bytes."""

    name: str
    content: bytes


class Limits(NamedTuple):
    file_megabytes: int
    record_megabytes: int


class Held(NamedTuple):
    """A name that the record has files of: its newest version, and how much all its live versions take."""

    name_key: str
    version: int
    size: int


LIMITS = statement(
    "files.limits",
    "SELECT file_megabytes, record_megabytes FROM company",
    tables="company",
    scope="system",
    fact=Limits,
)
# Two who put files beside one record wait for each other, so that versions and the total are counted one by one.
LOCK_RECORD = statement(
    "files.lock_record",
    "SELECT pg_advisory_xact_lock(11, hashtext(%(record_type)s || %(record_id)s))",
    tables="",
    scope="system",
)
HELD = statement(
    "files.held",
    """
    SELECT name_key, max(version), coalesce(sum(size) FILTER (WHERE removed_at IS NULL), 0)::bigint
      FROM record_file WHERE record_type = %(record_type)s AND record_id = %(record_id)s::bigint GROUP BY name_key
    """,
    tables="record_file",
    scope="system",
    fact=Held,
)
# The database reckons the digest itself, so that none is ever another content's.
KEEP = statement(
    "files.keep_content",
    "SELECT keep_file_content(decode(%(content)s, 'hex'), %(now)s::timestamptz)",
    tables="file_content",
    scope="system",
)


@needs("files.write")
def add_files(plan: Plan, record_type: str, record_id: int, files: Sequence[Sent]) -> dict[str, Any]:
    """Puts files beside a record that the actor sees; one of a name there is becomes its next version.

    Followers are told. Raises NotFound; InvalidInput beside `files` with the file's name for what is empty, too large
    or of a kind that is not kept, for too many at once, and where the record would hold more than the company's limit.
    Locks the record's files.
    """
    key = {"record_type": record_type, "record_id": record_id}
    queries = LIMITS(), LOCK_RECORD(**key), followers_query(record_type, record_id)
    found, ([limits], _, rows) = find_record(plan, record_type, record_id, *queries)
    [held] = plan.fetch(HELD(**key))
    checked = _checked(files, limits, held)
    versions = {one.name_key: one.version for one in held}
    added = []
    for name, media_type, content in checked:
        name_key = name.casefold()
        versions[name_key] = version = versions.get(name_key, 0) + 1
        digest = hashlib.sha256(content).hexdigest()
        plan.fetch(KEEP(content=content.hex(), now=plan.now))
        file_id = plan.insert(
            RecordFile,
            **key,
            customer_id=found.customer_id,
            name=name,
            name_key=name_key,
            version=version,
            digest=digest,
            size=len(content),
            media_type=media_type,
            uploaded_by_id=plan.actor.user_id,
            uploaded_at=plan.now,
        )
        changes = {"file": name, "version": version, "size": len(content), "digest": digest}
        record(plan, "file.added", record_type, record_id, label=found.label, changes=changes)
        added.append({"id": file_id, "name": name, "version": version, "size": len(content), "media_type": media_type})
    about = (record_type, record_id)
    notify(plan, "file_added", following(found, rows), about, files=len(added))
    plan.fetch(add_followers(*about, found, [plan.actor.user_id or 0], plan.now))
    return {**key, "files": added}


def _checked(files: Sequence[Sent], limits: Limits, held: Sequence[Held]) -> list[tuple[str, str, bytes]]:
    """Name, media type and content of each; everything that is wrong is refused before anything is kept."""
    if not files:
        raise _refused("required")
    if len(files) > MOST_AT_ONCE:
        raise _refused("too_many_files", limit=MOST_AT_ONCE)
    checked = []
    for sent in files:
        name = clean_name(sent.name)
        if not sent.content:
            raise _refused("file_empty", name=name)
        if len(sent.content) > limits.file_megabytes * MEGABYTE:
            raise _refused("file_too_large", name=name, limit=limits.file_megabytes)
        media_type = media_type_of_file(name, sent.content)
        if media_type is None:
            raise _refused("file_kind_refused", name=name)
        checked.append((name, media_type, sent.content))
    total = sum(one.size for one in held) + sum(len(content) for _, _, content in checked)
    if total > limits.record_megabytes * MEGABYTE:
        raise _refused("files_of_record_too_large", limit=limits.record_megabytes)
    return checked


def _refused(code: str, **data: Any) -> InvalidInput:
    return InvalidInput({"files": FieldError(code, data)})


# removing -------------------------------------------------------------------------------------------------------------
class StoredFile(NamedTuple):
    id: int
    record_type: str
    record_id: int
    name: str
    version: int
    digest: str
    uploaded_by_id: int
    removed_at: datetime | None


LOCK_FILE = statement(
    "files.lock",
    """
    SELECT id, record_type, record_id, name, version, digest, uploaded_by_id, removed_at FROM record_file
     WHERE id = %(file_id)s::bigint FOR NO KEY UPDATE
    """,
    tables="record_file",
    scope="system",
    fact=StoredFile,
)


@needs("files.write")
def remove_file(plan: Plan, file_id: int) -> dict[str, Any]:
    """Takes one version of a file away: one's own, or with `files.remove` anybody's. Its row stays, marked; its content
    is swept after some weeks, unless another file holds the same.

    Raises NotFound, PermissionDenied, `file_removed`. Locks the file.
    """
    [rows] = plan.fetch(LOCK_FILE(file_id=file_id))
    if not rows:
        raise NotFound("file", file_id)
    stored: StoredFile = rows[0]
    try:
        found, _ = find_record(plan, stored.record_type, stored.record_id)
    except NotFound:
        raise NotFound("file", file_id) from None
    if stored.uploaded_by_id != plan.actor.user_id and not plan.actor.may("files.remove"):
        raise PermissionDenied("files.remove")
    if stored.removed_at is not None:
        raise DomainError("file_removed")
    plan.set(RecordFile, file_id, removed_at=plan.now, removed_by_id=plan.actor.user_id)
    changes = {"file": stored.name, "version": stored.version, "digest": stored.digest}
    record(plan, "file.removed", stored.record_type, stored.record_id, label=found.label, changes=changes)
    return {"id": file_id, "record_type": stored.record_type, "record_id": stored.record_id, "removed": True}


# sweeping -------------------------------------------------------------------------------------------------------------
LOCK_UNHELD = statement(
    "files.lock_unheld",
    """
    SELECT digest FROM file_content AS kept
     WHERE content IS NOT NULL AND created_at < %(before)s::timestamptz
       AND NOT EXISTS (SELECT FROM record_file WHERE digest = kept.digest
                          AND (removed_at IS NULL OR removed_at >= %(before)s::timestamptz))
     ORDER BY digest LIMIT 200 FOR UPDATE
    """,
    tables="file_content record_file",
    scope="system",
)
# A look of its own: who put the same file somewhere while the first one waited for the lock is seen now.
EMPTY = statement(
    "files.empty",
    """
    UPDATE file_content AS kept SET content = NULL
     WHERE digest = ANY (%(digests)s::text[])
       AND NOT EXISTS (SELECT FROM record_file WHERE digest = kept.digest
                          AND (removed_at IS NULL OR removed_at >= %(before)s::timestamptz))
    RETURNING digest
    """,
    tables="file_content record_file",
    scope="system",
)


@for_the_system
def sweep_contents(plan: Plan) -> dict[str, Any]:
    """Empties contents that no file has held for some weeks. Locks them."""
    before = plan.now - SWEPT_AFTER
    [rows] = plan.fetch(LOCK_UNHELD(before=before))
    [emptied] = plan.fetch(EMPTY(digests=[row[0] for row in rows], before=before))
    return {"swept": len(emptied)}


def sweep(now: datetime) -> int:
    """Sweeps until nothing is left to; how many contents."""
    total = 0
    while count := run(sweep_contents, context=Context(now=now, route="worker", channel="worker")).data["swept"]:
        total += count
    return total
