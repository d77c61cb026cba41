"""The tree of the company with who belongs where, and who shares a customer."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from core.errors import NotFound
from core.queries.reading import read
from core.statements import statement


class UnitRecord(NamedTuple):
    """A unit in the order of the tree; `depth` is 0 for the company. `people` are the names of who belongs to it."""

    id: int
    name: str
    kind: str
    parent_id: int | None
    depth: int
    people: list[str]
    version: int


class MemberRecord(NamedTuple):
    """A person who signs in, and the unit he belongs to."""

    id: int
    name: str
    unit_id: int | None


class ShareRecord(NamedTuple):
    """A customer shown to a person or a unit."""

    id: int
    user_id: int | None
    unit_id: int | None
    reader: str
    reason: str | None
    created_at: datetime
    created_by: str | None


UNITS = statement(
    "units.list",
    """
    SELECT unit.id, unit.name, unit.kind, unit.parent_id, cardinality(unit.path) - 1,
           ARRAY(SELECT app_user.name FROM app_user WHERE unit_id = unit.id AND is_active ORDER BY app_user.name),
           unit.version
      FROM org_unit AS unit
     ORDER BY ARRAY(SELECT above.name FROM unnest(unit.path) WITH ORDINALITY AS step (id, place)
                      JOIN org_unit AS above USING (id) ORDER BY place)
    """,
    tables="org_unit app_user",
    scope="system",
    fact=UnitRecord,
)
MEMBERS = statement(
    "units.members",
    "SELECT id, name, unit_id FROM app_user WHERE is_active ORDER BY name, id",
    tables="app_user",
    scope="system",
    fact=MemberRecord,
)
SHARES = statement(
    "units.shares",
    """
    SELECT share.id, share.user_id, share.unit_id, coalesce(reader.name, unit.name), share.reason, share.created_at,
           giver.name
      FROM customer_share AS share JOIN customer ON customer.id = share.customer_id
      LEFT JOIN app_user AS reader ON reader.id = share.user_id
      LEFT JOIN org_unit AS unit ON unit.id = share.unit_id
      LEFT JOIN app_user AS giver ON giver.id = share.created_by_id
     WHERE share.customer_id = %(customer_id)s::bigint AND share.ended_at IS NULL AND visible(customer, customer.id)
     ORDER BY share.id
    """,
    tables="customer_share customer app_user org_unit",
    scope="scoped",
    fact=ShareRecord,
)


def list_units() -> list[UnitRecord]:
    """The whole tree, each unit under its parent."""
    [rows] = read(UNITS())
    return rows


def get_unit(unit_id: int) -> UnitRecord:
    """One unit. Raises NotFound."""
    found = next((unit for unit in list_units() if unit.id == unit_id), None)
    if found is None:
        raise NotFound("org_unit", unit_id)
    return found


def list_members() -> list[MemberRecord]:
    """Everybody who may sign in."""
    [rows] = read(MEMBERS())
    return rows


def list_shares(customer_id: int) -> list[ShareRecord]:
    """Beyond its owner, whom a customer is shown to; nobody for a customer that the viewer does not see."""
    [rows] = read(SHARES(customer_id=customer_id))
    return rows
