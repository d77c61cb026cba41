"""What a check is: a code, a title, and a registered statement whose rows are the differences."""

from __future__ import annotations

from dataclasses import dataclass

from core.money import MINOR_UNITS
from core.statements import Statement, statement
from web.cli.messages import gettext

SHOWN = 20
_WHOLE = ", ".join(f"'{currency}'" for currency, places in MINOR_UNITS.items() if places == 0)
# Decimals of the company's currency as amounts are rounded to.
PLACES = f"(SELECT CASE WHEN currency IN ({_WHOLE}) THEN 0 ELSE 2 END FROM company)"


@dataclass(frozen=True)
class Check:
    """One invariant. `english` is the title's sentence."""

    code: str
    english: str
    statement: Statement

    @property
    def title(self) -> str:
        return gettext(self.english)


def check(code: str, english: str, tables: str, *differences: str, common: str = "") -> Check:
    """A check over one or more SELECTs of (record, what, stored, derived); `common` are CTEs they share."""
    union = " UNION ALL ".join(
        f"SELECT record::text, what::text, stored::text, derived::text FROM ({part}) AS part (record, what, stored, derived)"
        for part in differences
    )
    text = f"""
        {f"WITH {common}" if common else ""}
        SELECT record, what, stored, derived, count(*) OVER ()
          FROM ({union}) AS difference (record, what, stored, derived) ORDER BY record, what LIMIT {SHOWN}
    """
    return Check(code, english, statement(f"integrity.{code}", text, tables=tables, scope="system"))


def differs(record: str, what: str, stored: str, derived: str, source: str) -> str:
    """Rows of `source` where a stored figure is not the derived one."""
    return f"SELECT {record}, '{what}', {stored}, {derived} FROM {source} WHERE {stored} IS DISTINCT FROM {derived}"
