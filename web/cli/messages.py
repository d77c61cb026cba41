"""Sentences of the command line in the language of the terminal (COUNTINGHOUSE_LANGUAGE first, then the locale)."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "translations" / "zh"
CATALOGUE = FOLDER / "platform.po"
CATALOGUES = (CATALOGUE, FOLDER / "integrity.po", FOLDER / "demo.po")


@cache
def terminal_language() -> str:
    """zh or en. A terminal without a locale gets English, which it can show whatever its encoding."""
    for name in ("COUNTINGHOUSE_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "").lower()
        if value:
            return "zh" if value.startswith("zh") else "en"
    return "en"


@cache
def _sentences() -> dict[str, str]:
    import polib

    return {entry.msgid: entry.msgstr for path in CATALOGUES for entry in polib.pofile(str(path)) if entry.msgstr}


def _(message: str) -> str:
    """The message in the language of the terminal."""
    return _sentences().get(message, message) if terminal_language() == "zh" else message


gettext = _


@contextmanager
def speaking(settings: Any) -> Iterator[None]:
    """In this block the sentences that pages have for refusals are said in the language of the terminal."""
    from flask_babel import force_locale

    from web.app import create_app

    with create_app(settings).app_context(), force_locale(terminal_language()):
        yield
