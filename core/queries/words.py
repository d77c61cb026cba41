"""How lists and look-ups search: every word of what was typed stands in the search text, anywhere in it.

The search text is folded and holds pinyin, initials and digits where its record keeps them; so are the words folded.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, true

from core.masks import EMAILS, PHONES, sees
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


# A customer's search text has three lines: for everybody, phone, e-mail address. A phone or an address that is masked
# for somebody does not lead him to its customer either, by no part of it and not as a whole: else it could be guessed
# digit by digit. A text without lines was kept by an earlier version; of it, then, only name and code are looked at.
_LINE = "chr(10)"


def customers_found(alias: str) -> str:
    """The condition on customers of `alias` as SQL of a registered statement over `%(patterns)s`; which lines are
    looked at is filled in from the person of the call."""
    text = f"{alias}.search_text"
    everybody = (
        f"CASE WHEN strpos({text}, {_LINE}) > 0 THEN split_part({text}, {_LINE}, 1)"
        f" ELSE lower(concat_ws(' ', {alias}.name, {alias}.code)) END"
    )
    phone = f"CASE WHEN %(sees_phones)s::boolean THEN split_part({text}, {_LINE}, 2) END"
    email = f"CASE WHEN %(sees_emails)s::boolean THEN split_part({text}, {_LINE}, 3) END"
    return (
        f"({text} LIKE ALL (%(patterns)s::text[]) AND ((%(sees_phones)s::boolean AND %(sees_emails)s::boolean)"
        f" OR concat_ws(' ', {everybody}, {phone}, {email}) LIKE ALL (%(patterns)s::text[])))"
    )


def matches_customer(customer: Any, text: str) -> ColumnElement[bool]:
    """The same condition for a query built by SQLAlchemy; `customer` is the model or an alias of it."""
    kept, line = customer.search_text, func.chr(10)
    if sees(PHONES) and sees(EMAILS):
        return matches(kept, text)
    everybody = case(
        (func.strpos(kept, line) > 0, func.split_part(kept, line, 1)),
        else_=func.lower(func.concat_ws(" ", customer.name, customer.code)),
    )
    phone = func.split_part(kept, line, 2) if sees(PHONES) else literal("")
    email = func.split_part(kept, line, 3) if sees(EMAILS) else literal("")
    return and_(matches(kept, text), matches(func.concat_ws(" ", everybody, phone, email), text))


def containing(text: str) -> str:
    """The LIKE pattern of what holds a text as it stands."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
