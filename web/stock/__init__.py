"""Stock: levels, moves, alerts, receipts and adjustments."""

from web.permissions import Area

area = Area("stock", __name__, url_prefix="/stock")

from web.stock import documents, lookup, sentences, views  # noqa: E402, F401
