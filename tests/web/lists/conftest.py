"""The shop of the pages of sales, of which lists are asked."""

from tests.web.pages_sell.conftest import shop  # noqa: F401 (a fixture)
