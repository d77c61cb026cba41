"""How lists and look-ups search: every word of what was typed stands in the search text.

Short tables are searched word by word (`matches`, `patterns_of`): the search text is folded and holds pinyin, initials
and digits where its record keeps them; so are the words folded. Customers are found by their terms
(`core.search_terms`), whatever their number; what is found so is then compared with the search text.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    and_,
    any_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import TSQUERY, array

from core.masks import EMAILS, PHONES, sees
from core.normalise import fold
from core.queries.finding import FEW_IN_LISTS, NOTHING, is_frequent, lines_shown, shares
from core.scope import Viewer, current_viewer
from core.search_entries import CUSTOMERS, SearchEntry
from core.search_terms import LONGEST_TEXT, MOST_WORDS, Asked, asked, containing

__all__ = [
    "LONGEST_SEARCH",
    "MOST_WORDS",
    "containing",
    "customer_wish",
    "customers_found",
    "customers_met",
    "holds_words",
    "is_met_often",
    "matches",
    "matches_customer",
    "patterns_of",
    "words_of",
]

LONGEST_SEARCH = LONGEST_TEXT


def words_of(text: str) -> list[str]:
    """What to look for: the folded words of a text, the first few of a long one."""
    return fold(text[:LONGEST_SEARCH]).split()[:MOST_WORDS]


def matches(column: Any, text: str) -> ColumnElement[bool]:
    """The condition that the search text in `column` holds every word of `text`; true where there is none."""
    return _holds(column, words_of(text))


def _holds(column: Any, words: Any) -> ColumnElement[bool]:
    return and_(true(), *(column.contains(word, autoescape=True) for word in words))


def patterns_of(text: str) -> list[str]:
    """The same as parameter of `search_text LIKE ALL (%(patterns)s::text[])`; of no words it is empty, and all fits."""
    return [containing(word) for word in words_of(text)]


# A customer's search text has three lines: for everybody, phone, e-mail address. A phone or an address that is masked
# for somebody does not lead him to its customer either, by no part of it and not as a whole: else it could be guessed
# digit by digit. A text without lines was kept by an earlier version; of it, then, only name and code are looked at.
_LINE = "chr(10)"


def holds_words(alias: str, patterns: str = "%(patterns)s::text[]") -> str:
    """The condition on customers of `alias`, as SQL of a registered statement, that their search text holds all of
    `patterns`; which lines are looked at is filled in from the person of the call."""
    text = f"{alias}.search_text"
    everybody = (
        f"CASE WHEN strpos({text}, {_LINE}) > 0 THEN split_part({text}, {_LINE}, 1)"
        f" ELSE lower(concat_ws(' ', {alias}.name, {alias}.code)) END"
    )
    phone = f"CASE WHEN %(sees_phones)s::boolean THEN split_part({text}, {_LINE}, 2) END"
    email = f"CASE WHEN %(sees_emails)s::boolean THEN split_part({text}, {_LINE}, 3) END"
    return (
        f"({text} LIKE ALL ({patterns}) AND ((%(sees_phones)s::boolean AND %(sees_emails)s::boolean)"
        f" OR concat_ws(' ', {everybody}, {phone}, {email}) LIKE ALL ({patterns})))"
    )


def customers_found(alias: str, parameter: str = "patterns") -> str:
    """The condition on customers of `alias` as SQL of a registered statement, over `customer_wish` as parameter: those
    that fit are read from the index of terms first. For texts that `is_met_often`, `customers_met`."""
    return (
        f"({alias}.id = ANY (ARRAY(SELECT entry.id FROM search_entry AS entry"
        f" WHERE entry.terms @@ (%({parameter})s::text[])[1]::tsquery)) AND {_holds_wish(alias, parameter)})"
    )


def customers_met(alias: str, parameter: str = "patterns") -> str:
    """The same for what many customers hold: each customer on the way through a list is asked."""
    return (
        f"((SELECT entry.terms @@ (%({parameter})s::text[])[1]::tsquery FROM search_entry AS entry"
        f" WHERE entry.id = {alias}.id) AND {_holds_wish(alias, parameter)})"
    )


def _holds_wish(alias: str, parameter: str) -> str:
    return holds_words(alias, f"(%({parameter})s::text[])[2:]")


def customer_wish(text: str) -> list[str]:
    """The parameter of `customers_found`: which terms are asked for, and the patterns of the words."""
    wanted = _asked(text)
    return [wanted.inside.text(CUSTOMERS.letter), *wanted.patterns] if wanted else [NOTHING]


def is_met_often(text: str) -> bool:
    """Whether so many customers hold a text that a list rather asks each it comes by."""
    wanted = _asked(text)
    return wanted is not None and is_frequent(CUSTOMERS, wanted.inside, FEW_IN_LISTS)


def _asked(text: str) -> Asked | None:
    return asked(text, lines_shown())


def matches_customer(customer: Any, text: str) -> ColumnElement[bool]:
    """The same condition for a query built by SQLAlchemy; `customer` is the model or an alias of it. True where the
    text holds no word, and never met where it holds nothing that could be found."""
    if not words_of(text):
        return true()
    wanted = _asked(text)
    if wanted is None:
        return false()
    viewer = current_viewer()
    fits = SearchEntry.terms.op("@@")(cast(wanted.inside.text(CUSTOMERS.letter), TSQUERY))
    if is_frequent(CUSTOMERS, wanted.inside, FEW_IN_LISTS, shares().seen_by(viewer)):
        found = select(fits).where(SearchEntry.id == customer.id).correlate(customer).scalar_subquery()
    else:
        found = customer.id == any_(func.array(_entries_of(fits, viewer).scalar_subquery()))
    return and_(found, _customer_holds(customer, wanted.words))


def _entries_of(fits: ColumnElement[bool], viewer: Viewer) -> Any:
    """The ids of those that fit. Of somebody's own ones the index of terms answers; of those shared there are few."""
    read = select(SearchEntry.id).where(fits)
    if viewer.sees_all:
        return read
    theirs = bindparam("owners_found", list(viewer.owners), ARRAY(BigInteger))
    own = read.where(array([SearchEntry.owner_id]).op("&&")(theirs))
    if not viewer.shared:
        return own
    shared = bindparam("shared_found", list(viewer.shared), ARRAY(BigInteger))
    return union_all(own, read.where(SearchEntry.id == any_(shared)))


def _customer_holds(customer: Any, words: tuple[str, ...]) -> ColumnElement[bool]:
    kept, line = customer.search_text, func.chr(10)
    if sees(PHONES) and sees(EMAILS):
        return _holds(kept, words)
    everybody = case(
        (func.strpos(kept, line) > 0, func.split_part(kept, line, 1)),
        else_=func.lower(func.concat_ws(" ", customer.name, customer.code)),
    )
    phone = func.split_part(kept, line, 2) if sees(PHONES) else literal("")
    email = func.split_part(kept, line, 3) if sees(EMAILS) else literal("")
    return and_(_holds(kept, words), _holds(func.concat_ws(" ", everybody, phone, email), words))
