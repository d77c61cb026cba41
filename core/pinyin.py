"""How Chinese is spelt and read: syllables, the readings of a name, and the syllables that a typed word may mean."""

from __future__ import annotations

from functools import lru_cache

from pypinyin import Style, lazy_pinyin
from pypinyin.constants import RE_HANS
from pypinyin.core import Pinyin
from pypinyin.seg import mmseg

_FINALS = {
    "": "a ai an ang ao e ei en eng er o ou",
    "b": "a ai an ang ao ei en eng i ian iao ie in ing o u",
    "c": "a ai an ang ao e en eng i ong ou u uan ui un uo",
    "ch": "a ai an ang ao e en eng i ong ou u ua uai uan uang ui un uo",
    "d": "a ai an ang ao e ei en eng i ia ian iao ie ing iu ong ou u uan ui un uo",
    "f": "a an ang ei en eng o ou u",
    "g": "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo",
    "h": "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo",
    "j": "i ia ian iang iao ie in ing iong iu u uan ue un",
    "k": "a ai an ang ao e ei en eng ong ou u ua uai uan uang ui un uo",
    "l": "a ai an ang ao e ei eng i ia ian iang iao ie in ing iu o ong ou u uan un uo v ve",
    "m": "a ai an ang ao e ei en eng i ian iao ie in ing iu o ou u",
    "n": "a ai an ang ao e ei en eng i ian iang iao ie in ing iu ong ou u uan un uo v ve",
    "p": "a ai an ang ao ei en eng i ian iao ie in ing o ou u",
    "q": "i ia ian iang iao ie in ing iong iu u uan ue un",
    "r": "an ang ao e en eng i ong ou u ua uan ui un uo",
    "s": "a ai an ang ao e en eng i ong ou u uan ui un uo",
    "sh": "a ai an ang ao e ei en eng i ou u ua uai uan uang ui un uo",
    "t": "a ai an ang ao e ei eng i ian iao ie ing ong ou u uan ui un uo",
    "w": "a ai an ang ei en eng o u",
    "x": "i ia ian iang iao ie in ing iong iu u uan ue un",
    "y": "a an ang ao e i in ing o ong ou u uan ue un",
    "z": "a ai an ang ao e ei en eng i ong ou u uan ui un uo",
    "zh": "a ai an ang ao e ei en eng i ong ou u ua uai uan uang ui un uo",
}
SYLLABLES = frozenset(initial + final for initial, finals in _FINALS.items() for final in finals.split())
LONGEST_SYLLABLE = max(map(len, SYLLABLES))
MOST_READINGS_OF_A_WORD = 8
_LONGEST_WORD = 40
_SHORT_WORD = 8

# Characters that are read otherwise as a family name; beside it the ordinary reading stays.
SURNAMES = {
    "曾": "zeng", "仇": "qiu", "单": "shan", "解": "xie", "区": "ou", "朴": "piao", "查": "zha", "盖": "ge",
    "翟": "zhai", "覃": "qin", "乐": "yue", "员": "yun", "召": "shao", "缪": "miao", "洗": "xian", "秘": "bi",
    "繁": "po", "折": "she", "黑": "he", "种": "chong", "隗": "wei", "郇": "xun", "祭": "zhai", "牟": "mu", "句": "gou",
    "薄": "bo", "卜": "bu", "炅": "gui", "阚": "kan", "佴": "nai", "藏": "zang",
}  # fmt: skip
_DOUBLE_SURNAMES = {"尉迟": ("yu", "chi"), "长孙": ("zhang", "sun"), "万俟": ("mo", "qi"), "单于": ("chan", "yu"),
                    "澹台": ("tan", "tai"), "鲜于": ("xian", "yu")}  # fmt: skip

# At the end of a company's name, read otherwise than in most words; the ordinary reading stays beside it.
ENDINGS = {"行": "hang"}
_WORDS = Pinyin()


@lru_cache(maxsize=32_768)
def _spelt(word: str) -> tuple[str, ...]:
    """The syllables of one word. A name is spelt word by word, and words come again: most of the time goes there."""
    return tuple(lazy_pinyin([word], style=Style.NORMAL))


@lru_cache(maxsize=8192)
def readings(han: str) -> tuple[tuple[str, ...], ...]:
    """The ways a text of Chinese characters alone is read, without tones: as words, and as the name of a person or of a
    company where that differs."""
    if not han:
        return ()
    words = mmseg.seg.cut(han) if RE_HANS.match(han) else _WORDS.seg(han)
    plain = tuple([syllable for word in words for syllable in _spelt(word)])
    own = SURNAMES.get(han[0])
    named: tuple[str, ...] = _DOUBLE_SURNAMES.get(han[:2]) or ((own,) if own else ())
    ending = (*plain[:-1], ENDINGS.get(han[-1], plain[-1])) if len(plain) == len(han) else plain
    return tuple(dict.fromkeys((plain, (*named, *plain[len(named) :]), ending)))


@lru_cache(maxsize=4096)
def spellings(word: str) -> tuple[tuple[str, ...], ...]:
    """The rows of syllables that a typed word of Latin letters may mean; the last one may be begun only.

    None where it is no pinyin. Of a long word the first letters are read, and the rows of fewest syllables; of a short
    one (xian) also those of one more.
    """
    found: list[tuple[str, ...]] = []
    word = word[:_LONGEST_WORD]

    def go_on(start: int, before: tuple[str, ...]) -> None:
        if len(found) >= MOST_READINGS_OF_A_WORD:
            return
        if start == len(word):
            found.append(before)
            return
        for end in range(min(len(word), start + LONGEST_SYLLABLE), start, -1):
            part = word[start:end]
            if part in SYLLABLES or (end == len(word) and is_begun(part)):
                go_on(end, (*before, part))

    go_on(0, ())
    fewest = min(map(len, found), default=0) + (len(word) <= _SHORT_WORD)
    return tuple(row for row in found if len(row) <= fewest)


@lru_cache(maxsize=1024)
def syllables_from(beginning: str) -> tuple[str, ...]:
    """The syllables that begin so."""
    return tuple(sorted(syllable for syllable in SYLLABLES if syllable.startswith(beginning)))


def is_begun(part: str) -> bool:
    """Whether a syllable begins so."""
    return bool(syllables_from(part))
