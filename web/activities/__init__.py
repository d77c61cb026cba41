"""Activities: what was done with a customer and what is planned."""

from web.permissions import Area

area = Area("activities", __name__, url_prefix="/activities")

from web.activities import views  # noqa: E402, F401
