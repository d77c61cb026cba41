"""The terms a record is found by, and which of them a typed text asks for.

A record keeps terms of fixed size, so that every question is an equality of terms and never a scan of their range: of
a Chinese name each character and each two neighbours, their syllables alone and in pairs, the initials in twos and
threes; of other words their first letters, one more each; of phones every three and four digits. The first letter of a
term says whose it is (a kind of record, and there its names, phones or e-mail addresses), so that each has its own
frequency, and that a mask only leaves a question out. `^` marks what a name begins with, `=` a name as a whole.

Terms find a little too much (李明 and 明朗 need not stand together), so what is found is compared with the text itself.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

import phonenumbers

from core.normalise import MOST_REMEMBERED, fold, han_of
from core.pinyin import readings, spellings, syllables_from

LONGEST_BEGINNING = 8
SHORTEST_OF_EMAIL = 3
LONGEST_WHOLE = 24
LONGEST_START = 4
LONGEST_INITIALS = 12
PHONE_PART = 3
MOST_WORDS = 8
LONGEST_TEXT = 100
_RUN = re.compile(r"[㐀-鿿]+|[^\W_㐀-鿿]+")
_PART = re.compile(r"[0-9]+|[^\W\d_]+")
_PHONE = re.compile(r"[+0-9()./-]*[0-9][+0-9()./-]*")
_INTERNATIONAL = re.compile(r"(?:[+]|00)[0-9() ./-]+")
_HAN = re.compile(r"[㐀-鿿]")
_NOT_DIGIT = re.compile(r"\D")
_NOT_WORD = re.compile(r"[\W_]+")
PHONES, EMAILS = "#", "@"


# what a record keeps --------------------------------------------------------------------------------------------------
def terms_of(
    kind: str, names: Sequence[str | None], phones: Iterable[str | None] = (), emails: Iterable[str | None] = ()
) -> list[str]:
    """The terms of a record of a kind (a letter); `names` are all that everybody may look for, its title first."""
    found: set[str] = set()
    for place, name in enumerate(names):
        if name:
            found.update(_title(fold(name)) if place == 0 else _other_name(fold(name)))
    for phone in phones:
        found.update(_of_phone(phone) if phone else ())
    for email in emails:
        found.update(*map(_of_email, _RUN.findall(fold(email))) if email else ())
    return sorted([kind + term for term in found])


def vector_of(
    kind: str, names: Sequence[str | None], phones: Iterable[str | None] = (), emails: Iterable[str | None] = ()
) -> str:
    """The same terms as PostgreSQL reads a tsvector; in no order, and some of them twice, as it may be."""
    parts = [_vector_of_name(kind, fold(name), place == 0) for place, name in enumerate(names) if name]
    parts += [vector(kind, _of_phone(phone)) for phone in phones if phone]
    for email in emails:
        parts += [_vector_of_email(kind, run) for run in _RUN.findall(fold(email))] if email else []
    return " ".join(parts)


def foresee(kind: str, title: str) -> None:
    """Works out what a record's title is found by, so that `vector_of` remembers it."""
    _vector_of_name(kind, fold(title), True)


def vector(kind: str, terms: Iterable[str]) -> str:
    """Terms of a kind as PostgreSQL reads a tsvector."""
    text = "\n".join(terms)
    if "'" in text or "\\" in text:
        text = text.replace("\\", "\\\\").replace("'", "''")
    return f"'{kind}" + text.replace("\n", f"' '{kind}") + "'" if text else ""


@lru_cache(maxsize=4 * MOST_REMEMBERED)
def _vector_of_name(kind: str, text: str, is_title: bool) -> str:
    return vector(kind, _title(text) if is_title else _other_name(text))


@lru_cache(maxsize=4096)
def _vector_of_email(kind: str, run: str) -> str:
    """The domains of addresses come again and again."""
    return vector(kind, _of_email(run))


def _of_email(run: str) -> list[str]:
    return [EMAILS + beginning for beginning in _growing(run, LONGEST_BEGINNING)[SHORTEST_OF_EMAIL - 1 :]]


def _of_phone(phone: str) -> list[str]:
    digits = _NOT_DIGIT.sub("", fold(phone))
    return [PHONES + part for size in (PHONE_PART, PHONE_PART + 1) for part in _parts(digits, size)]


def _title(text: str) -> list[str]:
    return _terms_of_name(text, is_title=True)


@lru_cache(maxsize=4096)
def _other_name(text: str) -> tuple[str, ...]:
    """Cities do too."""
    return tuple(_terms_of_name(text, is_title=False))


def _terms_of_name(text: str, *, is_title: bool) -> list[str]:
    han = han_of(text)
    found = [*han, *_pairs(han)]
    wholes, starts = [_NOT_WORD.sub("", text)], [han[:1], han[:2]] if text.startswith(han[:1]) else []
    for syllables in readings(han):
        initials = "".join([syllable[0] for syllable in syllables])
        found += syllables
        found += _pairs(syllables)
        found += _pairs(initials)
        found += _parts(initials, 3)
        wholes += ["".join(syllables), initials]
        starts += [syllables[0], "".join(syllables[:2]), initials[:1], initials[:2], initials[:3]]
    if han != text:
        for place, run in enumerate(_RUN.findall(text)):
            if not _HAN.match(run):
                found += _beginnings(run)
                starts += _growing(run, LONGEST_START) if place == 0 else []
    found += ["=" + whole for whole in wholes if 1 < len(whole) <= LONGEST_WHOLE]
    if is_title:
        found += ["^" + start for start in starts if start]
    return found


def _pairs(parts: Sequence[str]) -> list[str]:
    return [first + second for first, second in pairwise(parts)]


@lru_cache(maxsize=16_384)
def _beginnings(run: str) -> tuple[str, ...]:
    """The first letters of a word, and of the letters and figures it is made of (PUMP200, 00042)."""
    found: list[str] = []
    for part in {run, *_PART.findall(run)}:
        found += _growing(part, LONGEST_BEGINNING)
        found.append(_beginning(part))
        if part.isdecimal() and (figure := part.lstrip("0")) != part:
            found += _growing(figure, LONGEST_BEGINNING)
    return tuple(found)


def _beginning(run: str) -> str:
    """The term for what begins so; of a longer word it says that there is more, as Chinese pairs may be spelt alike."""
    return run if len(run) <= LONGEST_BEGINNING else run[:LONGEST_BEGINNING] + "~"


def _growing(text: str, longest: int) -> list[str]:
    return [text[:end] for end in range(1, min(len(text), longest) + 1)]


def _parts(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(len(text) - size + 1)]


# what a text asks for -------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Wish:
    """A condition on terms: one term, or several of which all or any must be there. An empty `all` is always met, an
    empty `any` never."""

    term: str = ""
    all: tuple[Wish, ...] = ()
    any: tuple[Wish, ...] = field(default=())
    is_any: bool = False

    def text(self, kind: str) -> str:
        """As PostgreSQL's tsquery for the terms of a kind."""
        if self.term:
            return "'" + (kind + self.term).replace("\\", "\\\\").replace("'", "''") + "'"
        return "(" + (" | " if self.is_any else " & ").join(part.text(kind) for part in self.any or self.all) + ")"

    def share(self, kind: str, shares: Mapping[str, float]) -> float:
        """About which share of all records fits, by the shares of the more frequent terms.

        Terms of one name go together more often than chance would have it: each further one counts for less.
        """
        if self.term:
            return shares.get(kind + self.term, 0.0)
        parts = sorted(part.share(kind, shares) for part in self.any or self.all)
        if self.is_any:
            return min(1.0, sum(parts))
        share = 1.0
        for place, part in enumerate(parts[:4]):
            share *= part ** (0.5**place)
        return share

    def rarer(self, kind: str, shares: Mapping[str, float], most: float) -> Wish:
        """The same without what most records fit anyway, as far as something rarer is asked for beside it."""
        if self.term:
            return self
        if self.is_any:
            return Wish(any=tuple(part.rarer(kind, shares, most) for part in self.any), is_any=True)
        kept = tuple(part.rarer(kind, shares, most) for part in self.all if part.share(kind, shares) <= most)
        return (kept[0] if len(kept) == 1 else Wish(all=kept)) if kept else self


def _all(*parts: Wish | None) -> Wish | None:
    kept = tuple(dict.fromkeys(part for part in parts if part is not None))
    return kept[0] if len(kept) == 1 else Wish(all=kept) if kept else None


def _any(*parts: Wish | None) -> Wish | None:
    kept = tuple(dict.fromkeys(part for part in parts if part is not None))
    return kept[0] if len(kept) == 1 else Wish(any=kept, is_any=True) if kept else None


@dataclass(frozen=True)
class Asked:
    """What a text asks: `inside` must be met, `start` by names that begin so, `whole` by one that is nothing else.

    `words` are what the search text of a record found by `inside` must hold.
    """

    inside: Wish
    start: Wish | None
    whole: Wish | None
    words: tuple[str, ...]

    @property
    def patterns(self) -> list[str]:
        """The words as parameter of LIKE ALL."""
        return [containing(word) for word in self.words]


def asked(text: str, lines: Collection[str] = ()) -> Asked | None:
    """What a text asks of names and of the `lines` (PHONES, EMAILS) that may be looked at; None where it asks nothing
    that could be found."""
    words = _words(text)
    if not words:
        return None
    parts = [_word(word, lines) for word in words]
    inside = _all(*parts)
    if inside is None:
        return None
    begun = _start(words[0])
    whole = _NOT_WORD.sub("", "".join(words))
    return Asked(
        inside,
        _all(begun, *parts[1:]) if begun else None,
        Wish("=" + whole) if 1 < len(whole) <= LONGEST_WHOLE else None,
        tuple(dict.fromkeys(plain_word(word) for word in words)),
    )


def _words(text: str) -> list[str]:
    folded = fold(text[:LONGEST_TEXT])
    if _INTERNATIONAL.fullmatch(folded.strip()):
        return ["".join(folded.split())]
    return folded.split()[:MOST_WORDS]


def plain_word(word: str) -> str:
    """The word as search texts hold it: phones without what separates their digits."""
    digits = phone_part(word)
    return digits if digits and not word.isdecimal() and len(digits) >= PHONE_PART + 2 else word


def containing(text: str) -> str:
    """The LIKE pattern of what holds a text as it stands."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def phone_part(word: str) -> str | None:
    """The digits of a word that may be a part of a phone number; of an international one those that are kept when it is
    written the national way. None of other words."""
    if not _PHONE.fullmatch(word):
        return None
    digits = re.sub(r"\D", "", word)
    if len(digits) < PHONE_PART:
        return None
    if word.startswith("+") or word.startswith("00"):
        try:
            number = phonenumbers.parse("+" + digits.removeprefix("00"))
        except phonenumbers.NumberParseException:
            return digits
        return phonenumbers.national_significant_number(number) if phonenumbers.is_valid_number(number) else digits
    return digits


def _word(word: str, lines: Collection[str]) -> Wish | None:
    runs = _RUN.findall(word)
    ways = [_all(*map(_run, runs))]
    digits = phone_part(word) if PHONES in lines else None
    if digits:
        size = min(len(digits), PHONE_PART + 1)
        ways.append(_all(*(Wish(PHONES + part) for part in _parts(digits, size))))
    if EMAILS in lines and runs and not _HAN.search(word):
        told = [run[:LONGEST_BEGINNING] for run in runs if len(run) >= SHORTEST_OF_EMAIL]
        ways.append(_all(*(Wish(EMAILS + run) for run in told)))
    return _any(*ways)


def _run(run: str) -> Wish | None:
    if _HAN.match(run):
        return _all(*map(Wish, _parts(run, 2))) or Wish(run)
    ways: list[Wish | None] = [Wish(_beginning(run))]
    if run.isascii() and run.isalpha():
        if len(run) == 1:
            return _any(ways[0], Wish("^" + run))
        if len(run) <= LONGEST_INITIALS:
            ways.append(_all(*map(Wish, _parts(run, 3))) or Wish(run))
        ways += [_syllables(row) for row in spellings(run)]
    return _any(*ways)


def _syllables(row: Sequence[str], mark: str = "") -> Wish | None:
    """Pairs of neighbours; a last syllable that is only begun may be any that begins so."""
    *whole, last = row
    wishes: list[Wish | None] = [Wish(mark + "".join(pair)) for pair in pairwise(whole)]
    before = whole[-1] if whole else ""
    wishes.append(_any(*(Wish(mark + before + syllable) for syllable in syllables_from(last))))
    return _all(*wishes)


def _start(word: str) -> Wish | None:
    run = next(iter(_RUN.findall(word)), "")
    if _HAN.match(run):
        return Wish("^" + run[:2])
    ways: list[Wish | None] = [Wish("^" + run[:LONGEST_START])] if run else []
    if run.isascii() and run.isalpha() and len(run) > 1:
        if len(run) <= LONGEST_INITIALS:
            ways.append(Wish("^" + run[:3]))
        ways += [_syllables(row[:2], "^") for row in spellings(run)]
    return _any(*ways)
