"""The home page: cards that each chooses and moves, by role from the start."""

from web.permissions import Area

area = Area("home", __name__)

from web.home import arranging, first_steps, sentences, starts, views  # noqa: E402, F401
