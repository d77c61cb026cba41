"""Quotations: list, form, record, on paper, and the order made of one."""

from web.permissions import Area

area = Area("quotations", __name__, url_prefix="/quotations")

from web.quotations import editing, sentences, views  # noqa: E402, F401
