"""Standard forms by which two spellings are seen as one: names, phones, e-mail addresses, tax ids; and the search text.

Widths and compatibility forms are folded by NFKC; phones become E.164 (one that does not parse is kept and is no key);
legal forms such as 有限公司 or Ltd. do not distinguish companies.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from stdnum.cn import uscc

from core.pinyin import readings

_SUFFIXES = (
    r"股份有限公司|有限责任公司|有限公司|集团公司|公司|"
    r"\b(?:co(?:mpany)?|corp(?:oration)?|inc(?:orporated)?|ltd|limited|llc|llp|plc|gmbh|ag|kg|sa|sarl|srl|spa|bv|nv|oy|ab|as|pty|pte)\b"
)
MOST_REMEMBERED = 4096
"""Of how many texts it is remembered what became of them: what an import works out ahead for a batch is still known
when that batch is done, beside what the one before it needs."""
_SUFFIX = re.compile(_SUFFIXES)
_NOT_WORD = re.compile(r"[\W_]+")
_NOT_DIGIT = re.compile(r"\D")
_HAN = re.compile(r"[\u3400-\u9fff]")
# ASCII and Chinese characters, which have neither width nor accent nor another form.
_SIMPLE = re.compile(r"[\0-\x7f\u3400-\u4dbf\u4e00-\u9fff]*")
# Addresses whose part before the @ the library keeps as it is.
_LONGEST_PLAIN_ADDRESS = 200
_PLAIN_ADDRESS = re.compile(r"([a-z0-9_-]+(?:\.[a-z0-9_-]+)*)@([a-z0-9.-]+)")
_BETWEEN_DIGITS = re.compile(r"(?<=[0-9])[ -](?=[0-9])")


def clean(text: str | None) -> str | None:
    """Text as kept: NFC, no control characters, single blanks, None when nothing is left."""
    if text is None:
        return None
    if text.isprintable():  # as almost every text is
        return " ".join(unicodedata.normalize("NFC", text).split()) or None
    kept = "".join(
        character for character in unicodedata.normalize("NFC", text) if character == "\n" or character.isprintable()
    )
    lines = [" ".join(line.split()) for line in kept.split("\n")]
    return "\n".join(lines).strip() or None


def fold(text: str) -> str:
    """Lower case without widths, compatibility forms and accents."""
    if text.isascii() or _SIMPLE.fullmatch(text):
        return text.casefold()
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text)).casefold()
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not unicodedata.combining(c)))


@lru_cache(maxsize=MOST_REMEMBERED)
def company_key(name: str) -> str:
    """A company's name without legal form, punctuation and case; the whole name where nothing else would be left."""
    folded = fold(name)
    short = _NOT_WORD.sub("", _SUFFIX.sub(" ", folded))
    return (short or _NOT_WORD.sub("", folded) or folded)[:200]


def _mobiles_of(country: str) -> re.Pattern[str]:
    """Mobile numbers of a country as they are dialled there, by the library's own tables."""
    found = phonenumbers.PhoneMetadata.metadata_for_region(country)
    pattern = found.mobile.national_number_pattern if found is not None and found.mobile is not None else None
    return re.compile(str(pattern or "(?!)"), re.ASCII)


_CHINESE_MOBILE = _mobiles_of("CN")


@lru_cache(maxsize=MOST_REMEMBERED)
def phone_key(phone: str | None, country: str) -> str | None:
    """E.164, or None where the number cannot be read as one of `country` or an international one."""
    if not phone:
        return None
    if country == "CN" and _CHINESE_MOBILE.fullmatch(digits := _BETWEEN_DIGITS.sub("", phone)):
        return "+86" + digits  # as most are, and as the library would say after a hundred times as long
    try:
        parsed = phonenumbers.parse(unicodedata.normalize("NFKC", phone), country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


@lru_cache(maxsize=MOST_REMEMBERED)
def email_address(text: str) -> str | None:
    """An e-mail address as it is kept, or None where the text is none."""
    plain = _PLAIN_ADDRESS.fullmatch(text) if len(text) <= _LONGEST_PLAIN_ADDRESS else None
    if plain is not None and (domain := _domain(plain[2])) is not None:
        return f"{plain[1]}@{domain}"
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        return None


@lru_cache(maxsize=2048)
def _domain(text: str) -> str | None:
    """The domain of an address, as the library keeps it: many addresses share one."""
    try:
        return validate_email(f"a@{text}", check_deliverability=False).domain
    except EmailNotValidError:
        return None


def email_key(email: str | None) -> str | None:
    return unicodedata.normalize("NFKC", email).strip().casefold() or None if email else None


def tax_id_key(tax_id: str | None) -> str | None:
    """Upper case without separators; a Chinese credit code is compacted by its own rules."""
    if not tax_id:
        return None
    folded = re.sub(r"[\s./-]", "", unicodedata.normalize("NFKC", tax_id)).upper()
    return uscc.compact(folded) if uscc.is_valid(folded) else folded or None


def han_of(text: str) -> str:
    """The Chinese characters of a text, without what stands between them."""
    return "".join(_HAN.findall(text))


def search_text(*parts: str | None) -> str:
    """What a record is found by: its words, pinyin without tones, initials, digits; folded, in one string."""
    return " ".join(dict.fromkeys(word for part in parts if part for word in _search_words(part)))


@lru_cache(maxsize=4 * MOST_REMEMBERED)
def _search_words(part: str) -> tuple[str, ...]:
    folded = fold(part)
    words = [folded]
    if han := han_of(folded):
        words.append(han)
        for syllables in readings(han):
            words.append("".join(syllables))
            words.append("".join(syllable[0] for syllable in syllables))
    digits = _NOT_DIGIT.sub("", folded)
    if len(digits) >= 5 and digits != folded:
        words.append(digits)
    return tuple(words)
