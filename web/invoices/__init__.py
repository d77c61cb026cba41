"""Invoices, credit notes and receivables."""

from web.permissions import Area

area = Area("invoices", __name__, url_prefix="/invoices")

from web.invoices import sentences, views  # noqa: E402, F401
