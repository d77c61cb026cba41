"""Uncovering one masked value, on record."""

import finance.uncover  # noqa: F401 (registers what can be uncovered)
import inventory.uncover  # noqa: F401
from web.permissions import Area

area = Area("reveal", __name__, url_prefix="/reveal")

from web.reveal import views  # noqa: E402, F401
