"""My account: password, second factors, sessions and API tokens of whoever is signed in."""

from web.permissions import Area

area = Area("account", __name__, url_prefix="/account")

from web.account import factors, notices, proof, sentences, sessions, tokens, views  # noqa: E402, F401
