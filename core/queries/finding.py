"""Where a typed text leads: the first few records of each kind that it means, in one round trip.

Who is called so, who begins so and who has it anywhere are read from the index of terms, which knows owners too, and
put in this order, the latest first; of each so many as can be compared while somebody types. A text that very many
hold (有限公司 stands in most names) is met again and again on the way through the latest records, so there the first
few that fit are taken on that way. How frequent a term is, PostgreSQL's statistics say; which way to go is decided here
and not by the planner, whose statements are prepared without values. Each way has an end: where too few of what was
met until then hold the text itself, more is read from the index.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from core.statements import REGISTRY, Query, Statement, statement

FEW = 120
"""So many of those that are called so, that begin so, and that hold a text, are read from the index."""
FEW_IN_LISTS = 5_000
"""Up to about so many, all that hold a text are read from it for a list."""
WALKED = 6_000
"""After so many records the way ends, shared among those whose records they are."""
FREQUENT = 0.02
"""What a larger share of records has is not asked of the index beside something rarer."""
MOSTLY = 0.5
"""Where so many of those that hold a text begin with it, beginnings are not looked for on their own."""
DEEP = 2_000
"""At most so many are read from the index where too few of the first ones hold the text."""
SPARE = 2
"""How many times as many are taken of all owners together, since terms find a little too much."""
KNOWN_SECONDS = 600.0
OWNER_IN_INDEX = "ARRAY[entry.owner_id]"
"""An entry's owner as the index of terms holds him."""
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


LEVELS = ("whole", "start", "inside")
"""How well a record fits: it is called so, begins so, or has it anywhere."""
INDEX, DEEPER, WALK = "index", "deeper", "walk"
WALKED_FROM = {True: 0.003, False: 0.02}
"""From which share of all records on the way leads to some sooner than the index: the way through everybody's records
lies as they do in the file, that through somebody's own ones does not."""
Way = tuple[str, str, bool]
"""Up to which level is looked for, how, and whether among everybody's records."""


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


def is_frequent(kind: Searched, wanted: Wish, few: int, seen: float = 1.0, least: float = 0.0) -> bool:
    """Whether more than `few` of the records fit of which somebody sees the share `seen`, and `least` of all do."""
    known = shares()
    share = wanted.share(kind.letter, known.shares)
    return share >= least and share * seen * known.entries > few


def searching(kind: Kind, wanted: Asked) -> Search:
    """How a text is looked for, for the viewer of this call."""
    known, letter, viewer = shares(), kind.searched.letter, current_viewer()
    is_open = viewer.sees_all or not kind.scoped_by
    seen = 1.0 if is_open else known.seen_by(viewer)
    wishes = {level: getattr(wanted, level) for level in LEVELS}
    rarer = {level: wish and wish.rarer(letter, known.shares, FREQUENT) for level, wish in wishes.items()}
    often = {
        level for level, wish in rarer.items()
        if wish and is_frequent(kind.searched, wish, FEW, seen, WALKED_FROM[is_open])
    }  # fmt: skip
    walked = [level for level in LEVELS if level in often] if "inside" in often else []
    read = [level for level, wish in rarer.items() if wish and level not in walked]
    share = {level: wish.share(letter, known.shares) if wish else 0.0 for level, wish in wishes.items()}
    if "start" in walked and share["start"] >= MOSTLY * share["inside"] > 0:
        walked.remove("start")
    ways = [(level, WALK, is_open) for level in walked]
    if read:
        ways.insert(0, (read[-1], INDEX, is_open))
    asked_for = {level: wish if level in walked else rarer[level] for level, wish in wishes.items()}
    if not walked and asked_for["start"]:  # what begins so has to hold all of it, too
        asked_for["start"] = Wish(all=(asked_for["start"], rarer["inside"]))
    texts = {f"{letter}_{level}": wish.text(letter) if wish else NOTHING for level, wish in asked_for.items()}
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
    return [
        _BRANCHES[how](search.kind, level, is_open, stage) for stage, (level, how, is_open) in enumerate(search.ways)
    ]


def _from_index(kind: Kind, level: str, is_open: bool, stage: int) -> str:
    """What fits up to a level, as far as it is read. Where that is not all, those that fit better are read on their
    own; and a row without an id says so."""
    better = LEVELS[: LEVELS.index(level)]
    met = _entries(kind, level, is_open, FEW, f"entry.id, {_rank(kind, better)} AS rank")
    more = "".join(
        " UNION ALL " + _entries(kind, each, is_open, FEW, f"entry.id, {rank}", "(SELECT has_more FROM counted)")
        for rank, each in enumerate(better)
    )
    joined = f"({kind.source})" if " JOIN " in kind.source else kind.source
    return f"""
        (WITH met AS MATERIALIZED ({met}),
              counted AS MATERIALIZED (SELECT count(*) >= {FEW} AS has_more FROM met),
              found AS (SELECT id, min(rank) AS rank FROM (SELECT id, rank FROM met{more}) AS fitting GROUP BY id)
         (SELECT {kind.columns}, {stage}, found.rank
            FROM (SELECT * FROM found ORDER BY found.rank, found.id DESC OFFSET 0) AS found
            JOIN {kind.source} ON row.id = found.id
           WHERE {kind.conditions()} ORDER BY found.rank, found.id DESC LIMIT {LIMIT})
          UNION ALL
         (SELECT {kind.columns}, {stage}, 0 FROM counted LEFT JOIN {joined} ON false WHERE counted.has_more))
    """


def _rank(kind: Kind, better: Sequence[str]) -> str:
    """The place of the best level that an entry fits."""
    letter = kind.searched.letter
    cases = [f"WHEN entry.terms @@ %({letter}_{each})s::tsquery THEN {rank}" for rank, each in enumerate(better)]
    return f"CASE {' '.join(cases)} ELSE {len(better)} END" if cases else "0"


def _deeper(kind: Kind, level: str, is_open: bool, stage: int) -> str:
    return f"""
        (SELECT {kind.columns}, {stage}, 2 FROM (
            SELECT found.id FROM ({_entries(kind, level, is_open, DEEP, "entry.id")}) AS found
             ORDER BY found.id DESC OFFSET 0) AS found
           JOIN {kind.source} ON row.id = found.id
          WHERE {kind.conditions()} ORDER BY found.id DESC LIMIT {LIMIT})
    """


def _entries(kind: Kind, level: str, is_open: bool, limit: int, columns: str, where: str = "true") -> str:
    """So many entries that fit, as they come; where the viewer does not see all, of his own ones and of those that are
    shared with him."""
    fits = f"{where} AND entry.terms @@ %({kind.searched.letter}_{level})s::tsquery"
    read = f"SELECT {columns} FROM search_entry AS entry WHERE {fits}"
    if is_open:
        return f"({read} LIMIT {limit})"
    own = f"{read} AND {OWNER_IN_INDEX} && %(viewer_owners)s::bigint[] LIMIT {limit}"
    return f"({own}) UNION ALL ({read} AND {_is_shared(kind)})"


def _is_shared(kind: Kind) -> str:
    entry_kind = kind.searched.kind
    shared = "entry.id" if entry_kind == "customer" else "entry.customer_id <> entry.id AND entry.customer_id"
    return f"{shared} = ANY (%(viewer_shared)s::bigint[]) AND entry.kind = '{entry_kind}'"


def _walk(kind: Kind, level: str, is_open: bool, stage: int) -> str:
    return _walk_all(kind, level, stage) if is_open else _walk_own(kind, level, stage)


def _walk_all(kind: Kind, level: str, stage: int) -> str:
    letter = kind.searched.letter
    return f"""
        (SELECT {kind.columns}, {stage}, 0 FROM (
            SELECT entry.id, entry.terms FROM search_entry AS entry WHERE entry.kind = '{kind.searched.kind}'
             ORDER BY entry.id DESC LIMIT {WALKED}) AS walked
           JOIN {kind.source} ON row.id = walked.id
          WHERE walked.terms @@ %({letter}_{level})s::tsquery AND {kind.conditions()}
          ORDER BY walked.id DESC LIMIT {LIMIT})
    """


def _walk_own(kind: Kind, level: str, stage: int) -> str:
    """Through the records of each owner that the viewer sees, and those of the customers shared with him."""
    fits = f"terms @@ %({kind.searched.letter}_{level})s::tsquery"
    return f"""
        (SELECT {kind.columns}, {stage}, 0 FROM (
            SELECT met.id FROM (
                SELECT own.id FROM unnest(%(viewer_owners)s::bigint[]) AS owners (id) CROSS JOIN LATERAL (
                    SELECT walked.id FROM (
                        SELECT entry.id, entry.terms FROM search_entry AS entry
                         WHERE entry.owner_id = owners.id AND entry.kind = '{kind.searched.kind}'
                         ORDER BY entry.id DESC LIMIT %(walked)s::int) AS walked
                     WHERE walked.{fits} LIMIT %(each)s::int) AS own
                UNION ALL
                SELECT entry.id FROM search_entry AS entry WHERE {_is_shared(kind)} AND entry.{fits}
            ) AS met ORDER BY met.id DESC OFFSET 0) AS found
           JOIN {kind.source} ON row.id = found.id
          WHERE {kind.conditions()} ORDER BY found.id DESC LIMIT {LIMIT})
    """


_BRANCHES = {INDEX: _from_index, WALK: _walk, DEEPER: _deeper}


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
    """The rows of all kinds that a text finds, the best first within a kind: a statement for each, in one round trip,
    and a second one where a way ended too soon.

    Columns of every kind are the arguments of `make`, the first two the kind's name and the id. `also` are further
    SELECTs with their names, of the same columns and two more.
    """
    wanted = asked(text, lines_shown())
    searches = [searching(kind, wanted) for kind in kinds] if wanted is not None else []
    if not searches and not also:
        return []
    viewer = current_viewer()
    values: dict[str, Any] = {
        "walked": max(50, WALKED // max(1, len(viewer.owners))),
        "each": max(2, SPARE * limit // max(1, len(viewer.owners))),
        "patterns": wanted.patterns if wanted else (),
        **(parameters or {}),
    }

    def ask(searches: Iterable[Search]) -> list[Query]:
        return [_statement(each, tables, make, limit)(**values | each.parameters) for each in searches]

    others = [_further(also, tables)(**values)] if also else []
    _, *answers = fetch(connection, PLAN_FOR_KEYS(viewer=viewer_text()), *ask(searches), *others)
    rows = [row for answer in answers for row in answer]
    found = _assemble(rows, searches, limit)
    missed = [search for search in searches if _ended(search, rows, found, limit)]
    if missed:
        deeper = (replace(each, ways=(("inside", DEEPER, each.ways[-1][2]),)) for each in missed)
        rows += [row for answer in fetch(connection, *ask(deeper)) for row in answer]
        found = _assemble(rows, searches, limit)
    return [row[:-2] for row in found]


def _ended(search: Search, rows: Sequence[Any], found: Sequence[Any], limit: int) -> bool:
    """Whether too few hold the text among those that were met, while there are more of them: a row without an id says
    that as many fitted as are read from the index."""
    name = search.kind.name
    if sum(row[0] == name for row in found) >= limit:
        return False
    if search.ways[-1][1] == WALK:
        return shares().entries > WALKED
    return any(row[0] == name and row[1] is None for row in rows)


def _assemble(rows: Sequence[Any], searches: Sequence[Search], limit: int) -> list[Any]:
    """Rows in their order, each once, as far as they hold what was typed."""
    texts = {search.kind.name: search for search in searches if search.kind.texts}
    seen: dict[tuple[str, int], Any] = {}
    counts: dict[str, int] = {}
    for row in sorted((row for row in rows if row[1] is not None), key=lambda row: (row[-2], row[-1])):
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


def _statement(search: Search, tables: str, make: Any, limit: int) -> Statement:
    """The statement for a kind that is looked for in these ways: registered and prepared once."""
    ways = (f"{'all' if is_open else 'own'} {level} {how}" for level, how, is_open in search.ways)
    name = f"finding.{getattr(make, '__name__', 'rows')}{limit}.{search.kind.name}[{', '.join(ways)}]"
    return _registered(name, [branch.replace(LIMIT, str(int(limit))) for branch in branches(search)], tables)


def _further(selects: Mapping[str, str], tables: str) -> Statement:
    return _registered(f"finding.further[{','.join(selects)}]", list(selects.values()), tables)


def _registered(name: str, selects: Sequence[str], tables: str) -> Statement:
    with _lock:
        if name not in REGISTRY:
            text = " UNION ALL ".join(selects)
            is_scoped = "visible(" in text or "viewer_owners" in text
            statement(name, text, tables=tables_read(text, tables), scope="scoped" if is_scoped else "system")
        return REGISTRY[name]


def tables_read(text: str, tables: str) -> str:
    """Those of the tables that a statement reads."""
    return " ".join(table for table in tables.split() if re.search(rf"(FROM|JOIN) {table}\b", text))
