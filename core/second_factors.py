"""Second factors: an authenticator application (TOTP, RFC 6238) and recovery codes; passkeys are in `core.passkeys`.

A code is good for its thirty seconds and those beside them, and once. The secret is sealed, recovery codes are kept as
SHA-256 of their 80 random bits. Wrong codes count into the same growing delay as wrong passwords.
"""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import pyotp
from sqlalchemy import delete, func, select, update

from core.audit import record
from core.credentials import HalfSignIn, Passkey, RecoveryCode, TotpFactor
from core.delays import Attempts
from core.errors import DomainError, NotFound
from core.needs import for_anybody, needs
from core.notices import notify
from core.organization import User
from core.outbox import emit
from core.plan import Plan
from core.queries.reading import read
from core.sealing import Seal, Unsealable
from core.sessions import digest, rotate_sessions
from core.statements import statement

STEP_SECONDS = 30
STEPS_BESIDE = 1
RECOVERY_CODES = 10
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # five bits each; I, L, O and U look like others
_LOOK_ALIKES = str.maketrans("OIL", "011")
_PURPOSE = "second factors"


class Factors(NamedTuple):
    """What somebody has set up. `recovery_codes` are those not used yet."""

    totp_since: datetime | None
    passkeys: int
    recovery_codes: int
    recovery_made_at: datetime | None

    @property
    def any(self) -> bool:
        """Whether a second factor is asked for at sign-in. Recovery codes stand in for one, and are none."""
        return self.totp_since is not None or self.passkeys > 0


FACTORS = statement(
    "second_factors.of_user",
    """
    SELECT (SELECT confirmed_at FROM totp_factor WHERE user_id = %(user_id)s::bigint),
           (SELECT count(*) FROM passkey WHERE user_id = %(user_id)s::bigint),
           (SELECT count(*) FROM recovery_code WHERE user_id = %(user_id)s::bigint AND used_at IS NULL),
           (SELECT max(created_at) FROM recovery_code WHERE user_id = %(user_id)s::bigint)
    """,
    tables="totp_factor passkey recovery_code",
    scope="system",
    fact=Factors,
)
PENDING = statement(
    "second_factors.pending",
    "SELECT secret FROM totp_factor WHERE user_id = %(user_id)s::bigint AND confirmed_at IS NULL",
    tables="totp_factor",
    scope="system",
)


def seal_of(secret_key: str) -> Seal:
    """What secrets of second factors are sealed with in this installation."""
    return Seal(secret_key, _PURPOSE)


def read_factors(user_id: int) -> Factors:
    """What a user has set up."""
    [[found]] = read(FACTORS(user_id=user_id))
    return found


def factors_of(plan: Plan, user_id: int) -> Factors:
    """The same inside a command."""
    plan.session.flush()
    [[found]] = plan.fetch(FACTORS(user_id=user_id))
    return found


def pending_secret(user_id: int, seal: Seal) -> str | None:
    """The secret that waits for its first code, to be shown to its person; None where none does."""
    [rows] = read(PENDING(user_id=user_id))
    try:
        return seal.open(rows[0][0], str(user_id)) if rows else None
    except Unsealable:
        return None


def provisioning_uri(secret: str, login: str, issuer: str) -> str:
    """What an authenticator application reads from the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=issuer)


# setting up -----------------------------------------------------------------------------------------------------------
@for_anybody
def begin_totp(plan: Plan, seal: Seal) -> dict[str, Any]:
    """Makes a new secret for the actor, which counts for nothing before its first code. Raises `factor_exists`."""
    user = _actor(plan)
    found = plan.session.scalars(select(TotpFactor).where(TotpFactor.user_id == user.id).with_for_update()).first()
    if found is not None and found.confirmed_at is not None:
        raise DomainError("factor_exists")
    secret = seal.close(pyotp.random_base32(), str(user.id))
    if found is None:
        plan.session.add(TotpFactor(user_id=user.id, secret=secret, created_at=plan.now))
    else:
        found.secret, found.created_at = secret, plan.now
    return {"user_id": user.id}


@for_anybody
def confirm_totp(plan: Plan, code: str, seal: Seal) -> dict[str, Any]:
    """Takes the first code; from now on one is asked for at sign-in. A wrong one is counted: `{"failed": …}`."""
    user = _actor(plan)
    attempts = Attempts(plan, user, plan.context.address)
    if refused := attempts.delay():
        return refused
    found = plan.session.scalars(select(TotpFactor).where(TotpFactor.user_id == user.id).with_for_update()).first()
    if found is None or found.confirmed_at is not None:
        raise DomainError("factor_exists" if found else "factor_not_begun")
    step = _step_of(plan, found, _digits(code), seal)
    if step is None:
        return attempts.failed("code_wrong")
    found.confirmed_at, found.last_step = plan.now, step
    note_factor(plan, user, "factor_added", factor="totp")
    return {"user_id": user.id}


@for_anybody
def remove_totp(plan: Plan) -> dict[str, Any]:
    """Takes the actor's authenticator away. Raises NotFound where there is none."""
    user = _actor(plan)
    gone = delete(TotpFactor).where(TotpFactor.user_id == user.id).returning(TotpFactor.id)
    if plan.session.execute(gone).first() is None:
        raise NotFound("factor")
    forget_codes_without_factor(plan, user)
    note_factor(plan, user, "factor_removed", factor="totp")
    return {"user_id": user.id}


def new_recovery_codes() -> list[str]:
    """Ten codes of 80 random bits, to be shown once."""
    return [_recovery_code() for _ in range(RECOVERY_CODES)]


def recovery_hash(code: str) -> str:
    """What is kept of a recovery code."""
    return digest(_plain(code))


@for_anybody
def keep_recovery_codes(plan: Plan, hashes: Sequence[str]) -> dict[str, Any]:
    """Keeps new codes of the actor; the old ones are dead. Who shows them keeps the codes themselves, so that no stored
    answer holds them. Raises `no_second_factor` where there is nothing they could stand in for."""
    user = _actor(plan)
    if not factors_of(plan, user.id).any:
        raise DomainError("no_second_factor")
    plan.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    for code_hash in hashes:
        plan.session.add(RecoveryCode(user_id=user.id, code_hash=code_hash, created_at=plan.now))
    record(plan, "user.recovery_codes_made", "app_user", user.id, label=user.login)
    return {"user_id": user.id, "codes": len(hashes)}


@needs("users.manage")
def reset_factors(plan: Plan, user_id: int) -> dict[str, Any]:
    """Takes all second factors of a user away, for one who has lost them; he is told. Raises NotFound."""
    user = plan.session.get(User, user_id, with_for_update=True, populate_existing=True)
    if user is None:
        raise NotFound("user", user_id)
    if not factors_of(plan, user_id).any:
        raise DomainError("no_second_factor")
    for model in (TotpFactor, Passkey, RecoveryCode):
        plan.session.execute(delete(model).where(model.user_id == user_id))
    halves = update(HalfSignIn).where(HalfSignIn.user_id == user_id, HalfSignIn.ended_at.is_(None))
    plan.session.execute(halves.values(ended_at=plan.now))
    note_factor(plan, user, "factors_reset", by=plan.actor.name)
    return {"id": user.id, "name": user.name}


# showing one ----------------------------------------------------------------------------------------------------------
def take_code(plan: Plan, user: User, code: str, seal: Seal) -> str | None:
    """Takes a code of the authenticator or a recovery code, once; answers which it was, None for a wrong one. The
    user's row is locked by the caller, so that one code at two places at once opens one of them."""
    digits = _digits(code)
    if len(digits) == 6 and digits.isdigit():
        of_user = (TotpFactor.user_id == user.id) & TotpFactor.confirmed_at.is_not(None)
        found = plan.session.scalars(select(TotpFactor).where(of_user).with_for_update()).first()
        step = _step_of(plan, found, digits, seal) if found is not None else None
        if found is not None and step is not None:
            found.last_step = step
            return "totp"
        return None
    return "recovery" if _take_recovery_code(plan, user, code) else None


def _step_of(plan: Plan, factor: TotpFactor, digits: str, seal: Seal) -> int | None:
    """The thirty seconds a code belongs to, when it is right and later than the last one taken."""
    try:
        totp = pyotp.TOTP(seal.open(factor.secret, str(factor.user_id)))
    except Unsealable:
        return None
    now = int(plan.now.timestamp()) // STEP_SECONDS
    for step in range(now - STEPS_BESIDE, now + STEPS_BESIDE + 1):
        is_right = hmac.compare_digest(totp.generate_otp(step).encode(), digits.encode())
        if is_right and (factor.last_step is None or step > factor.last_step):
            return step
    return None


def _take_recovery_code(plan: Plan, user: User, code: str) -> bool:
    of_code = (RecoveryCode.user_id == user.id) & (RecoveryCode.code_hash == recovery_hash(code))
    unused = select(RecoveryCode).where(of_code, RecoveryCode.used_at.is_(None))
    found = plan.session.scalars(unused.with_for_update()).first()
    if found is None:
        return False
    found.used_at = plan.now
    plan.session.flush()
    mine = (RecoveryCode.user_id == user.id) & RecoveryCode.used_at.is_(None)
    left = plan.session.scalar(select(func.count()).select_from(RecoveryCode).where(mine))
    record(plan, "user.recovery_code_used", "app_user", user.id, label=user.login, changes={"left": left})
    tell(plan, user.id, "recovery_code_used", left=left, address=plan.context.address)
    return True


def forget_codes_without_factor(plan: Plan, user: User) -> None:
    """Recovery codes go with the last factor."""
    if not factors_of(plan, user.id).any:
        plan.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))


def note_factor(plan: Plan, user: User, kind: str, **data: Any) -> None:
    """Records a change of second factors, tells its person, and lets the tokens of his sessions change."""
    record(plan, f"user.{kind}", "app_user", user.id, label=user.login, changes=data)
    tell(plan, user.id, kind, **data)
    rotate_sessions(plan, [user.id])


def tell(plan: Plan, user_id: int, kind: str, **data: Any) -> None:
    """A notice to somebody about his own account, and the fact for whoever else would bring it to him."""
    notify(plan, kind, [user_id], **data)
    emit(plan, kind, user_id=user_id, **data)


def _actor(plan: Plan) -> User:
    user = plan.session.get(User, plan.actor.user_id, with_for_update=True, populate_existing=True)
    if user is None:
        raise NotFound("user", plan.actor.user_id)
    return user


def _digits(code: str) -> str:
    return "".join(unicodedata.normalize("NFKC", code).split())[:64]


def _plain(code: str) -> str:
    kept = "".join(sign for sign in unicodedata.normalize("NFKC", code[:200]).upper() if sign.isalnum())
    return kept.translate(_LOOK_ALIKES)


def _recovery_code() -> str:
    letters = "".join(secrets.choice(_LETTERS) for _ in range(16))
    return "-".join(letters[at : at + 4] for at in range(0, 16, 4))
