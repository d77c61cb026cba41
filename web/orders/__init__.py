"""Sales orders: list, form, record, and everything that is done with one."""

from web.permissions import Area

area = Area("orders", __name__, url_prefix="/orders")

from web.orders import actions, editing, effects, lookups, printing, sentences, views  # noqa: E402, F401
