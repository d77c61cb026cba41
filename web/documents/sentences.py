"""Sentences of printed documents, looked up without a request.

The English sentence is the key. The catalogues are those of the pages; an entry with the context ``document`` wins over
one without, so that a document may say a word its own way.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Protocol

from babel.messages.pofile import read_po

CONTEXT: Final = "document"
FOLDER: Final = Path(__file__).parent.parent / "translations"


class Translate(Protocol):
    """Turns an English sentence into one of the document's language and fills its placeholders."""

    def __call__(self, message: str, /, **values: Any) -> str: ...


@lru_cache(maxsize=4)
def catalogue(language: str) -> dict[tuple[str | None, str], str]:
    """All sentences of a language by context and English text; empty for a language without catalogues."""
    found: dict[tuple[str | None, str], str] = {}
    for path in sorted((FOLDER / language).glob("*.po")):
        with path.open("rb") as stream:
            for message in read_po(stream, locale=language, charset="utf-8"):
                if isinstance(message.id, str) and message.id and isinstance(message.string, str) and message.string:
                    found.setdefault((message.context, message.id), message.string)
    return found


def translator(language: str) -> Translate:
    """The function a template calls as ``t``."""
    sentences = catalogue(language)

    def translate(message: str, /, **values: Any) -> str:
        text = sentences.get((CONTEXT, message)) or sentences.get((None, message)) or message
        return text % values if values else text

    return translate
