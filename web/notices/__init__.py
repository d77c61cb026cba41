"""What a person is told: the bell, the list, and the stream that wakes the pages."""

from web.permissions import Area

area = Area("notices", __name__, url_prefix="/notifications")

from web.notices import stream, views  # noqa: E402, F401
