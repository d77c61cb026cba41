"""Roles: the standard ones, which may be changed but stay, and a company's own."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select

from core.columns import check_texts
from core.constraints import means
from core.errors import DomainError, FieldErrors, NotFound
from core.grants import TO_READ, refuse_more_than_own, refuse_owners_of_role
from core.needs import needs
from core.normalise import clean
from core.organization import Role, RowScope, User
from core.permissions import PERMISSIONS, missing_beside
from core.plan import Plan

ADMINISTRATOR = "admin"
LONGEST_CODE = 40
PEOPLE_NAMED = 5
_CODE = re.compile(r"[a-z][a-z0-9_]*")
means("uq_role_code", "duplicate_code", field="code")


@needs("users.manage")
def create_role(plan: Plan, values: Mapping[str, Any]) -> dict[str, Any]:
    """Makes a role of the company's own: name, name_zh (the name where left out), code (made from the name where left
    out), permissions, row_scope.

    Locks all roles. Raises InvalidInput beside the field, `grants_too_much`, `sees_too_much`.
    """
    others = _lock_all(plan)
    errors = FieldErrors()
    data = _checked(values, errors, others)
    code = clean(values.get("code"))
    if code is None:
        code = _code_from(data["name"] or "", {role.code for role in others})
    elif not _CODE.fullmatch(code) or len(code) > LONGEST_CODE:
        errors.add("code", "role_code_form", limit=LONGEST_CODE)
    elif any(role.code == code for role in others):
        errors.add("code", "duplicate_code")
    errors.raise_if_any()
    _refuse_too_much(plan, set(data["permissions"]), [data["row_scope"]])
    role = Role(code=code, is_standard=False, **data)
    plan.session.add(role)
    plan.session.flush()
    return role_answer(role)


@needs("users.manage")
def change_role(plan: Plan, role_id: int, values: Mapping[str, Any], *, version: int | None = None) -> dict[str, Any]:
    """Changes the fields given; it bites on the next request of everybody who has the role. The code stays.

    The administrator keeps every permission and sees everything. Locks all roles. Raises NotFound, `edit_conflict`,
    InvalidInput beside the field, `grants_too_much`, `sees_too_much`, `user_owns_customers`.
    """
    roles = _lock_all(plan)
    role = _find(roles, role_id)
    if version is not None and role.version != version:
        raise DomainError("edit_conflict", version=role.version)
    errors = FieldErrors()
    current: dict[str, Any] = {name: getattr(role, name) for name in ("name", "name_zh", "row_scope")}
    current["permissions"] = [name for name in role.permissions if name in PERMISSIONS]
    data = _checked(current | dict(values), errors, [other for other in roles if other is not role])
    errors.raise_if_any()
    if role.code == ADMINISTRATOR:
        _refuse_less(data)
    before, after = set(role.permissions), set(data["permissions"])
    scopes = [role.row_scope, data["row_scope"]] if role.row_scope != data["row_scope"] else []
    _refuse_too_much(plan, before ^ after, scopes)
    if TO_READ in before - after:
        refuse_owners_of_role(plan, role, field="permissions")
    for name, value in data.items():
        if name != "permissions" or before != after:
            setattr(role, name, value)
    plan.session.flush()
    return role_answer(role)


@needs("users.manage")
def remove_role(plan: Plan, role_id: int) -> dict[str, Any]:
    """Takes away an own role that nobody has. Locks all roles. Raises NotFound, `standard_role_stays`, `role_in_use`
    naming people."""
    role = _find(_lock_all(plan), role_id)
    if role.is_standard:
        raise DomainError("standard_role_stays", role=role.code)
    holders = select(User.name).where(User.roles.any(Role.id == role_id)).order_by(User.name, User.id)
    people = list(plan.session.execute(holders).scalars())
    if people:
        raise DomainError("role_in_use", role=role.code, people=people[:PEOPLE_NAMED], count=len(people))
    _refuse_too_much(plan, set(role.permissions), [role.row_scope])
    plan.session.delete(role)
    plan.session.flush()
    return {"id": role_id, "code": role.code, "name": role.name, "name_zh": role.name_zh}


def role_answer(role: Role) -> dict[str, Any]:
    names = ("id", "code", "name", "name_zh", "permissions", "row_scope", "is_standard", "version")
    return {name: getattr(role, name) for name in names}


def _lock_all(plan: Plan) -> list[Role]:
    return list(plan.session.execute(select(Role).order_by(Role.id).with_for_update()).scalars())


def _find(roles: Collection[Role], role_id: int) -> Role:
    found = next((role for role in roles if role.id == role_id), None)
    if found is None:
        raise NotFound("role", role_id)
    return found


def _checked(values: Mapping[str, Any], errors: FieldErrors, others: Collection[Role]) -> dict[str, Any]:
    name = clean(values.get("name"))
    data: dict[str, Any] = {"name": name, "name_zh": clean(values.get("name_zh")) or name}
    if not name:
        errors.add("name", "required")
    check_texts(errors, Role, data)
    for field in ("name", "name_zh"):
        if data[field] and any(getattr(other, field) == data[field] for other in others):
            errors.add(field, "duplicate_name")
    permissions = list(dict.fromkeys(values.get("permissions") or ()))
    unknown = sorted(set(permissions) - PERMISSIONS.keys())
    if unknown:
        errors.add("permissions", "permission_unknown", permissions=unknown)
    elif not permissions:
        errors.add("permissions", "required")
    elif missing := missing_beside(permissions):
        errors.add("permissions", "permission_needs_others", missing=missing)
    data["permissions"] = sorted(permissions)
    scope = values.get("row_scope", RowScope.OWN)
    if scope in set(RowScope):
        data["row_scope"] = RowScope(scope)
    else:
        errors.add("row_scope", "unknown_choice" if scope else "required", choices=list(RowScope))
    return data


def _refuse_less(data: Mapping[str, Any]) -> None:
    """There is always a role that may do everything, so that a company cannot lock itself out."""
    errors = FieldErrors()
    if PERMISSIONS.keys() - set(data["permissions"]):
        errors.add("permissions", "administrator_keeps_all")
    if data["row_scope"] != RowScope.ALL:
        errors.add("row_scope", "administrator_keeps_all")
    errors.raise_if_any()


def _refuse_too_much(plan: Plan, permissions: set[str], scopes: Collection[RowScope]) -> None:
    refuse_more_than_own(plan, permissions, scopes, field="permissions", scope_field="row_scope")


def _code_from(name: str, taken: Collection[str]) -> str:
    """Small letters, digits and underscores out of the name; numbered where that is taken."""
    stem = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_0123456789")[: LONGEST_CODE - 5].strip("_") or "role"
    code, number = stem, 1
    while code in taken:
        number += 1
        code = f"{stem}_{number}"
    return code
