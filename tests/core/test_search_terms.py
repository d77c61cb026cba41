"""What names are found by: characters, pinyin, initials, first letters, parts of phones; how family names are read."""

from __future__ import annotations

import re

import pytest

from core.normalise import search_text
from core.pinyin import readings, spellings
from core.search_terms import EMAILS, PHONES, Wish, asked, phone_part, terms_of, vector_of

LMX = terms_of("c", ["李明朗", None, "CUS-2026-00042"], ["138 1234 8899"], ["ming.lang@example.com"])
EVERY_LINE = (PHONES, EMAILS)


def fits(wish: Wish | None, terms: list[str], kind: str = "c") -> bool:
    """What PostgreSQL would answer."""
    if wish is None:
        return False
    if wish.term:
        return kind + wish.term in terms
    parts = [fits(part, terms, kind) for part in wish.any or wish.all]
    return any(parts) if wish.is_any else all(parts)


def finds(text: str, terms: list[str], lines: tuple[str, ...] = EVERY_LINE) -> bool:
    wanted = asked(text, lines)
    return wanted is not None and fits(wanted.inside, terms)


@pytest.mark.parametrize(
    "text",
    ["李明朗", "李明", "明朗", "朗", "lml", "ml", "l", "liming", "limingl", "limingla", "minglang", "lang", "LIMING",
     "ｌｍｌ", "李 朗", "cus-2026-00042", "00042", "42", "138", "1234", "12348", "8899", "138-1234", "13812348899",
     "+86 13812348899", "ming.lang@ex", "example"],
)  # fmt: skip
def test_one_customer_by_all_its_names(text: str) -> None:
    assert finds(text, LMX)


@pytest.mark.parametrize(
    "text", ["李朗", "朗明", "mli", "lm8", "13899", "9988", "88", "王", "wang", "exampel", "%", "_", " "]
)
def test_what_does_not_lead_to_it(text: str) -> None:
    assert not finds(text, LMX)


@pytest.mark.parametrize("text", ["138", "1234", "13812348899", "ming.lang@example.com", "example"])
def test_masked_lines_answer_nothing(text: str) -> None:
    assert not finds(text, LMX, ())


def test_the_beginning_and_the_whole_are_known() -> None:
    for text in ("李明朗", "liminglang", "lml"):
        wanted = asked(text)
        assert wanted and fits(wanted.whole, LMX) and fits(wanted.start, LMX)
    inside = asked("明朗")
    assert inside and not fits(inside.whole, LMX) and not fits(inside.start, LMX)


def test_parts_of_long_names() -> None:
    name = terms_of("c", ["上海宏伟（集团）机械设备有限公司"])
    for text in (
        "宏伟",
        "伟集团",
        "集团机械",
        "有限公司",
        "shanghaihongwei",
        "hongweijituan",
        "shhw",
        "jtjx",
        "jixieshebei",
    ):
        assert finds(text, name), text
    assert finds("international trade", terms_of("c", ["The International Trade Co."]))
    assert not finds("inter trades", terms_of("c", ["The International Trade Co."]))


# The golden readings: how names are read aloud, family names in their own way beside the ordinary one.
GOLDEN = {
    "李明朗": "liminglang", "曾国强": "zengguoqiang", "仇英": "qiuying", "单雄信": "shanxiongxin", "解缙": "xiejin",
    "任贤齐": "renxianqi", "区志明": "ouzhiming", "朴正洙": "piaozhengzhu", "查良镛": "zhaliangyong",
    "翟志刚": "zhaizhigang",
    "覃丽": "qinli", "乐毅": "yueyi", "缪斌": "miaobin", "尉迟恭": "yuchigong", "长孙无忌": "zhangsunwuji",
    "重庆银行": "chongqingyinhang", "长沙音乐厅": "changshayinyueting", "厦门": "xiamen", "吕布": "lvbu",
    "盖叫天": "gejiaotian", "顺丰茶行": "shunfengchahang",
}  # fmt: skip


@pytest.mark.parametrize(("name", "reading"), GOLDEN.items())
def test_names_are_read_as_people_say_them(name: str, reading: str) -> None:
    assert reading in {"".join(syllables) for syllables in readings(name)}
    assert reading in search_text(name).split()
    assert finds(reading, terms_of("c", [name]))


def test_both_readings_of_a_family_name_lead_to_it() -> None:
    for text in ("zengqiang", "cengqiang", "zq", "cq"):
        assert finds(text, terms_of("c", ["曾强"])), text


def test_typed_pinyin_is_cut_in_every_way_that_it_can_be() -> None:
    assert {("xian",), ("xi", "an")} <= set(spellings("xian"))
    assert {("fang", "an"), ("fan", "gan")} <= set(spellings("fangan"))
    assert spellings("shanghaihongwei") == (("shang", "hai", "hong", "wei"),)
    assert spellings("lml") == spellings("alfreds") == ()
    for name in ("西安电子", "先进"):
        assert finds("xian", terms_of("c", [name]))


def test_phones_are_read_however_they_are_written() -> None:
    assert phone_part("138-1234") == "1381234"
    assert phone_part("+8613812348899") == phone_part("008613812348899") == "13812348899"
    assert phone_part("12") is phone_part("lml") is phone_part("so-2026") is None


def test_kinds_and_lines_keep_apart() -> None:
    contact = terms_of("k", ["李明朗"])
    wanted = asked("李明")
    assert wanted and fits(wanted.inside, contact, "k") and not fits(wanted.inside, contact, "c")


def test_rare_terms_stand_for_the_frequent_ones_beside_them() -> None:
    wanted = asked("鑫泰 有限公司")
    assert wanted is not None
    shares = {"c有限": 0.7, "c限公": 0.7, "c公司": 0.7}
    assert wanted.inside.share("c", shares) == 0
    assert wanted.inside.rarer("c", shares, 0.02).text("c") == "'c鑫泰'"
    common = asked("有限公司")
    assert common and 0.5 < common.inside.share("c", shares) <= 0.7
    assert common.inside.rarer("c", shares, 0.02) == common.inside


def test_quotes_and_backslashes_are_terms_like_others() -> None:
    for text in ("o'neill", "a\\b", "100%_"):
        wanted = asked(text)
        assert wanted is not None
        assert wanted.patterns[0].startswith("%")


@pytest.mark.parametrize("name", ["李明朗", "上海O'Neil & Söhne\\有限公司", "PUMP200 00042", "'", "上海 银行", "\\'"])
def test_the_vector_holds_the_terms(name: str) -> None:
    told = [name, None, "CUS-2026-00042", "上海"], ["138 1234 8899", None], ["o'neil@example.com", None]
    lexemes = re.findall(r"'((?:[^'\\\\]|''|\\\\\\\\)*)'(?: |$)", vector_of("c", *told))
    found = {lexeme.replace("''", "'").replace("\\\\", "\\") for lexeme in lexemes}
    assert sorted(found) == terms_of("c", *told)
