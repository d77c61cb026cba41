"""Comments, followers and files of every record."""

from web.permissions import Area

area = Area("talk", __name__, url_prefix="/talk")

from web.talk import comments, files, followers, sentences  # noqa: E402, F401
