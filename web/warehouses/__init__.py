"""Warehouses: list, new and edit."""

from web.permissions import Area

area = Area("warehouses", __name__, url_prefix="/warehouses")

from web.warehouses import views  # noqa: E402, F401
