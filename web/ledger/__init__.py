"""The ledger: journal, accounts, trial balance, periods, manual entries, tasks; and the way from a number to its
document."""

from web.permissions import Area

area = Area("ledger", __name__, url_prefix="/ledger")

from web.ledger import chart, documents, effects, manual, periods, sentences, tasks, views  # noqa: E402, F401
