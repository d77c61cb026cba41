"""Help: the keys there are."""

from web.permissions import Area

area = Area("help", __name__, url_prefix="/help")

from web.help import views  # noqa: E402, F401
