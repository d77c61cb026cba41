"""The list of contacts as its page shows it."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

import crm.lists.editing  # noqa: F401 (what can be edited in the list)
from core.lists.contacts import CONTACTS
from core.lists.state import State, demand
from web.customers.forms import CHANNELS
from web.lists.declared import Empty, Head, ListPage, View, declare

_ACTIVE = demand("is_active", "yes")

CONTACT_LIST = declare(
    ListPage(
        source=CONTACTS,
        title=_("Contacts"),
        permission="customers.read",
        endpoint="contacts.index",
        record=None,
        heads={
            "name": Head(label=_("Contact"), place=""),
            "title": Head(label=_("Job title"), place="p2"),
            "customer": Head(label=_("Customer"), place="p2"),
            "phone": Head(label=_("Phone"), place=""),
            "email": Head(label=_("E-mail")),
            "decision_power": Head(label=_("Decides on")),
            "preferred_channel": Head(
                label=_("Preferred channel"), words={code: word for code, word in CHANNELS.items() if code}
            ),
            "do_not_call": Head(label=_("Do not call")),
            "owner": Head(label=_("Owner"), place="p2"),
            "industry": Head(label=_("Industry")),
            "city": Head(label=_("City")),
            "country": Head(label=_("Country")),
            "is_active": Head(label=_("Active")),
            "created_at": Head(label=_("Created")),
        },
        shown=("name", "title", "customer", "phone", "email", "decision_power", "owner"),
        default_sort="name",
        views=(
            View("active", _("Active"), State(demands=(_ACTIVE,))),
            View("mine", _("Of my customers"), State(demands=(_ACTIVE, demand("owner", "in", "me")))),
            View("no_call", _("Do not call"), State(demands=(_ACTIVE, demand("do_not_call", "yes")))),
            View("all", _("All")),
        ),
        imports="contacts",
        find=_("Name, job title, phone or customer"),
        empty=Empty(
            _("No contacts yet"),
            _("The people one talks to are added on the page of their customer; here they all stand together."),
        ),
        template="contacts/index.html",
        cells="contacts/cells.html",
        aliases={"customer": "customer", "owner": "owner"},
        phone_lines=("title", "customer"),
    )
)
