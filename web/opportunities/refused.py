"""What the actions of an opportunity need while they are not possible."""

from __future__ import annotations

from collections.abc import Iterator

from flask_babel import gettext as _

from crm.queries.pipeline import DealPage
from web.permissions import may
from web.refused import Refused


def refused_of(page: DealPage) -> Iterator[Refused]:
    """Of the actions that the reader may do, those that the opportunity is not ready for."""
    if not may("opportunities.write"):
        return
    live = next((row.number for row in page.documents if row.kind == "order" and row.state != "cancelled"), None)
    if live:
        yield Refused(_("Mark as lost"), _("%(number)s was ordered from it. Cancel that order first.", number=live))
    if page.deal.stage_kind != "open" and may("quotations.write"):
        if live:
            yield Refused(_("Write quotation"), _("It is won. Open a new opportunity for what comes next."))
        else:
            yield Refused(_("Write quotation"), _("It is closed. Move it back to an open stage first."))
