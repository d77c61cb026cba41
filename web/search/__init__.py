"""One box for everything: by number, name, pinyin, phone."""

from web.permissions import Area

area = Area("search", __name__, url_prefix="/search")

from web.search import views  # noqa: E402, F401
