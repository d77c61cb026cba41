"""Payments: list, record, matching, refunds, bank accounts."""

from web.permissions import Area

area = Area("payments", __name__, url_prefix="/payments")

from web.payments import banks, effects, entry, matching, refunds, sentences, views  # noqa: E402, F401
