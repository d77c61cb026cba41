"""Roles, what they may do, and why a person may or may not."""

from __future__ import annotations

from typing import Any

from core.masks import KINDS
from core.organization import RowScope
from core.permissions import PERMISSIONS
from core.queries.access import Access, Reason, access_of
from core.queries.roles import ROLES, get_role
from core.roles import LONGEST_CODE, change_role, create_role, remove_role
from web.api.fields import Body, Choice, Field, Integer, Text, Words
from web.api.operation import PAGING, Call, operation
from web.users.records import RecordAnswer, explain_record, find_record

SHAPE = {
    "id": int, "code": str, "name": str, "name_zh": str, "permissions": [str], "row_scope": str, "is_standard": bool,
    "version": int,
}  # fmt: skip
SCOPES = tuple(RowScope)
NAME_ZH: dict[str, Field] = {"name_zh": Text(limit=80, help="The name where left out.")}
PERSON = {"id": int, "name": str}
REASON = {
    "kind": str, "shared_with": str | None, "shared_by": str | None, "shared_at": str | None, "note": str | None
}  # fmt: skip


@operation(
    "GET", "/roles", "users.manage", summary="Roles and what they may do", query=PAGING,
    answer=[SHAPE | {"people": int}],
)  # fmt: skip
def list_roles(call: Call) -> Any:
    return call.page(ROLES, lambda row: row._asdict())


@operation(
    "POST", "/roles", "users.manage", summary="Make a role of the company's own", status=201, answer=SHAPE,
    body=Body(
        name=Text(required=True, limit=80), **NAME_ZH,
        code=Text(limit=LONGEST_CODE, help="Made from the name where left out."),
        permissions=Words(required=True), row_scope=Choice(choices=SCOPES, nullable=False),
    ),
    refusals=("grants_too_much", "sees_too_much"),
)  # fmt: skip
def create_role_call(call: Call) -> Any:
    return call.run(create_role, call.body)


@operation(
    "GET", "/roles/{role_id}", "users.manage", summary="One role and who has it",
    answer=SHAPE | {"people": int, "holders": [PERSON | {"is_active": bool}]},
)  # fmt: skip
def get_role_call(call: Call, role_id: int) -> Any:
    role, holders = get_role(role_id)
    return {**role._asdict(), "holders": [row._asdict() for row in holders]}


@operation(
    "PATCH", "/roles/{role_id}", "users.manage", answer=SHAPE,
    summary="Change a role; it bites on the next request of everybody who has it",
    body=Body(
        name=Text(nullable=False, limit=80), **NAME_ZH, permissions=Words(nullable=False),
        row_scope=Choice(choices=SCOPES, nullable=False), version=Integer(smallest=1),
    ),
    refusals=("edit_conflict", "grants_too_much", "sees_too_much", "user_owns_customers"),
)  # fmt: skip
def change_role_call(call: Call, role_id: int) -> Any:
    version = call.body.pop("version", None)
    return call.run(change_role, role_id, call.body, version=version)


@operation(
    "POST", "/roles/{role_id}/remove", "users.manage", summary="Take away an own role that nobody has", body=Body(),
    answer={"id": int, "code": str, "name": str, "name_zh": str}, refusals=("standard_role_stays", "role_in_use"),
)  # fmt: skip
def remove_role_call(call: Call, role_id: int) -> Any:
    return call.run(remove_role, role_id)


# why ------------------------------------------------------------------------------------------------------------------
@operation(
    "GET", "/users/{user_id}/access", "users.manage",
    summary="What a person may do and whose records he sees; of an action or a record that is named, whether and why",
    query=Body(
        permission=Choice(choices=tuple(PERMISSIONS)),
        record=Text(limit=200, help="The number of a document or customer, or a customer's name."),
    ),
    answer={
        "id": int, "name": str, "is_active": bool, "roles": [str], "permissions": [str], "row_scope": str,
        "sees_all": bool, "owners": [int], "shared_customers": [int], "confidential": dict.fromkeys(KINDS, str),
        "action": {"permission": str, "allowed": bool, "through": [str], "given_by": [str]},
        "record": {
            "kind": str, "id": int, "label": str, "permission": str, "allowed": bool, "may": bool, "sees": bool,
            "owner": PERSON | {"unit": str | None}, "reasons": [REASON],
        },
    },
    refusals=("record_unknown", "record_ambiguous"),
)  # fmt: skip
def get_access(call: Call, user_id: int) -> Any:
    found = access_of(user_id)
    permission, text = call.query.get("permission"), call.query.get("record")
    viewer = found.viewer
    return {
        "id": found.about.id,
        "name": found.about.name,
        "is_active": found.about.is_active,
        "roles": _codes(found.roles),
        "permissions": sorted(found.actor.permissions) if found.actor else [],
        "row_scope": found.row_scope,
        "sees_all": viewer.sees_all,
        "owners": list(viewer.owners),
        "shared_customers": list(viewer.shared),
        "confidential": found.masks(),
        **({"action": _action(found, permission)} if permission else {}),
        **({"record": _record(explain_record(found, find_record(text)))} if text else {}),
    }


def _codes(roles: Any) -> list[str]:
    return sorted(role.code for role in roles)


def _action(found: Access, permission: str) -> dict[str, Any]:
    return {
        "permission": permission,
        "allowed": found.may(permission),
        "through": _codes(found.through(permission)),
        "given_by": _codes(found.givers(permission)),
    }


def _record(answer: RecordAnswer) -> dict[str, Any]:
    owner = answer.owner
    return {
        "kind": answer.record.kind,
        "id": answer.record.id,
        "label": answer.record.label,
        "permission": answer.permission,
        "allowed": answer.allowed,
        "may": answer.may,
        "sees": answer.sees,
        "owner": owner and {"id": owner.id, "name": owner.name, "unit": owner.unit},
        "reasons": [_reason(reason) for reason in answer.reasons],
    }


def _reason(reason: Reason) -> dict[str, Any]:
    share = reason.share
    return {
        "kind": reason.kind,
        "shared_with": share and share.reader,
        "shared_by": share and share.created_by,
        "shared_at": share and share.created_at,
        "note": share and share.reason,
    }
