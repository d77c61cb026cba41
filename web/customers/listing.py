"""The list of customers as its page shows it."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

import crm.lists.editing  # noqa: F401 (what can be edited in the list)
from core.lists.state import State, demand
from crm.lists.customers import CUSTOMERS, MONEY
from web.customers.forms import LIFECYCLE_TONES, LIFECYCLES
from web.lists.declared import Empty, Head, ListPage, View, declare

CUSTOMER_LIST = declare(
    ListPage(
        source=CUSTOMERS,
        title=_("Customers"),
        permission="customers.read",
        endpoint="customers.index",
        record=("customers.show", "customer_id"),
        heads={
            "name": Head(label=_("Customer"), place=""),
            "code": Head(label=_("Code")),
            "legal_name": Head(label=_("Legal name")),
            "lifecycle": Head(label=_("Lifecycle"), words=LIFECYCLES, tones=LIFECYCLE_TONES, place="p2"),
            "owner": Head(label=_("Owner"), place="p2"),
            "industry": Head(label=_("Industry")),
            "size": Head(label=_("Size")),
            "source": Head(label=_("Source")),
            "country": Head(label=_("Country")),
            "region": Head(label=_("Region")),
            "city": Head(label=_("City")),
            "phone": Head(label=_("Phone"), place="p2"),
            "email": Head(label=_("E-mail")),
            "tax_id": Head(label=_("Tax ID")),
            "payment_terms": Head(label=_("Payment terms")),
            "credit_limit": Head(label=_("Credit limit")),
            "exposure": Head(
                label=_("Exposure"), hint=_("What the customer owes and what is ordered and not yet billed")
            ),
            "credit_used": Head(label=_("Credit used"), hint=_("Four fifths of the credit limit or more")),
            "balance": Head(label=_("Balance"), place="p2"),
            "overdue": Head(label=_("Overdue"), place=""),
            "is_overdue": Head(label=_("Is overdue")),
            "oldest_due_on": Head(label=_("Overdue since")),
            "last_order_on": Head(label=_("Last order"), place="p2"),
            "order_count": Head(label=_("Number of orders")),
            "last_payment_on": Head(label=_("Last payment")),
            "next_step": Head(label=_("Next step")),
            "next_on": Head(label=_("Day of the next step")),
            "created_at": Head(label=_("Created")),
            "updated_at": Head(label=_("Changed")),
        },
        shown=("name", "owner", "balance", "overdue", "last_order_on", "next_step"),
        default_sort="name",
        views=(
            View("all", _("All")),
            View("mine", _("Mine"), State(demands=(demand("owner", "in", "me"),))),
            View(
                "overdue",
                _("Overdue"),
                State(demands=(demand("is_overdue", "yes"),), sort="overdue"),
                is_hot=True,
                permission=MONEY,
            ),
            View("credit", _("Credit used"), State(demands=(demand("credit_used", "yes"),)), permission=MONEY),
        ),
        imports="customers",
        find=_("Name, pinyin, phone or code"),
        empty=Empty(
            _("No customers yet"),
            _("Quotations, orders and invoices are written for a customer. Begin with the first one."),
        ),
        template="customers/index.html",
        cells="customers/cells.html",
        aliases={"owner": "owner"},
    )
)
