"""What was done, by whom, when, from where and why: of one record, and of all."""

from web.permissions import Area

area = Area("history", __name__)

from web.history import views  # noqa: E402, F401
