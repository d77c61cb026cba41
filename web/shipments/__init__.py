"""Shipments: what is to ship, what was shipped, delivery notes."""

from web.permissions import Area

area = Area("shipments", __name__, url_prefix="/shipments")

from web.shipments import views  # noqa: E402, F401
