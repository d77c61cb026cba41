"""What of customers can be edited in their list, one by one and for many at once."""

from __future__ import annotations

from core.lists.edits import Editing, edit_fields
from core.parties import Customer
from crm.owners import change_customer

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
