"""People who sign in: their roles, whether they may, and their open sessions."""

from web.permissions import Area

area = Area("users", __name__, url_prefix="/users")

from web.users import departures, effects, sentences, units, views  # noqa: E402, F401
