"""Export of lists: what a page shows, as a file, on record."""

from web.permissions import Area

area = Area("exports", __name__, url_prefix="/exports")

from web.exports import sentences, views  # noqa: E402, F401
