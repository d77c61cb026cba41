"""What a check is: a code, a title, and SELECTs whose rows are the differences; checks over the same facts make one
statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.money import MINOR_UNITS
from core.statements import Statement, statement
from web.cli.messages import gettext

SHOWN = 20
_WHOLE = ", ".join(f"'{currency}'" for currency, places in MINOR_UNITS.items() if places == 0)
# Decimals of the company's currency as amounts are rounded to.
PLACES = f"(SELECT CASE WHEN currency IN ({_WHOLE}) THEN 0 ELSE 2 END FROM company)"
Facts = Mapping[str, str]
"""Common table expressions by name, in the order they build on each other."""


@dataclass(frozen=True)
class Check:
    """One invariant: SELECTs of (record, what, stored, derived) that find nothing. `english` is the title."""

    code: str
    english: str
    differences: tuple[str, ...]

    @property
    def title(self) -> str:
        return gettext(self.english)


@dataclass(frozen=True)
class Group:
    """Checks that one statement answers: rows of (code, record, what, stored, derived, how many of that code)."""

    checks: tuple[Check, ...]
    statement: Statement

    @property
    def name(self) -> str:
        return self.checks[0].code


def check(code: str, english: str, *differences: str) -> Check:
    return Check(code, english, differences)


def group(tables: str, *checks: Check, facts: Facts | None = None) -> Group:
    """Checks over the same facts, which are then derived once. `tables` are all they read."""
    found = " UNION ALL ".join(
        f"SELECT '{check.code}' AS code, record::text, what::text, stored::text, derived::text "
        f"FROM ({part}) AS part (record, what, stored, derived)"
        for check in checks
        for part in check.differences
    )
    common = ", ".join(f"{name} AS ({text})" for name, text in (facts or {}).items())
    text = f"""
        {f"WITH {common}" if common else ""}
        SELECT code, record, what, stored, derived, total FROM (
            SELECT *, count(*) OVER codes AS total, row_number() OVER (codes ORDER BY record, what) AS place
              FROM ({found}) AS found WINDOW codes AS (PARTITION BY code)) AS difference
         WHERE place <= {SHOWN} ORDER BY code, place
    """
    return Group(checks, statement(f"integrity.{checks[0].code}", text, tables=tables, scope="system"))


def alone(code: str, english: str, tables: str, *differences: str, facts: Facts | None = None) -> Group:
    """A check with a statement of its own."""
    return group(tables, check(code, english, *differences), facts=facts)


def differs(record: str, what: str, stored: str, derived: str, source: str) -> str:
    """Rows of `source` where a stored figure is not the derived one."""
    return f"SELECT {record}, '{what}', {stored}, {derived} FROM {source} WHERE {stored} IS DISTINCT FROM {derived}"


def share(total: str, part: str, quantity: str) -> str:
    """A cumulative share as the product rounds it: the whole takes all."""
    return f"CASE WHEN {part} = {quantity} THEN {total} ELSE round({total} * {part} / {quantity}, {PLACES}) END"
