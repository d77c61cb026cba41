"""People who sign in: their roles, whether they may, and their open sessions."""

from web.permissions import Area

area = Area("users", __name__, url_prefix="/users")

from web.users import (  # noqa: E402, F401  # noqa: E402, F401
    access,
    departures,
    effects,
    roles,
    sentences,
    units,
    view_as,
    views,
)
