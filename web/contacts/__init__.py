"""The people at all customers: the list. Each is kept on the page of his customer."""

from web.permissions import Area

area = Area("contacts", __name__, url_prefix="/contacts")

from web.contacts import views  # noqa: E402, F401
