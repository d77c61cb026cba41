"""How lists and look-ups search: every word of what was typed stands in the search text, anywhere in it.

The search text is folded and holds pinyin, initials and digits where its record keeps them; so are the words folded.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, true

from core.normalise import fold

LONGEST_SEARCH = 100
MOST_WORDS = 8


def words_of(text: str) -> list[str]:
    """What to look for: the folded words of a text, the first few of a long one."""
    return fold(text[:LONGEST_SEARCH]).split()[:MOST_WORDS]


def matches(column: Any, text: str) -> ColumnElement[bool]:
    """The condition that the search text in `column` holds every word of `text`; true where there is none."""
    return and_(true(), *(column.contains(word, autoescape=True) for word in words_of(text)))


def patterns_of(text: str) -> list[str]:
    """The same as parameter of `search_text LIKE ALL (%(patterns)s::text[])`; of no words it is empty, and all fits."""
    return [containing(word) for word in words_of(text)]


def containing(text: str) -> str:
    """The LIKE pattern of what holds a text as it stands."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
