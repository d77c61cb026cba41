"""What a browser calls itself, as people would say it."""

from __future__ import annotations

import re
from typing import Final

from flask_babel import gettext as _

# The first that fits: later ones name themselves after the earlier.
_BROWSERS: Final = (
    ("MicroMessenger", "WeChat"),
    ("DingTalk", "DingTalk"),
    (r"Edg(?:e|A|iOS)?/", "Edge"),
    (r"OPR/|Opera", "Opera"),
    (r"Firefox/|FxiOS/", "Firefox"),
    (r"Chrome/|CriOS/|Chromium/", "Chrome"),
    (r"Safari/", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    (r"Mac OS X|Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def device_name(user_agent: str | None) -> str:
    """“Firefox, Windows”; what the browser says where that is neither; “Unknown browser” where it says nothing."""
    if not user_agent:
        return _("Unknown browser")
    found = [name for name in (_first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent)) if name]
    return _(", ").join(found) or user_agent[:60]


def _first(names: tuple[tuple[str, str], ...], user_agent: str) -> str | None:
    return next((name for pattern, name in names if re.search(pattern, user_agent)), None)
