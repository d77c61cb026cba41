"""What a reference may point to: how such a record is called, and which one somebody means by what he typed.

A record is called by its code with its name behind it. Whoever may not see a customer is not told what it is called
either: the reference is then masked, and a foreign id answers like a missing one.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Final, NamedTuple, TypeVar

from core.normalise import fold
from core.plan import Plan
from core.queries.reading import read
from core.queries.words import customers_found, patterns_of
from core.statements import Statement, statement

BETWEEN: Final = " · "
FOUND: Final = 20
OFFERED: Final = 200
Name = TypeVar("Name", bound=Hashable)


class Target(NamedTuple):
    """A table: the label of a row, what is asked of every row offered, how a text finds rows; all of alias `seen`."""

    table: str
    code: str
    name: str
    joined: str
    seen: str
    offered: str
    found: str

    @property
    def label(self) -> str:
        return f"{self.code} || '{BETWEEN}' || {self.name}"

    @property
    def rows(self) -> str:
        return f"{self.table} AS seen {self.joined}"


_BY_NAME = "lower({name}) LIKE ALL (%(patterns)s::text[])"
_BY_WORDS = "seen.search_text LIKE ALL (%(patterns)s::text[])"
_CUSTOMER = "seen.merged_into_id IS NULL AND visible(seen, seen.id)"
_HOME = "JOIN customer ON customer.id = seen.customer_id"
_AT_HOME = "customer.merged_into_id IS NULL AND visible(customer, customer.id)"
TARGETS: Final[dict[str, Target]] = {
    "customer": Target("customer", "seen.code", "seen.name", "", _CUSTOMER, "true", customers_found("seen")),
    "contact": Target(
        "contact", "'#' || seen.id", "seen.name || ', ' || customer.name", _HOME, _AT_HOME, "seen.is_active",
        _BY_NAME.format(name="seen.name"),
    ),
    "product": Target("product", "seen.sku", "seen.name", "", "true", "seen.is_active", _BY_WORDS),
    "supplier": Target("supplier", "seen.code", "seen.name", "", "true", "true", _BY_NAME.format(name="seen.name")),
    "app_user": Target(
        "app_user", "seen.login", "seen.name", "", "true", "seen.is_active", _BY_NAME.format(name="seen.name")
    ),
}  # fmt: skip
TABLES: Final = "customer contact product supplier app_user"


def label_sql(target: str, identity: str) -> str:
    """What is referred to is called, as SQL of a scoped statement: NULL for what the viewer does not see."""
    cases = " ".join(
        f"WHEN '{name}' THEN (SELECT {kind.label} FROM {kind.rows} WHERE seen.id = {identity} AND {kind.seen})"  # noqa: S608 (names of tables and columns, no values)
        for name, kind in TARGETS.items()
    )
    return f"CASE {target} {cases} END"


class Referred(NamedTuple):
    """A record that is or may be referred to."""

    id: int
    label: str


LABELS = statement(
    "custom_fields.reference_labels",
    f"""
    SELECT wanted.target, wanted.id, {label_sql("wanted.target", "wanted.id")}
      FROM unnest(%(targets)s::text[], %(ids)s::bigint[]) AS wanted (target, id)
    """,  # noqa: S608 (names of tables and columns, no values)
    tables=TABLES,
    scope="scoped",
)


def _finding(name: str, target: Target) -> Statement:
    is_scoped = "visible(" in target.seen
    text = f"""
        SELECT seen.id, {target.label} FROM {target.rows}
         WHERE {target.seen} AND {target.offered}
           AND (upper({target.code}) = upper(%(code)s) OR upper({target.name}) = upper(%(text)s) OR {target.found})
         ORDER BY upper({target.code}) = upper(%(code)s) DESC, upper({target.name}) = upper(%(text)s) DESC,
                  {target.name}, seen.id
         LIMIT %(limit)s::int
        """  # noqa: S608 (names of tables and columns, no values)
    return statement(
        f"custom_fields.find_{name}",
        text,
        tables=" ".join(table for table in (target.table, "customer", "search_entry") if f" {table} " in text),
        scope="scoped" if is_scoped else "system",
        fact=Referred,
    )


def _naming(name: str, target: Target) -> Statement:
    """Which records many texts name, by code or whole name; a label is its code."""
    code = f"{target.code} = told.code"
    if name == "contact":  # by the number itself, for which there is an index
        code = "seen.id = CASE WHEN told.code ~ '^#[0-9]{1,18}$' THEN substr(told.code, 2)::bigint END"
    seen = f"FROM told JOIN {target.table} AS seen ON"
    rest = f"{target.joined} WHERE {target.seen} AND {target.offered}"
    return statement(
        f"custom_fields.name_{name}",
        f"""
        WITH told AS (SELECT text, split_part(text, '{BETWEEN}', 1) AS code FROM unnest(%(texts)s::text[]) AS text)
        SELECT told.text, seen.id {seen} {code} {rest}
        UNION SELECT told.text, seen.id {seen} seen.name = told.text {rest}
        """,  # noqa: S608 (names of tables and columns, no values)
        tables="contact customer" if name == "contact" else target.table,
        scope="scoped" if "visible(" in target.seen else "system",
    )


def _offering(name: str, target: Target) -> Statement:
    return statement(
        f"custom_fields.offer_{name}",
        f"""
        SELECT seen.id, {target.label} FROM {target.rows} WHERE {target.seen} AND {target.offered}
         ORDER BY {target.name}, seen.id LIMIT {OFFERED}
        """,  # noqa: S608 (names of tables and columns, no values)
        tables="contact customer" if name == "contact" else target.table,
        scope="scoped" if "visible(" in target.seen else "system",
        fact=Referred,
    )


FIND: Final = {name: _finding(name, target) for name, target in TARGETS.items()}
NAMED: Final = {name: _naming(name, target) for name, target in TARGETS.items()}
# Contacts are typed: their names alone say little, and there are more of them than of anything else.
OFFER: Final = {name: _offering(name, target) for name, target in TARGETS.items() if name != "contact"}


def find_references(target: str, text: str) -> list[Referred]:
    """What a typed text may mean: exactly one where it is a code, a label or a whole name, else at most `FOUND`."""
    text = text.strip()
    code = text.partition(BETWEEN)[0].strip()
    patterns = patterns_of(text)
    if not patterns:
        return []
    [found] = read(FIND[target](text=text, code=code, patterns=patterns, limit=FOUND))
    return _meant(found, text, code)


def _meant(found: list[Referred], text: str, code: str) -> list[Referred]:
    """Those of what was found that are called exactly so, where that is one."""
    for wanted, part in ((fold(code), 0), (fold(text), 2)):
        exact = [match for match in found if fold(match.label.partition(BETWEEN)[part]) == wanted]
        if len(exact) == 1:
            return exact
    return found


def offered_references(targets: Iterable[str]) -> dict[str, list[str]]:
    """What people are offered while they type, of each target; one round trip."""
    wanted = [name for name in dict.fromkeys(targets) if name in OFFER]
    found = read(*(OFFER[name]() for name in wanted)) if wanted else []
    return {name: [row.label for row in rows] for name, rows in zip(wanted, found, strict=True)}


def unseen_references(plan: Plan, wanted: Mapping[Name, tuple[str, int]]) -> set[Name]:
    """Of (target, id) by name, the names of those that do not exist for the actor."""
    if not wanted:
        return set()
    targets, ids = zip(*wanted.values(), strict=True)
    [rows] = plan.fetch(LABELS(targets=list(targets), ids=list(ids)))
    known = {(target, identity) for target, identity, label in rows if label is not None}
    return {name for name, pair in wanted.items() if pair not in known}


def reference_labels(wanted: Iterable[tuple[str, int]]) -> dict[int, str]:
    """What the (target, id) are called that the person of this call sees."""
    pairs = list(dict.fromkeys(wanted))
    if not pairs:
        return {}
    [rows] = read(LABELS(targets=[target for target, _ in pairs], ids=[identity for _, identity in pairs]))
    return {identity: label for _, identity, label in rows if label is not None}
