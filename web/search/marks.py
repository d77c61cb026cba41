"""Which part of a title was meant by what was typed: as it stands, in pinyin or by initials."""

from __future__ import annotations

from core.normalise import fold, han_of
from core.pinyin import readings
from core.queries.words import words_of


def marked(title: str, text: str) -> list[tuple[str, bool]]:
    """The title in pieces, each with whether it is marked."""
    marks = [False] * len(title)
    folded = [fold(character) for character in title]
    for word in words_of(text):
        start, end = _as_it_stands(folded, word) or _by_sound(folded, word) or (0, 0)
        marks[start:end] = [True] * (end - start)
    pieces: list[tuple[str, bool]] = []
    for character, is_marked in zip(title, marks, strict=True):
        if pieces and pieces[-1][1] == is_marked:
            pieces[-1] = (pieces[-1][0] + character, is_marked)
        else:
            pieces.append((character, is_marked))
    return pieces


def _as_it_stands(folded: list[str], word: str) -> tuple[int, int] | None:
    place = "".join(folded).find(word)
    if place < 0:
        return None
    ends = [0]
    for part in folded:
        ends.append(ends[-1] + len(part))
    return _last_before(ends, place), _first_from(ends, place + len(word))


def _last_before(ends: list[int], place: int) -> int:
    return max(index for index, end in enumerate(ends) if end <= place)


def _first_from(ends: list[int], place: int) -> int:
    return min(index for index, end in enumerate(ends) if end >= place)


def _by_sound(folded: list[str], word: str) -> tuple[int, int] | None:
    places = [place for place, character in enumerate(folded) if han_of(character)]
    for syllables in readings("".join(folded[place] for place in places)):
        for start in range(len(places)):
            for end in range(start + 1, len(places) + 1):
                sound = "".join(syllables[start:end])
                initials = "".join(syllable[0] for syllable in syllables[start:end])
                if initials == word or (
                    sound.startswith(word) and not "".join(syllables[start : end - 1]).startswith(word)
                ):
                    return places[start], places[end - 1] + 1
    return None
