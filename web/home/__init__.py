"""The home page, by role."""

from web.permissions import Area

area = Area("home", __name__)

from web.home import views  # noqa: E402, F401
