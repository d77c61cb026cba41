"""The list of activities as its page shows it."""

from __future__ import annotations

from flask_babel import lazy_gettext as _

from core.lists.state import State, demand
from crm.lists.activities import ACTIVITIES
from web.activities.forms import KINDS
from web.lists.declared import Act, Empty, Head, ListPage, View, declare

_OPEN, _MINE = demand("is_open", "yes"), demand("owner", "in", "me")

ACTIVITY_LIST = declare(
    ListPage(
        source=ACTIVITIES,
        title=_("Follow-ups"),
        permission="home.read",
        endpoint="activities.index",
        record=None,
        heads={
            "subject": Head(label=_("Subject"), place=""),
            "customer": Head(label=_("Customer"), place="p2"),
            "kind": Head(label=_("Kind"), words=KINDS),
            "due_on": Head(label=_("Day"), place=""),
            "owner": Head(label=_("Owner"), place="p2"),
            "contact": Head(label=_("Contact")),
            "opportunity": Head(label=_("Opportunity")),
            "result": Head(label=_("Result")),
            "is_open": Head(label=_("Is planned")),
            "is_late": Head(label=_("Is late")),
            "done_at": Head(label=_("Done")),
            "created_at": Head(label=_("Recorded")),
        },
        shown=("subject", "customer", "kind", "due_on", "owner"),
        default_sort="due_on",
        views=(
            View("mine", _("Mine"), State(demands=(_OPEN, _MINE))),
            View("late", _("Late"), State(demands=(demand("is_late", "yes"), _MINE)), is_hot=True),
            View("all", _("Everybody's"), State(demands=(_OPEN,))),
            View("done", _("Done"), State(demands=(demand("done_at", "filled"),), sort="-created_at")),
        ),
        find=_("Subject or customer"),
        empty=Empty(_("Nothing is planned"), _("A task on a customer's page appears here on its day.")),
        cells="activities/cells.html",
        aliases={"customer_id": "customer", "owner": "owner"},
        acts=(Act("done", _("Done"), "ok", _("Mark as done"), is_direct=True),),
        phone_lines=("customer", "owner"),
    )
)
