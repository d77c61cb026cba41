"""The tree company → region → team, who belongs where, and customers shared beyond their owner."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from core.audit import record
from core.company import get_company
from core.constraints import means
from core.errors import DomainError, FieldErrors, NotFound
from core.needs import needs
from core.normalise import clean
from core.organization import OrgUnit, UnitKind, UnitMembership, User
from core.parties import Customer, CustomerShare
from core.plan import Plan
from core.scope import Viewer
from core.statements import statement

for _reader in ("user_id", "unit_id"):
    means(f"uq_customer_share_{_reader}", "done_meanwhile")
VIEWER_OF = statement("units.viewer_of", "SELECT viewer_of(%(user_id)s::bigint)", tables="", scope="system")
LONGEST_NAME = 120
LONGEST_REASON = 300


# the tree -------------------------------------------------------------------------------------------------------------
@needs("users.manage")
def save_unit(
    plan: Plan, values: Mapping[str, Any], *, unit_id: int | None = None, version: int | None = None
) -> dict[str, Any]:
    """Creates a region or team, or changes name and place of one; what hangs on it moves along.

    `values`: name, kind (region or team), parent_id (the company where none is given). Locks the whole tree. Raises
    InvalidInput beside the field, `unit_cycle` for a unit that would lie below itself, `edit_conflict`, and
    `view_of_oneself` where it would show the actor other people's rows.
    """
    units = {unit.id: unit for unit in plan.session.execute(select(OrgUnit).with_for_update()).scalars()}
    unit = None if unit_id is None else units.get(unit_id)
    if unit_id is not None and unit is None:
        raise NotFound("org_unit", unit_id)
    if unit is not None and version is not None and unit.version != version:
        raise DomainError("edit_conflict", version=unit.version)
    root = _company(plan, units)
    name, kind, parent = _checked(values, unit, root, units)
    if unit is None:
        unit = OrgUnit(id=plan.new_id(), name=name, kind=kind, parent_id=parent and parent.id, path=[])
        plan.session.add(unit)
    elif parent is not None and unit.id in parent.path:
        raise DomainError("unit_cycle", unit=unit.name, parent=parent.name)
    before = list(unit.path)
    unit.name, unit.kind, unit.parent_id = name, kind, parent.id if parent else None
    unit.path = [*(parent.path if parent else ()), unit.id]
    for below in units.values():
        if before and below is not unit and below.path[: len(before)] == before:
            below.path = [*unit.path, *below.path[len(before) :]]
    plan.session.flush()
    _refuse_wider_view(plan)
    return {"id": unit.id, "name": unit.name, "kind": unit.kind, "parent_id": unit.parent_id, "version": unit.version}


def _company(plan: Plan, units: dict[int, OrgUnit]) -> OrgUnit:
    """The root; it is made with the first unit below it."""
    for unit in units.values():
        if unit.kind is UnitKind.COMPANY:
            return unit
    identity = plan.new_id()
    name = get_company(plan.session).name[:LONGEST_NAME]
    root = OrgUnit(id=identity, name=name, kind=UnitKind.COMPANY, parent_id=None, path=[identity])
    plan.session.add(root)
    plan.session.flush()
    units[identity] = root
    return root


def _checked(
    values: Mapping[str, Any], unit: OrgUnit | None, root: OrgUnit, units: dict[int, OrgUnit]
) -> tuple[str, UnitKind, OrgUnit | None]:
    errors = FieldErrors()
    name = clean(values.get("name", unit.name if unit else None)) or ""
    if not name:
        errors.add("name", "required")
    elif len(name) > LONGEST_NAME:
        errors.add("name", "too_long", limit=LONGEST_NAME)
    if unit is root:
        errors.raise_if_any()
        return name, UnitKind.COMPANY, None
    kind = values.get("kind", unit.kind if unit else UnitKind.TEAM)
    if kind not in (UnitKind.REGION, UnitKind.TEAM):
        errors.add("kind", "unknown_choice", choices=[UnitKind.REGION, UnitKind.TEAM])
    wanted = values.get("parent_id", unit.parent_id if unit else None) or root.id
    parent = units.get(wanted)
    if parent is None:
        errors.add("parent_id", "org_unit_unknown")
    elif parent.kind is UnitKind.TEAM and kind == UnitKind.REGION:
        errors.add("parent_id", "region_below_team", parent=parent.name)
    if any(other.name == name and other.parent_id == wanted and other is not unit for other in units.values()):
        errors.add("name", "duplicate_name")
    errors.raise_if_any()
    return name, UnitKind(kind), parent


# people ---------------------------------------------------------------------------------------------------------------
@needs("users.manage")
def place_user(plan: Plan, user_id: int, unit_id: int | None) -> dict[str, Any]:
    """Says where a person belongs from now on; where he belonged before is kept. Locks the user.

    Who does not see everything does not move himself, nor others to where he would see theirs. Raises NotFound,
    `place_of_oneself`, `view_of_oneself`.
    """
    user = plan.session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None:
        raise NotFound("user", user_id)
    if unit_id is not None and plan.session.get(OrgUnit, unit_id) is None:
        raise NotFound("org_unit", unit_id)
    if user_id == plan.actor.user_id and user.unit_id != unit_id and not plan.actor.viewer.sees_all:
        raise DomainError("place_of_oneself", http_status=403)
    if user.unit_id != unit_id:
        current = select(UnitMembership).where(UnitMembership.user_id == user_id, UnitMembership.until.is_(None))
        for membership in plan.session.execute(current).scalars():
            membership.until = plan.now
        plan.session.flush()
        if unit_id is not None:
            plan.session.add(UnitMembership(user_id=user_id, unit_id=unit_id, since=plan.now))
        user.unit_id = unit_id
        plan.session.flush()
        _refuse_wider_view(plan)
    return {"id": user_id, "name": user.name, "unit_id": unit_id}


def _refuse_wider_view(plan: Plan) -> None:
    """Nobody gives himself a wider view by moving others, or what they hang on: raises `view_of_oneself`."""
    if plan.actor.user_id is None or plan.actor.viewer.sees_all:
        return
    [[(seen,)]] = plan.fetch(VIEWER_OF(user_id=plan.actor.user_id))
    viewer = Viewer.read(seen)
    if viewer.sees_all or not set(viewer.owners) <= set(plan.actor.viewer.owners):
        raise DomainError("view_of_oneself", http_status=403)


# sharing --------------------------------------------------------------------------------------------------------------
@needs("customers.assign")
def share_customer(
    plan: Plan, customer_id: int, *, user_id: int | None = None, unit_id: int | None = None, reason: str | None = None
) -> dict[str, Any]:
    """Shows a customer and all that is his to a person or a unit, until it is ended. A second time changes nothing.

    Raises NotFound, InvalidInput unless exactly one reader is named.
    """
    customer = plan.session.get(Customer, customer_id, with_for_update={"key_share": True})
    if customer is None or customer.merged_into_id is not None:
        raise NotFound("customer", customer_id)
    errors = FieldErrors()
    reader = user_id if user_id is not None else unit_id
    if (user_id is None) == (unit_id is None):
        errors.add("user_id", "one_reader")
    elif user_id is not None and not _is_here(plan, user_id):
        errors.add("user_id", "user_unknown")
    elif unit_id is not None and plan.session.get(OrgUnit, unit_id) is None:
        errors.add("unit_id", "org_unit_unknown")
    if len(reason or "") > LONGEST_REASON:
        errors.add("reason", "too_long", limit=LONGEST_REASON)
    errors.raise_if_any()
    column = CustomerShare.user_id if user_id is not None else CustomerShare.unit_id
    live = select(CustomerShare).where(
        CustomerShare.customer_id == customer_id, column == reader, CustomerShare.ended_at.is_(None)
    )
    share = plan.session.execute(live).scalar_one_or_none()
    if share is None:
        share = CustomerShare(
            customer_id=customer_id,
            user_id=user_id,
            unit_id=unit_id,
            reason=clean(reason),
            created_at=plan.now,
            created_by_id=plan.actor.user_id,
        )
        plan.session.add(share)
        plan.session.flush()
        shared_with = {"user_id": user_id, "unit_id": unit_id}
        record(plan, "customer.shared", "customer", customer_id, label=customer.code, changes=shared_with)
    return {"id": share.id, "customer_id": customer_id, "user_id": user_id, "unit_id": unit_id}


def _is_here(plan: Plan, user_id: int) -> bool:
    """Whether somebody is active; his row is shared until the end, so that he does not leave meanwhile."""
    shared = {"read": True, "key_share": True}
    return getattr(plan.session.get(User, user_id, with_for_update=shared, populate_existing=True), "is_active", False)


@needs("customers.assign")
def end_share(plan: Plan, customer_id: int, share_id: int) -> dict[str, Any]:
    """Takes a shared customer back. Raises NotFound, also when it was ended already or is another customer's."""
    share = plan.session.get(CustomerShare, share_id, with_for_update=True)
    if share is None or share.ended_at is not None or share.customer_id != customer_id:
        raise NotFound("customer_share", share_id)
    if plan.session.get(Customer, customer_id) is None:
        raise NotFound("customer_share", share_id)
    share.ended_at = plan.now
    plan.session.flush()
    taken_from = {"user_id": share.user_id, "unit_id": share.unit_id}
    record(plan, "customer.share_ended", "customer", share.customer_id, changes=taken_from)
    return {"id": share_id, "customer_id": share.customer_id}
