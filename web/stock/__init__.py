"""Stock: levels, moves, alerts, receipts and adjustments."""

from web.permissions import Area

area = Area("stock", __name__, url_prefix="/stock")

from web.stock import documents, lookup, sentences, views, words  # noqa: E402, F401

area.app_template_global("move_kind")(words.move_kind)
area.app_template_global("event_name")(words.event_name)
