"""Languages of the pages: which one, and where the sentences come from.

The English sentence is the key. Chinese catalogues are plain PO files, one per area, read and merged when the
application starts; nothing is compiled.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations
from flask import Flask, current_app, g, has_request_context, request
from flask_babel import Babel, Domain, get_locale

from core import database as db

LANGUAGES: Final = ("zh", "en")
LANGUAGE_NAMES: Final = {"zh": "中文", "en": "English"}
LANGUAGE_COOKIE: Final = "language"
FOLDER: Final = Path(__file__).parent / "translations"


class Catalogue(Translations):
    """Sentences of one language held in memory."""

    def __init__(self, sentences: dict[Any, str]) -> None:
        super().__init__()
        self._catalog = sentences
        self.plural = lambda number: 0  # Chinese has one form


@lru_cache(maxsize=8)
def load_catalogue(folder: Path, language: str) -> Catalogue | None:
    """Merge all PO files of a language, `shell.po` first, then by name; the first translation of a sentence counts.
    None without files.
    """
    sentences: dict[Any, str] = {}
    files = sorted((folder / language).glob("*.po"), key=lambda path: (path.name != "shell.po", path.name))
    for path in files:
        for key, text in read_sentences(path, language).items():
            sentences.setdefault(key, text)
    return Catalogue(sentences) if files else None


def read_sentences(path: Path, language: str) -> dict[Any, str]:
    """The translated, not fuzzy sentences of one PO file, keyed as gettext looks them up."""
    with path.open("rb") as stream:
        catalogue: Catalog = read_po(stream, locale=language, charset="utf-8", abort_invalid=True)
    found: dict[Any, str] = {}
    for message in catalogue:
        text = message.string[0] if isinstance(message.string, tuple | list) else message.string
        if not message.id or message.fuzzy or not text:
            continue
        for number, part in enumerate(message.id if isinstance(message.id, tuple | list) else (message.id,)):
            key = part if message.context is None else f"{message.context}\x04{part}"
            if isinstance(message.id, tuple | list) and number == 0:
                found[(key, 0)] = text
            found[key] = text
    return found


class MergedDomain(Domain):
    """Looks sentences up in the merged catalogue of the request's language."""

    def __init__(self, folder: Path = FOLDER) -> None:
        super().__init__()
        self._folder = folder
        self._english = NullTranslations()

    def get_translations(self) -> Any:
        locale = get_locale()
        if locale is None:
            return self._english
        return load_catalogue(self._folder, locale.language) or self._english


def language() -> str:
    """Language of the request, `zh` or `en`."""
    locale = get_locale()
    return "zh" if locale is not None and locale.language == "zh" else "en"


def select_language() -> str:
    """The user's own choice, else the browser's cookie, else what the browser asks for, else the setting."""
    default = _setting("language", "zh")
    if not has_request_context():
        return default
    actor = getattr(g, "actor", None)
    for wish in (getattr(actor, "language", None), request.cookies.get(LANGUAGE_COOKIE)):
        if wish in LANGUAGES:
            return str(wish)
    return request.accept_languages.best_match(["zh", "zh-CN", "zh-Hans", "en"], default=default)[:2]


def select_time_zone() -> str:
    """Name of the time zone in which moments are shown: the company's, unless a setting fixes it."""
    fixed = _setting("time_zone", "")
    return fixed or db.current().time_zone()


class ProductBabel(Babel):
    """Babel that looks sentences up in the merged catalogues."""

    merged_domain = MergedDomain()

    @property
    def domain_instance(self) -> Domain:
        return self.merged_domain


def install(app: Flask, folder: Path = FOLDER) -> None:
    """Attach Babel with the merged catalogues. Reads the catalogues at once, so that a broken file stops the start."""
    babel = ProductBabel()
    babel.merged_domain = MergedDomain(folder)
    babel.init_app(app, default_locale="en", locale_selector=select_language, timezone_selector=select_time_zone)
    load_catalogue(folder, "zh")


def _setting(name: str, default: str) -> str:
    return str(getattr(current_app.extensions.get("settings"), name, None) or default)
