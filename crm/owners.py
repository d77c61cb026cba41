"""Who owns a customer owns its documents: a new owner takes all of them over in the same transaction.

`owner_id` decides who sees a document and moves; `salesperson_id` decides who gets the credit and stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from core.audit import record
from core.customers import change_customer as change_record
from core.errors import FieldErrors, NotFound
from core.leaving import pass_ownership
from core.needs import needs
from core.notices import given_to, notify
from core.plan import Plan
from core.statements import Query, statement

# In the order in which they are locked; each has `owner_id` and `customer_id`. Activities, which know the customer's
# owner beside who does them, are locked behind them.
DOCUMENTS = ("opportunity", "quotation", "sales_order", "invoice", "payment", "credit_note", "shipment")
_OF = "customer_id = ANY (%(customer_ids)s::bigint[])"
LOCKS = tuple(
    statement(
        f"owners.lock_{table}",
        f"SELECT count(*) FROM (SELECT id FROM {table} WHERE {_OF} ORDER BY id FOR NO KEY UPDATE) AS locked",  # noqa: S608 (names of tables, no values)
        tables=table,
        scope="by_root",
    )
    for table in (*DOCUMENTS, "activity")
)
MOVES = tuple(
    statement(
        f"owners.move_{table}",
        f"WITH moved AS (UPDATE {table} SET owner_id = %(owner_id)s::bigint"  # noqa: S608 (names of tables, no values)
        f" WHERE {_OF} AND owner_id <> %(owner_id)s::bigint RETURNING id) SELECT count(*) FROM moved",
        tables=table,
        scope="by_root",
    )
    for table in DOCUMENTS
)
SHOW_ACTIVITIES = statement(
    "owners.show_activities",
    f"""
    UPDATE activity SET customer_owner_id = %(owner_id)s::bigint
     WHERE {_OF} AND customer_owner_id <> %(owner_id)s::bigint
    """,  # noqa: S608 (names of columns, no values)
    tables="activity",
    scope="by_root",
)
# What somebody else has promised to do stays his; what the old owner had planned is the new one's.
MOVE_ACTIVITIES = statement(
    "owners.move_activities",
    f"""
    UPDATE activity SET owner_id = %(owner_id)s::bigint, version = version + 1
     WHERE {_OF} AND done_at IS NULL AND owner_id = %(before_id)s::bigint RETURNING id, owner_id
    """,  # noqa: S608 (names of columns, no values)
    tables="activity",
    scope="by_root",
)
OWNER_OF = statement(
    "owners.owner_of",
    "SELECT owner_id FROM customer WHERE id = %(customer_id)s::bigint AND visible(customer, customer.id)",
    tables="customer",
    scope="scoped",
)


class OwnedCustomer(NamedTuple):
    id: int
    name: str


# FOR UPDATE, so that a document that is being written, which holds the customer's key, is waited for and moved too.
LOCK_CUSTOMERS = statement(
    "owners.lock_customers",
    """
    SELECT id, name FROM customer WHERE id = ANY (%(customer_ids)s::bigint[]) AND owner_id = %(owner_id)s::bigint
     ORDER BY id FOR UPDATE
    """,
    tables="customer",
    scope="by_root",
    fact=OwnedCustomer,
)
CUSTOMERS_OF_OWNER = statement(
    "owners.customers_of_owner",
    "SELECT coalesce(array_agg(id ORDER BY id), '{}') FROM customer WHERE owner_id = %(owner_id)s::bigint",
    tables="customer",
    scope="system",
)
MOVE_CUSTOMERS = statement(
    "owners.move_customers",
    """
    UPDATE customer SET owner_id = %(owner_id)s::bigint, version = version + 1, updated_at = %(now)s::timestamptz
     WHERE id = ANY (%(customer_ids)s::bigint[])
    """,
    tables="customer",
    scope="by_root",
)


class UserFact(NamedTuple):
    id: int
    name: str
    is_active: bool


LOCK_USERS = statement(
    "owners.lock_users",
    "SELECT id, name, is_active FROM app_user WHERE id = ANY (%(ids)s::bigint[]) ORDER BY id FOR KEY SHARE",
    tables="app_user",
    scope="system",
    fact=UserFact,
)


@needs("customers.write")
def change_customer(
    plan: Plan, customer_id: int, values: Mapping[str, Any], *, version: int | None = None
) -> dict[str, Any]:
    """Changes the fields given; with a new owner, all documents and what the old one had planned go along.

    Locks the customer's documents where its owner changes, then the customer. Raises NotFound, InvalidInput beside the
    field, `duplicate_customer`, and `edit_conflict` with what stands there now.
    """
    before_id = _owner_before(plan, customer_id, values.get("owner_id"))
    answer = change_record(plan, customer_id, values, version=version)
    if before_id is not None:
        _move_documents(plan, [customer_id], before_id, answer["owner_id"])
        pass_ownership(plan, [customer_id], answer["owner_id"])
        given_to(plan, answer["owner_id"], "customer", customer_id)
    return answer


@needs("users.manage")
def hand_over_customers(plan: Plan, user_id: int, *, to_user_id: int | None) -> dict[str, Any]:
    """Gives all customers of a user, with their documents and what he had planned with them, to another active user.

    Locks the documents, the customers, both users. Raises NotFound, InvalidInput beside `to_user_id`.
    """
    plan.see_everything()  # whoever manages users hands over all of somebody's, whether he sees it or not
    [users, [[ids]]] = plan.fetch(LOCK_USERS(ids=[user_id, to_user_id]), CUSTOMERS_OF_OWNER(owner_id=user_id))
    by_id: dict[int, UserFact] = {user.id: user for user in users}
    if user_id not in by_id:
        raise NotFound("user", user_id)
    _check_taker(by_id, user_id, to_user_id)
    taker = by_id[to_user_id or 0]
    customers = lock_owned(plan, ids, user_id)
    take_over(plan, customers, user_id, taker.id)
    if customers:
        user = by_id[user_id].name
        notify(plan, "customers_taken_over", [taker.id], user_id=user_id, user=user, customers=len(customers))
    return {"id": user_id, "to_user_id": taker.id, "to_user": taker.name, "customers": len(customers)}


class Moved(NamedTuple):
    """How much went along with customers that changed hands."""

    documents: int
    activities: int


def lock_owned(plan: Plan, customer_ids: Sequence[int], owner_id: int) -> list[OwnedCustomer]:
    """Those of the customers that belong to `owner_id`, by id. Locks their documents, then the customers."""
    found = plan.fetch(*_locks(customer_ids), LOCK_CUSTOMERS(customer_ids=customer_ids, owner_id=owner_id))
    customers: list[OwnedCustomer] = found[-1]
    return customers


def take_over(
    plan: Plan, customers: Sequence[OwnedCustomer], before_id: int, owner_id: int, *, reason: str | None = None
) -> Moved:
    """Gives customers that `lock_owned` has locked, with all that goes along, to an active user whose row is shared."""
    moved = [customer.id for customer in customers]
    if not moved:
        return Moved(0, 0)
    plan.fetch(MOVE_CUSTOMERS(customer_ids=moved, owner_id=owner_id, now=plan.now))
    answer = _move_documents(plan, moved, before_id, owner_id)
    pass_ownership(plan, moved, owner_id)
    for customer in customers:
        changes = {"owner_id": [before_id, owner_id]}
        record(plan, "customer.changed", "customer", customer.id, label=customer.name, changes=changes, reason=reason)
    return answer


def _check_taker(users: Mapping[int, UserFact], user_id: int, to_user_id: int | None) -> None:
    errors = FieldErrors()
    taker = users.get(to_user_id or 0)
    if to_user_id is None:
        errors.add("to_user_id", "required")
    elif taker is None:
        errors.add("to_user_id", "user_unknown")
    elif not taker.is_active:
        errors.add("to_user_id", "owner_inactive", owner=taker.name)
    elif taker.id == user_id:
        errors.add("to_user_id", "same_owner")
    errors.raise_if_any()


def _owner_before(plan: Plan, customer_id: int, owner_id: int | None) -> int | None:
    """The owner to be replaced, with the customer and its documents locked; None where the owner stays."""
    if owner_id is None:
        return None
    [rows] = plan.fetch(OWNER_OF(customer_id=customer_id))
    if not rows or rows[0][0] == owner_id:
        return None
    before_id: int = rows[0][0]
    plan.see_everything()  # what is given away is seen no more, while the documents still have to follow
    *_, locked = plan.fetch(*_locks([customer_id]), LOCK_CUSTOMERS(customer_ids=[customer_id], owner_id=before_id))
    if not locked:
        return _owner_before(plan, customer_id, owner_id)
    return before_id


def _locks(customer_ids: Sequence[int]) -> list[Query]:
    return [lock(customer_ids=customer_ids) for lock in LOCKS]


def _move_documents(plan: Plan, customer_ids: Sequence[int], before_id: int, owner_id: int) -> Moved:
    """A statement per kind of document, however many there are, in one round trip."""
    moves = [move(customer_ids=customer_ids, owner_id=owner_id) for move in MOVES]
    planned = MOVE_ACTIVITIES(customer_ids=customer_ids, owner_id=owner_id, before_id=before_id)
    shown = SHOW_ACTIVITIES(customer_ids=customer_ids, owner_id=owner_id)
    *documents, activities, _ = plan.fetch(*moves, planned, shown)
    record_new_owners(plan, before_id, activities)
    return Moved(sum(count for [[count]] in documents), len(activities))


def record_new_owners(plan: Plan, before_id: int, activities: Sequence[tuple[int, int]]) -> None:
    """Puts into the trail of planned activities, given with their new owner, that they are somebody else's now."""
    for activity_id, owner_id in activities:
        record(plan, "activity.changed", "activity", activity_id, changes={"owner_id": [before_id, owner_id]})
