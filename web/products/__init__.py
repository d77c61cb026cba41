"""Products: list, record, new and edit, reorder points, categories."""

from web.permissions import Area

area = Area("products", __name__, url_prefix="/products")

from web.products import categories, sentences, views  # noqa: E402, F401
