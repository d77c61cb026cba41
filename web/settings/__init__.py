"""The company's settings."""

from web.permissions import Area

area = Area("settings", __name__, url_prefix="/settings")

from web.settings import approvals, fields, mail, providers, sign_in, terms, views  # noqa: E402, F401
