"""Approvals: what waits for a decision, what was asked and decided, and who stands in for whom."""

from web.permissions import Area

area = Area("approvals", __name__, url_prefix="/approvals")

from web.approvals import deputies, sentences, views  # noqa: E402, F401
