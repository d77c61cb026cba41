"""Passwords: Argon2id, and what may not be chosen as one."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import FieldErrors
from core.normalise import fold
from core.organization import User

MIN_PASSWORD_LENGTH = 8
LONGEST_PASSWORD = 200
FEWEST_DIGITS = 12
# 19 MiB, two passes, one lane: OWASP's recommendation for Argon2id.
hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_DUMMY_HASH = hasher.hash(secrets.token_hex(16))

# What is tried first everywhere, without the digits and signs around it, which `_core` takes off.
_COMMON_WORDS = frozenset(
    """
    password passwort passw0rd p@ssw0rd p@ssword pass admin administrator root user guest test demo login welcome
    letmein changeme change default secret master qwerty qwertyuiop qwertz azerty asdf asdfgh asdfghjkl zxcvbn zxcvbnm
    iloveyou loveyou woaini woaiwojia woshishui sunshine princess dragon monkey football baseball basketball superman
    batman michael jordan shadow trustno abc abcd abcdef abcdefg abcabc aaa aaaa aaaaaa aaaaaaaa qazwsx qaz
    qwe qweqwe qweasd qweasdzxc company office business account finance sales warehouse manager countinghouse mima
    zhangsan lisi wangwei beijing shanghai guangzhou shenzhen china zhongguo hello nihao computer internet server
    spring summer autumn winter january monday access flower freedom whatever starwars killer charlie donald
    """.split()  # noqa: SIM905 (a list of words)
)
_COMMON_WHOLE = frozenset(
    ["1q2w3e4r", "1qaz2wsx", "1q2w3e4r5t", "zaq12wsx", "5201314", "a1b2c3d4", "q1w2e3r4", "1qazxsw2", "p@$$w0rd"]
)


def matches(user: User | None, password: str) -> bool:
    """Whether it is the password of an active user, found out in the same time whether or not there is such a user."""
    known = user.password_hash if user is not None and user.is_active else None
    try:
        hasher.verify(known or _DUMMY_HASH, password[: LONGEST_PASSWORD * 4])
    except (VerificationError, InvalidHashError):
        return False
    return known is not None


def check_password(errors: FieldErrors, password: str, *names: str | None) -> None:
    """Adds what is wrong with a new password beside `password`: too short, too long, among the first that are tried, or
    made of one of `names` (of the person, the sign-in name, the company)."""
    if len(password) < MIN_PASSWORD_LENGTH:
        errors.add("password", "too_short", smallest=MIN_PASSWORD_LENGTH)
    elif len(password) > LONGEST_PASSWORD:
        errors.add("password", "too_long", limit=LONGEST_PASSWORD)
    elif is_common(password):
        errors.add("password", "password_common")
    elif _core(password) in {_core(name) for name in names if name and _core(name)}:
        errors.add("password", "password_like_name")


def is_common(password: str) -> bool:
    """Whether it is one of those tried first: a common word with digits or signs around it, a sign or two again and
    again, so few digits that they are a day or a telephone number, digits that run up or down."""
    folded, core = fold(password), _core(password)
    if folded in _COMMON_WHOLE or core in _COMMON_WORDS or len(set(folded)) < 3:
        return True
    if core:
        return False
    digits = "".join(sign for sign in folded if sign.isdigit())
    return len(digits) < FEWEST_DIGITS or digits in "0123456789" * 3 or digits in "9876543210" * 3


def _core(text: str) -> str:
    """The text without case, blanks and signs, and without digits at its ends."""
    return "".join(fold(text).split()).strip("0123456789!?.,:;#*+-_/&%$@=()[]{}<>~^'\"")
