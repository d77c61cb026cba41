"""The API in front of a database with one company, as in the tests of the API."""

from tests.web.api.conftest import api, app, tokens, world

__all__ = ["api", "app", "tokens", "world"]
