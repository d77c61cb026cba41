"""Reports: where they are, balance sheet, profit and loss."""

from web.permissions import Area

area = Area("reports", __name__, url_prefix="/reports")

from web.reports import views  # noqa: E402, F401
