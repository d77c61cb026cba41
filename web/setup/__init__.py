"""The first run: company and first administrator. Closed as soon as there is a user."""

from web.permissions import Area

area = Area("setup", __name__, url_prefix="/setup")

from web.setup import views  # noqa: E402, F401
