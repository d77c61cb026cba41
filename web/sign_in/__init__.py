"""Signing in and out. The cookie carries a token; the session is a row in the database and can be ended
there."""

from web.permissions import Area

area = Area("sign_in", __name__, url_prefix="/sign-in")

from web.sign_in import oidc, passkeys, reset, second, sentences, views  # noqa: E402, F401
