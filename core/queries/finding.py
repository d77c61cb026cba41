"""Where a typed text leads: the first few records of each kind that it means, in one statement.

What holds a text that few records hold is read from the index of terms, whole, and put in order: who is called so
before who begins so before who has it anywhere, the latest first. A text that many hold (有限公司 stands in most names)
is met again and again on the way through the latest records, so there the first few that fit are taken on that way.
How frequent a term is, PostgreSQL's statistics say; which way to go is decided here and not by the planner, whose
statements are prepared without values. A way has an end: where too few were met until then, the index is asked after
all.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Connection

from core import database as db
from core import masks, wire
from core.normalise import search_text
from core.queries.reading import fetch
from core.scope import Viewer, current_viewer, viewer_text
from core.search_entries import Searched
from core.search_terms import EMAILS, PHONES, Asked, Wish, asked
from core.statements import REGISTRY, Statement, statement

FEW = 800
"""Up to about so many records that the viewer sees, all that fit are read from the index; for lists and choices, which
show more, `FEW_IN_LISTS`."""
MANY = 5_000
"""Where so many fit, whoever's they are, they are not looked through for those of a few owners."""
SHORT = 10
FEW_IN_LISTS = 5_000
WALKED = 6_000
"""After so many records the way ends, shared among those whose records they are."""
FREQUENT = 0.02
"""What a larger share of records has is not asked of the index beside something rarer."""
MOSTLY = 0.5
"""Where so many of those that hold a text begin with it, beginnings are not looked for on their own."""
DEEP = 2_000
"""At most so many are then read from the index."""
SPARE = 2
"""How many times as many are taken of all owners together, since terms find a little too much."""
KNOWN_SECONDS = 600.0
NOTHING = "'!'"
"""A question that no term answers."""
LIMIT = "__limit__"
"""Where the limit stands in the text of a branch: a plan must know it."""


# how frequent terms are -----------------------------------------------------------------------------------------------
class Shares(NamedTuple):
    """Of how many entries, which share of them has each of the more frequent terms, and which is of each owner."""

    entries: float
    shares: Mapping[str, float]
    owners: Mapping[int, float]

    def seen_by(self, viewer: Viewer) -> float:
        """About which share of all entries somebody sees."""
        return 1.0 if viewer.sees_all else min(1.0, sum(self.owners.get(owner, 0.0) for owner in viewer.owners))


SHARES = statement(
    "finding.shares",
    """
    SELECT class.reltuples, coalesce(terms.most_common_elems::text::text[], '{}'),
           coalesce(terms.most_common_elem_freqs, '{}'), coalesce(owners.most_common_vals::text::bigint[], '{}'),
           coalesce(owners.most_common_freqs, '{}')
      FROM pg_class AS class LEFT JOIN pg_stats AS terms
        ON terms.schemaname = 'public' AND terms.tablename = 'search_entry' AND terms.attname = 'terms'
      LEFT JOIN pg_stats AS owners
        ON owners.schemaname = 'public' AND owners.tablename = 'search_entry' AND owners.attname = 'owner_id'
     WHERE class.oid = 'search_entry'::regclass
    """,
    tables="",
    scope="system",
)
_known: WeakKeyDictionary[db.Database, tuple[float, Shares]] = WeakKeyDictionary()
_lock = threading.Lock()


def shares() -> Shares:
    """The shares as last analysed; read anew every ten minutes, in a statement of its own."""
    database, now = db.current(), time.monotonic()
    with _lock:
        found = _known.get(database)
    if found is None or now - found[0] > KNOWN_SECONDS:
        with database.autocommit() as connection:
            [[(entries, terms, of_terms, owners, of_owners)]] = wire.fetch(
                db.driver(connection), [SHARES()], transaction=False
            )
        shared = dict(zip(terms, of_terms, strict=False)), dict(zip(owners, of_owners, strict=False))
        found = now, Shares(max(entries, 0.0), *shared)
        with _lock:
            _known[database] = found
    return found[1]


def forget_shares() -> None:
    """Reads them anew at the next call: what is stored has changed a lot."""
    with _lock:
        _known.pop(db.current(), None)


# kinds of records -----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Kind:
    """A kind of record as it is found: its terms, the SQL of its columns and of its table `row` with what is joined.

    `holds` is the SQL that compares `row` with `%(patterns)s`; without one the columns in `texts` are compared here.
    """

    name: str
    searched: Searched
    columns: str
    source: str
    where: str = "true"
    scoped_by: str = ""
    holds: str = ""
    texts: tuple[int, ...] = ()

    def conditions(self) -> str:
        seen = f" AND visible({self.scoped_by})" if self.scoped_by else ""
        return f"{self.where}{seen}" + (f" AND {self.holds}" if self.holds else "")


RANKED, ALL, OWN, DEEPER = "ranked", "all", "own", "deeper"
Way = tuple[str, str]
"""What of the text is looked for (`whole`, `start`, `inside`), and how."""


@dataclass(frozen=True)
class Search:
    """A text as it is looked for among records of one kind."""

    kind: Kind
    asked: Asked
    ways: tuple[Way, ...]
    parameters: dict[str, Any] = field(default_factory=dict)


def lines_shown() -> list[str]:
    """Which lines besides names the person of the call may look at."""
    return [line for line, kind in ((PHONES, masks.PHONES), (EMAILS, masks.EMAILS)) if masks.sees(kind)]


def is_frequent(kind: Searched, wanted: Wish, few: int = FEW, seen: float = 1.0) -> bool:
    """Whether more records fit than are read from the index at once, by who sees so much of all."""
    known = shares()
    fitting = wanted.share(kind.letter, known.shares) * known.entries
    return fitting * seen > few or fitting > max(few, MANY)


def searching(kind: Kind, wanted: Asked, limit: int) -> Search:
    """How a text is looked for, for the viewer of this call."""
    few = FEW if limit <= SHORT else FEW_IN_LISTS
    known, letter = shares(), kind.searched.letter
    wishes = {"whole": wanted.whole, "start": wanted.start, "inside": wanted.inside}
    rarer = {name: wish and wish.rarer(letter, known.shares, FREQUENT) for name, wish in wishes.items()}
    viewer = current_viewer()
    walk = ALL if viewer.sees_all or not kind.scoped_by else OWN
    seen = known.seen_by(viewer) if kind.scoped_by else 1.0
    share = {name: wish.share(letter, known.shares) if wish else 0.0 for name, wish in wishes.items()}
    ways: list[Way] = []
    for name, wish in rarer.items():
        if wish is None or (name == "start" and share["start"] >= MOSTLY * share["inside"] > 0):
            continue
        ways.append((name, walk if is_frequent(kind.searched, wish, few, seen) else RANKED))
    if ways[-1] == ("inside", RANKED):
        ways = ways[-1:]  # which finds the others too, and puts them first
    texts = {
        f"{letter}_{name}": (wish if (name, walk) in ways else rarer[name] or wish).text(letter) if wish else NOTHING
        for name, wish in wishes.items()
    }
    return Search(kind, wanted, tuple(ways), texts)


# Plans are made for keys, without values: what is frequent is decided above.
PLAN_FOR_KEYS = statement(
    "finding.plan_for_keys",
    """
    SELECT set_config('countinghouse.viewer', %(viewer)s, true),
           set_config('plan_cache_mode', 'force_generic_plan', true)
    """,
    tables="",
    scope="system",
)


# statements -----------------------------------------------------------------------------------------------------------
def branches(search: Search) -> list[str]:
    """The SELECTs of a search, each of (columns of its kind, how well it fits, id)."""
    return [_BRANCHES[how](search.kind, name, stage) for stage, (name, how) in enumerate(search.ways)]


def _ranked(kind: Kind, name: str, stage: int) -> str:
    letter = kind.searched.letter
    entries = f"""
        SELECT entry.id, CASE WHEN entry.terms @@ %({letter}_whole)s::tsquery THEN 0
                              WHEN entry.terms @@ %({letter}_start)s::tsquery THEN 1 ELSE 2 END AS rank
          FROM search_entry AS entry WHERE entry.terms @@ %({letter}_{name})s::tsquery{_entry_seen(kind)}
         ORDER BY rank, id DESC OFFSET 0
    """
    return f"""
        (SELECT {kind.columns}, {stage}, found.rank FROM ({entries}) AS found JOIN {kind.source} ON row.id = found.id
          WHERE {kind.conditions()} ORDER BY found.rank, found.id DESC LIMIT {LIMIT})
    """


def _deeper(kind: Kind, name: str, stage: int) -> str:
    letter = kind.searched.letter
    return f"""
        (SELECT {kind.columns}, {stage}, 2 FROM (
            SELECT found.id FROM (
                SELECT entry.id FROM search_entry AS entry
                 WHERE {_has_more(kind)} AND entry.terms @@ %({letter}_{name})s::tsquery{_entry_seen(kind)}
                 LIMIT {DEEP}) AS found ORDER BY found.id DESC OFFSET 0) AS found
           JOIN {kind.source} ON row.id = found.id
          WHERE {kind.conditions()} ORDER BY found.id DESC LIMIT {LIMIT})
    """


def _has_more(kind: Kind) -> str:
    """Whether there are more records than the way went through."""
    theirs = "entry.owner_id = ANY (%(viewer_owners)s::bigint[]) AND " if kind.scoped_by else ""
    counted = f"""
        SELECT count(*) > {WALKED} FROM (
            SELECT FROM search_entry AS entry
             WHERE {theirs}entry.kind = '{kind.searched.kind}' LIMIT {WALKED} + 1) AS counted
    """
    return f"(%(viewer_sees_all)s::boolean OR ({counted}))" if kind.scoped_by else f"({counted})"


def _entry_seen(kind: Kind) -> str:
    return " AND visible(entry)" if kind.scoped_by else ""


def _walk_all(kind: Kind, name: str, stage: int) -> str:
    letter = kind.searched.letter
    return f"""
        (SELECT {kind.columns}, {stage}, 0 FROM (
            SELECT entry.id, entry.terms FROM search_entry AS entry WHERE entry.kind = '{kind.searched.kind}'
             ORDER BY entry.id DESC LIMIT {WALKED}) AS walked
           JOIN {kind.source} ON row.id = walked.id
          WHERE walked.terms @@ %({letter}_{name})s::tsquery AND {kind.conditions()}
          ORDER BY walked.id DESC LIMIT {LIMIT})
    """


def _walk_own(kind: Kind, name: str, stage: int) -> str:
    """Through the records of each owner that the viewer sees, and those of the customers shared with him."""
    letter, entry_kind = kind.searched.letter, kind.searched.kind
    shared = "entry.id" if entry_kind == "customer" else "entry.customer_id <> entry.id AND entry.customer_id"
    fits = f"terms @@ %({letter}_{name})s::tsquery"
    return f"""
        (SELECT {kind.columns}, {stage}, 0 FROM (
            SELECT met.id FROM (
                SELECT own.id FROM unnest(%(viewer_owners)s::bigint[]) AS owners (id) CROSS JOIN LATERAL (
                    SELECT walked.id FROM (
                        SELECT entry.id, entry.terms FROM search_entry AS entry
                         WHERE entry.owner_id = owners.id AND entry.kind = '{entry_kind}'
                         ORDER BY entry.id DESC LIMIT %(walked)s::int) AS walked
                     WHERE walked.{fits} LIMIT %(each)s::int) AS own
                UNION ALL
                SELECT entry.id FROM search_entry AS entry
                 WHERE {shared} = ANY (%(viewer_shared)s::bigint[]) AND entry.kind = '{entry_kind}' AND entry.{fits}
            ) AS met ORDER BY met.id DESC OFFSET 0) AS found
           JOIN {kind.source} ON row.id = found.id
          WHERE {kind.conditions()} ORDER BY found.id DESC LIMIT {LIMIT})
    """


_BRANCHES = {RANKED: _ranked, ALL: _walk_all, OWN: _walk_own, DEEPER: _deeper}


def find(
    connection: Connection,
    text: str,
    kinds: Sequence[Kind],
    make: Any,
    limit: int,
    *,
    also: Mapping[str, str] | None = None,
    tables: str,
    parameters: Mapping[str, Any] | None = None,
) -> list[Any]:
    """The rows of all kinds that a text finds, the best first within a kind; one statement, and a second one where a
    way ended too soon.

    Columns of every kind are the arguments of `make`, the first two the kind's name and the id. `also` are further
    SELECTs with their names, of the same columns and two more.
    """
    wanted = asked(text, lines_shown())
    searches = [searching(kind, wanted, limit) for kind in kinds] if wanted is not None else []
    also = also or {}
    if not searches and not also:
        return []
    viewer = current_viewer()
    values: dict[str, Any] = {
        "walked": max(50, WALKED // max(1, len(viewer.owners))),
        "each": max(2, SPARE * limit // max(1, len(viewer.owners))),
        "patterns": wanted.patterns if wanted else (),
        **(parameters or {}),
    }
    for search in searches:
        values |= search.parameters
    _, rows = fetch(
        connection, PLAN_FOR_KEYS(viewer=viewer_text()), _statement(searches, also, tables, make, limit)(**values)
    )
    found = _assemble(rows, searches, limit)
    missed = [search for search in searches if _ended(search, found, limit)]
    if missed:
        deeper = [Search(each.kind, each.asked, (("inside", DEEPER),), each.parameters) for each in missed]
        [more] = fetch(connection, _statement(deeper, {}, tables, make, limit)(**values))
        found = _assemble([*rows, *more], searches, limit)
    return [row[:-2] for row in found]


def _ended(search: Search, found: Sequence[Any], limit: int) -> bool:
    if search.ways[-1][1] == RANKED or shares().entries <= WALKED:
        return False
    return sum(row[0] == search.kind.name for row in found) < limit


def _assemble(rows: Sequence[Any], searches: Sequence[Search], limit: int) -> list[Any]:
    """Rows in their order, each once, as far as they hold what was typed."""
    texts = {search.kind.name: search for search in searches if search.kind.texts}
    seen: dict[tuple[str, int], Any] = {}
    counts: dict[str, int] = {}
    for row in sorted(rows, key=lambda row: (row[-2], row[-1])):
        name, identity = row[0], row[1]
        search = texts.get(name)
        if (name, identity) in seen or counts.get(name, 0) >= limit or (search and not _holds(search, row)):
            continue
        seen[name, identity] = row
        counts[name] = counts.get(name, 0) + 1
    return list(seen.values())


def _holds(search: Search, row: Sequence[Any]) -> bool:
    text = search_text(*(row[place] for place in search.kind.texts))
    return all(word in text for word in search.asked.words)


def _statement(searches: Sequence[Search], also: Mapping[str, str], tables: str, make: Any, limit: int) -> Statement:
    """The statement for these kinds, looked for in these ways: registered and prepared once."""
    parts = [f"{search.kind.name}:{'+'.join(f'{name}.{how}' for name, how in search.ways)}" for search in searches]
    name = f"finding.{getattr(make, '__name__', 'rows')}{limit}[{','.join((*parts, *also))}]"
    with _lock:
        if name not in REGISTRY:
            selects = [select for search in searches for select in branches(search)] + list(also.values())
            text = " UNION ALL ".join(selects).replace(LIMIT, str(int(limit)))
            is_scoped = "visible(" in text or "viewer_owners" in text
            statement(name, text, tables=tables, scope="scoped" if is_scoped else "system")
        return REGISTRY[name]
