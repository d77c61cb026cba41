"""Calling upon people in a text: `@` and a sign-in name. A text without spaces, as Chinese is written, may go on right
behind the name, so the longest name that there is counts."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Final

LONGEST_LOGIN: Final = 80
MOST_MENTIONS: Final = 30
# What stands behind a letter or digit is an e-mail address.
_CALL: Final = re.compile(rf"(?<![A-Za-z0-9_.@])@(?=(\S{{1,{LONGEST_LOGIN}}}))")


def candidates(text: str) -> set[str]:
    """Every sign-in name that the text might call upon; of more than some dozens of calls the first ones."""
    found: set[str] = set()
    for number, call in enumerate(_CALL.finditer(text)):
        if number == MOST_MENTIONS:
            break
        word = call[1].lower()
        found.update(word[:length] for length in range(1, len(word) + 1))
    return found


def called(text: str, logins: Collection[str]) -> set[str]:
    """The names among `logins` that the text calls upon."""
    return {login for _, login in parts(text, dict.fromkeys(logins, "")) if login is not None}


def parts(text: str, names: Mapping[str, str]) -> Iterator[tuple[str, str | None]]:
    """The text in pieces: plain ones, and calls with the sign-in name they stand for, one of `names`."""
    end = 0
    for call in _CALL.finditer(text):
        word = call[1].lower()
        login = next((word[:length] for length in range(len(word), 0, -1) if word[:length] in names), None)
        if login is None or call.start() < end:
            continue
        if call.start() > end:
            yield text[end : call.start()], None
        end = call.start() + 1 + len(login)
        yield text[call.start() : end], login
    if end < len(text):
        yield text[end:], None
