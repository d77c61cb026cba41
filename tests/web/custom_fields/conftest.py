"""A company of its own for these tests, with calls and pages in front of it."""

from tests.web.api.conftest import api, app, tokens, world

__all__ = ["api", "app", "tokens", "world"]
