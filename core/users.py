"""The people who work with the product: their accounts, roles and preferences."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select

from core.approvals.leaving import end_approvals_of
from core.audit import record
from core.columns import check_texts
from core.errors import DomainError, FieldError, FieldErrors, InvalidInput, NotFound
from core.grants import TO_READ, permissions_of, refuse_owner, refuse_roles_beyond_own
from core.leaving import OPEN_WORK, RUNNING, OpenWork
from core.masks import without_masks
from core.needs import for_anybody, needs
from core.normalise import clean
from core.organization import Company, Role, User
from core.passwords import check_password, hasher
from core.plan import Plan
from core.sessions import end_sessions, rotate_sessions


@needs("users.manage")
def create_user(plan: Plan, values: Mapping[str, Any], *, invited: bool = False) -> dict[str, Any]:
    """Creates a user: login, name, email, title, language, roles (codes), reports_to_id, password, which somebody
    `invited` sets himself. Raises InvalidInput, `duplicate_login`; for roles beyond the actor's own,
    `grants_too_much`, `sees_too_much`."""
    data, roles = _checked_user(plan, values, password_required=not invited)
    refuse_roles_beyond_own(plan, roles, field="roles")
    _check_superior(plan, data["reports_to_id"])
    user = User(created_at=plan.now, roles=roles, **data)
    plan.session.add(user)
    plan.session.flush()
    return _user_answer(user)


@needs("users.manage")
def change_user(plan: Plan, user_id: int, values: Mapping[str, Any], *, version: int | None = None) -> dict[str, Any]:
    """Changes the fields given; deactivating ends all sessions.

    The last active administrator stays one; whoever owns customers or has other work in hand hands it over before he
    leaves, or reads them no more; nobody gives or takes a role beyond his own, nor how somebody above him signs in.
    Raises `last_administrator`, `user_owns_customers` beside `is_active` or `roles`, `user_has_open_work` beside
    `is_active`, `grants_too_much`, `sees_too_much`, `edit_conflict`, and `departure_running` for somebody whose
    customers are on their way to others.
    """
    user = plan.session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None:
        raise NotFound("user", user_id)
    if version is not None and user.version != version:
        raise DomainError("edit_conflict", version=user.version)
    names = ("login", "name", "email", "title", "language", "is_active", "reports_to_id")
    current = {name: getattr(user, name) for name in names}
    current["roles"] = [role.code for role in user.roles]
    given = without_masks("app_user", values, user)
    data, roles = _checked_user(plan, current | given, password_required=False)
    if data["reports_to_id"] != user.reports_to_id:
        _check_superior(plan, data["reports_to_id"])
    if not data["is_active"] or not any(role.code == "admin" for role in roles):
        refuse_last_administrator(plan, user)
    _refuse_escalation(plan, user, data, roles)
    _check_presence(plan, user, data["is_active"])
    if TO_READ in permissions_of(user.roles) - permissions_of(roles):
        refuse_owner(plan, user, field="roles")
    leaves = user.is_active and not data["is_active"]
    for name, value in data.items():
        setattr(user, name, value)
    before = [role.code for role in user.roles]
    user.roles = roles
    after = sorted(role.code for role in roles)
    if before != after:
        record(plan, "user.roles_changed", "app_user", user.id, label=user.login, changes={"roles": [before, after]})
    plan.session.flush()
    if not user.is_active or "password_hash" in data:
        end_sessions(plan, user.id)
    elif before != after:
        rotate_sessions(plan, [user.id])
    if leaves:
        end_approvals_of(plan, user.id)
    return _user_answer(user)


@for_anybody
def change_preferences(plan: Plan, values: Mapping[str, Any]) -> dict[str, Any]:
    """Language, theme, contrast, density and shortcuts of the actor, and whether he is shown the first steps.

    Locks him. Raises NotFound, InvalidInput beside the field."""
    user = plan.session.get(User, plan.actor.user_id, with_for_update={"key_share": True}, populate_existing=True)
    if user is None:
        raise NotFound("user", plan.actor.user_id)
    choices = {
        "language": ("zh", "en"),
        "theme": ("auto", "light", "dark"),
        "contrast": ("normal", "high"),
        "density": ("compact", "normal", "roomy"),
        "shortcuts": (True, False),
        "first_steps": (True, False),
    }
    errors = FieldErrors()
    for name, allowed in choices.items():
        if name in values:
            if values[name] not in allowed:
                errors.add(name, "unknown_choice", choices=list(allowed))
            else:
                setattr(user, name, values[name])
    errors.raise_if_any()
    return {"language": user.language}


def _refuse_escalation(plan: Plan, user: User, data: Mapping[str, Any], roles: list[Role]) -> None:
    """Whoever could say how somebody above him signs in could sign in as that one."""
    refuse_roles_beyond_own(plan, list(set(user.roles) ^ set(roles)), field="roles")
    for field, column in (("login", "login"), ("email", "email"), ("password", "password_hash")):
        if column in data and data[column] != getattr(user, column):
            refuse_roles_beyond_own(plan, user.roles, field=field)


def refuse_last_administrator(plan: Plan, user: User) -> None:
    """Somebody always keeps the keys: raises `last_administrator` for the only active one there is. Locks them all."""
    if any(role.code == "admin" for role in user.roles) and _admins(plan) <= 1:
        raise DomainError("last_administrator")


def _check_presence(plan: Plan, user: User, is_active: bool) -> None:
    """Whether somebody may be made inactive, or active again."""
    if user.is_active and not is_active:
        _refuse_open_work(plan, user)
    elif is_active and not user.is_active:
        _refuse_leaving(plan, user)


def _refuse_open_work(plan: Plan, user: User) -> None:
    """Nobody leaves customers, promises or people behind without somebody who is still here."""
    plan.see_everything()  # what is left behind counts, whether the actor may see it or not
    [[found]] = plan.fetch(OPEN_WORK(user_id=user.id))
    work: OpenWork = found
    user_id, name, count, left = user.id, user.name, work.customers, work.left_behind
    if count:
        beside = FieldError("user_owns_customers", {"user_id": user_id, "owner": name, "count": count})
        fields = {"is_active": beside}
        raise DomainError("user_owns_customers", fields=fields, user_id=user_id, owner=name, count=count)
    if left:
        beside = FieldError("user_has_open_work", {"user_id": user_id, "owner": name, **left})
        raise DomainError("user_has_open_work", fields={"is_active": beside}, user_id=user_id, owner=name, **left)


def _refuse_leaving(plan: Plan, user: User) -> None:
    """Whoever comes back comes with empty hands: not before all of his is with others."""
    [running] = plan.fetch(RUNNING(user_id=user.id))
    if running:
        beside = FieldError("departure_running", {"user_id": user.id, "name": user.name})
        raise DomainError("departure_running", fields={"is_active": beside}, user_id=user.id, name=user.name)


def _check_superior(plan: Plan, superior_id: int | None) -> None:
    """A superior is still here; his row is shared until the end, so that he does not leave meanwhile."""
    shared = {"read": True, "key_share": True}
    if superior_id is None:
        return
    superior = plan.session.get(User, superior_id, with_for_update=shared, populate_existing=True)
    if superior is None or not superior.is_active:
        raise InvalidInput({"reports_to_id": FieldError("user_unknown")})


def _admins(plan: Plan) -> int:
    admins = select(User.id).join(User.roles).where(Role.code == "admin", User.is_active).with_for_update(of=User)
    return len(plan.session.execute(admins).all())


def _checked_user(
    plan: Plan, values: Mapping[str, Any], *, password_required: bool
) -> tuple[dict[str, Any], list[Role]]:
    errors = FieldErrors()
    data: dict[str, Any] = {name: clean(values.get(name)) for name in ("login", "name", "email", "title")}
    data["login"] = (data["login"] or "").lower()
    for name in ("login", "name"):
        if not data[name]:
            errors.add(name, "required")
    check_texts(errors, User, data)
    if data["email"]:
        try:
            data["email"] = validate_email(data["email"], check_deliverability=False).normalized.lower()
        except EmailNotValidError:
            errors.add("email", "not_an_email", value=data["email"])
    data["language"] = values.get("language") or "zh"
    if data["language"] not in ("zh", "en"):
        errors.add("language", "unknown_choice", choices=["zh", "en"])
    data["is_active"] = values.get("is_active") is not False
    data["reports_to_id"] = values.get("reports_to_id")
    if data["reports_to_id"] is not None and plan.session.get(User, data["reports_to_id"]) is None:
        errors.add("reports_to_id", "user_unknown")
    password = values.get("password")
    if password:
        if not values.get("weak_password_allowed"):
            check_password(errors, password, data["login"], data["name"], plan.session.scalar(select(Company.name)))
        data["password_hash"] = hasher.hash(password)
    elif password_required:
        errors.add("password", "required")
    codes = list(dict.fromkeys(values.get("roles") or ()))
    roles = list(plan.session.execute(select(Role).where(Role.code.in_(codes)).order_by(Role.code)).scalars())
    if not codes or len(roles) != len(codes):
        errors.add("roles", "required" if not codes else "role_unknown")
    errors.raise_if_any()
    return data, roles


def _user_answer(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "login": user.login,
        "name": user.name,
        "email": user.email,
        "title": user.title,
        "language": user.language,
        "roles": sorted(role.code for role in user.roles),
        "is_active": user.is_active,
        "version": user.version,
    }
