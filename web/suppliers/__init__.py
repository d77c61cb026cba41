"""Suppliers: list, record, new and edit."""

from web.permissions import Area

area = Area("suppliers", __name__, url_prefix="/suppliers")

from web.suppliers import views  # noqa: E402, F401
