"""The request as the product reads it: whatever arrives is text that can be stored, searched and shown.

NUL is no character of any text. It is read as U+FFFD, exactly as bytes that are no UTF-8 are, so that one rule holds
behind this edge: a search for it finds nothing, a number with it is none, and a form refuses it beside its field.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from flask import Request
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from werkzeug.utils import cached_property

UNREADABLE: Final = "\ufffd"
_PATH_UNREADABLE: Final = UNREADABLE.encode().decode("latin-1")


class ReadableRequest(Request):
    """A request without NUL in its path, its query and its form."""

    def __init__(self, environ: dict[str, Any], *arguments: Any, **named: Any) -> None:
        if "\0" in environ.get("PATH_INFO", ""):
            environ = {**environ, "PATH_INFO": environ["PATH_INFO"].replace("\0", _PATH_UNREADABLE)}
        super().__init__(environ, *arguments, **named)

    @cached_property
    def args(self) -> MultiDict[str, str]:
        """The query, readable."""
        return _readable(super().args)

    def _load_form_data(self) -> None:
        if "form" not in self.__dict__:
            super()._load_form_data()
            self.__dict__["form"] = _readable(self.__dict__["form"])


def _readable(values: MultiDict[str, str]) -> MultiDict[str, str]:
    pairs: Iterable[tuple[str, str]] = values.items(multi=True)
    if not any("\0" in name or "\0" in text for name, text in pairs):
        return values
    pairs = values.items(multi=True)
    return ImmutableMultiDict((name.replace("\0", UNREADABLE), text.replace("\0", UNREADABLE)) for name, text in pairs)
