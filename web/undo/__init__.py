"""What was just done, taken back: one address for the records people edit (`core/undo.py`)."""

from flask import url_for

import crm.undoing  # noqa: F401 (registers what can be taken back)
from web.permissions import Area

area = Area("undo", __name__, url_prefix="/undo")


def undo_of(record_type: str, record_id: int, before: int | None, after: int, back: str) -> str | None:
    """The address that takes back the change between two versions of a record, and leads to `back`; None where nothing
    was changed."""
    if before == after:
        return None
    return url_for("undo.change", record_type=record_type, record_id=record_id, version=after, next=back)


from web.undo import views  # noqa: E402, F401
