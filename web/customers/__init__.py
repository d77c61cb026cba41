"""Customers: list, record with everything around it, contacts and addresses."""

from web.permissions import Area

area = Area("customers", __name__, url_prefix="/customers")

from web.customers import people, sentences, shares, views  # noqa: E402, F401
