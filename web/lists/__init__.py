"""Every list page: declared once (`web.lists.declared`), shown, narrowed, saved, exported and worked on by the same
parts.
"""

from web.permissions import Area

area = Area("lists", __name__, url_prefix="/lists")

from web.lists import bulk, sentences, views  # noqa: E402, F401
