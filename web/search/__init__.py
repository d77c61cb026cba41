"""One box for everything: records by number, name, pinyin or phone; commands; what was opened last."""

from web.permissions import Area

area = Area("search", __name__, url_prefix="/search")

from web.search import views  # noqa: E402, F401
from web.search.targets import opened_record  # noqa: E402

area.app_template_global("opened_record")(opened_record)
