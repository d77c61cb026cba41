"""Opportunities: board, list, record, form."""

from web.permissions import Area

area = Area("opportunities", __name__, url_prefix="/opportunities")

from web.opportunities import sentences, views  # noqa: E402, F401
