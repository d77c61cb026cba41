"""What one person may give another: never more than he has himself, and never so little that customers lie fallow."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from core.context import SYSTEM
from core.errors import DomainError, FieldError
from core.organization import Role, RowScope, User
from core.permissions import PERMISSIONS
from core.plan import Plan
from core.statements import statement

SCOPES = (RowScope.OWN, RowScope.TEAM, RowScope.REGION, RowScope.ALL)
TO_READ = "customers.read"


class OwnerFact(NamedTuple):
    """Somebody who owns customers, and how many."""

    user_id: int
    owner: str
    customers: int


CUSTOMERS_OWNED = statement(
    "users.customers_owned",
    "SELECT count(*) FROM customer WHERE owner_id = %(user_id)s::bigint AND merged_into_id IS NULL",
    tables="customer",
    scope="system",
)
OWNERS_BY_ROLE = statement(
    "roles.owners",
    """
    SELECT owner.id, owner.name, count(*)
      FROM user_role JOIN app_user AS owner ON owner.id = user_role.user_id
      JOIN customer ON customer.owner_id = owner.id AND customer.merged_into_id IS NULL
     WHERE user_role.role_id = %(role_id)s::bigint
       AND NOT EXISTS (SELECT FROM user_role AS other JOIN role ON role.id = other.role_id
                        WHERE other.user_id = owner.id AND role.id <> %(role_id)s::bigint
                          AND %(permission)s = ANY (role.permissions))
     GROUP BY owner.id ORDER BY count(*) DESC, owner.id
    """,
    tables="user_role app_user customer role",
    scope="system",
    fact=OwnerFact,
)


def refuse_more_than_own(
    plan: Plan, permissions: Collection[str], scopes: Iterable[RowScope], *, field: str, scope_field: str
) -> None:
    """Nobody gives or takes what he does not have: raises `grants_too_much` beside `field` for permissions the actor
    lacks, `sees_too_much` beside `scope_field` for rows beyond his own. A token gives no more than its own scopes."""
    if plan.actor is SYSTEM:
        return
    lacking = sorted(set(permissions) & PERMISSIONS.keys() - plan.actor.permissions)
    if lacking:
        fault = FieldError("grants_too_much", {"permissions": lacking})
        raise DomainError("grants_too_much", fields={field: fault}, http_status=403, permissions=lacking)
    widest = max(scopes, key=SCOPES.index, default=RowScope.OWN)
    if SCOPES.index(widest) > SCOPES.index(_scope_of_actor(plan)):
        fault = FieldError("sees_too_much", {"row_scope": widest})
        raise DomainError("sees_too_much", fields={scope_field: fault}, http_status=403, row_scope=widest)


def refuse_roles_beyond_own(plan: Plan, roles: Collection[Role], *, field: str) -> None:
    """The same for whole roles. Raises `grants_too_much`, `sees_too_much` beside `field`."""
    if roles:
        permissions = {permission for role in roles for permission in role.permissions}
        refuse_more_than_own(plan, permissions, [role.row_scope for role in roles], field=field, scope_field=field)


def _scope_of_actor(plan: Plan) -> RowScope:
    if plan.actor.viewer.sees_all:
        return RowScope.ALL
    user = plan.session.get(User, plan.actor.user_id)
    scopes = [role.row_scope for role in user.roles] if user is not None else []
    return max(scopes, key=SCOPES.index, default=RowScope.OWN)


def permissions_of(roles: Iterable[Role]) -> set[str]:
    """All that somebody with these roles may do."""
    return {permission for role in roles for permission in role.permissions}


def refuse_owner(plan: Plan, user: User, *, field: str) -> None:
    """Nobody leaves customers behind without an owner who is here and reads them: raises `user_owns_customers`."""
    plan.see_everything()  # they count whoever manages users, and whether he sees them or not
    [[[customers]]] = plan.fetch(CUSTOMERS_OWNED(user_id=user.id))
    if customers:
        _refuse(OwnerFact(user.id, user.name, customers), field)


def refuse_owners_of_role(plan: Plan, role: Role, *, field: str) -> None:
    """The same for all who have a role that is about to lose `customers.read`, and read customers by no other."""
    plan.see_everything()
    [owners] = plan.fetch(OWNERS_BY_ROLE(role_id=role.id, permission=TO_READ))
    if owners:
        _refuse(owners[0], field, role=role.code)


def _refuse(owner: OwnerFact, field: str, **data: Any) -> None:
    user_id, name, count = owner.user_id, owner.owner, owner.customers
    beside = FieldError("user_owns_customers", {"user_id": user_id, "owner": name, "count": count, **data})
    raise DomainError("user_owns_customers", fields={field: beside}, user_id=user_id, owner=name, count=count, **data)
