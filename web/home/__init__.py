"""The home page, by role."""

from web.permissions import Area

area = Area("home", __name__)

from web.home import first_steps, views  # noqa: E402, F401
