"""What of customers, their contacts and their opportunities can be edited in the lists, one by one and for many at
once."""

from __future__ import annotations

from typing import Any

from core.customers import find_customer, save_contact
from core.errors import NotFound
from core.lists.edits import Editing, edit_fields
from core.parties import Contact, Customer
from core.plan import Plan
from crm.models import Opportunity
from crm.owners import change_customer
from crm.pipeline import change_opportunity

edit_fields(
    "customers",
    Editing(
        Customer,
        "customers.write",
        change_customer,
        {
            "lifecycle": "lifecycle",
            "owner": "owner_id",
            "industry": "industry",
            "size": "size",
            "source": "source",
            "region": "region",
            "city": "city",
            "payment_terms": "payment_terms_id",
            "credit_limit": "credit_limit",
        },
        {"owner": "customers.assign", "payment_terms": "customers.credit", "credit_limit": "customers.credit"},
    ),
)


def _customer_of(plan: Plan, contact_id: int) -> int:
    contact = plan.session.get(Contact, contact_id)
    if contact is None:
        raise NotFound("contact", contact_id)
    return contact.customer_id


def _lock_customer(plan: Plan, contact_id: int) -> None:
    find_customer(plan, _customer_of(plan, contact_id))


def _change_contact(plan: Plan, contact_id: int, values: dict[str, Any]) -> dict[str, Any]:
    return save_contact(plan, _customer_of(plan, contact_id), values, contact_id=contact_id)


edit_fields(
    "contacts",
    Editing(
        Contact,
        "customers.write",
        _change_contact,
        {
            "title": "title",
            "phone": "phone",
            "email": "email",
            "decision_power": "decision_power",
            "preferred_channel": "preferred_channel",
            "do_not_call": "do_not_call",
            "is_active": "is_active",
        },
        {},
        _lock_customer,
    ),
)

# Its owner is that of the customer, its probability that of the stage, and a stage is moved to with what it asks for.
edit_fields(
    "opportunities",
    Editing(
        Opportunity,
        "opportunities.write",
        change_opportunity,
        {
            "amount": "amount",
            "expected_close_on": "expected_close_on",
            "budget": "budget",
            "schedule": "schedule",
            "source": "source",
            "competitor": "competitor",
            "name": "name",
        },
        {},
    ),
)
