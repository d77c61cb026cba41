"""Passkeys (WebAuthn): key pairs on people's devices. Verified by the `webauthn` library; what is kept of a challenge
and of a key is ours.

A challenge is asked once: it is used up with the first answer, right or wrong, and lasts for minutes. An answer must be
for this site's name and address, and from a key whose counter has gone on.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

import structlog
from sqlalchemy import delete, func, select
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, generate_challenge, options_to_json_dict
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from core.columns import check_texts
from core.credentials import Passkey, PasskeyChallenge
from core.errors import DomainError, FieldErrors, NotFound
from core.needs import for_anybody
from core.normalise import clean
from core.organization import User
from core.plan import Plan
from core.queries.reading import read
from core.second_factors import forget_codes_without_factor, note_factor
from core.sessions import digest, new_token
from core.statements import statement

CHALLENGE_LASTS = timedelta(minutes=5)
MOST_PASSKEYS = 20
Purpose = Literal["register", "sign_in", "second", "prove"]
logger = structlog.get_logger()


class RelyingParty(NamedTuple):
    """This installation as browsers see it: its host name, the address it is opened at, what people call it."""

    id: str
    origin: str
    name: str


class PasskeyRecord(NamedTuple):
    """A passkey as its person sees it."""

    id: int
    name: str
    created_at: datetime
    last_used_at: datetime | None


PASSKEYS = statement(
    "passkeys.of_user",
    "SELECT id, name, created_at, last_used_at FROM passkey WHERE user_id = %(user_id)s::bigint ORDER BY id",
    tables="passkey",
    scope="system",
    fact=PasskeyRecord,
)


def list_passkeys(user_id: int) -> list[PasskeyRecord]:
    """The passkeys of a user, in the order in which they were added."""
    [rows] = read(PASSKEYS(user_id=user_id))
    return rows


@for_anybody
def ask(
    plan: Plan, purpose: Purpose, party: RelyingParty, *, user_id: int | None, handle: bytes = b""
) -> dict[str, Any]:
    """Keeps a new challenge and answers what the browser must be told: `options`, and the `token` by which its answer
    finds the challenge again. `handle` stands for the user on a device, for `register`. Raises `too_many_passkeys`."""
    plan.session.execute(delete(PasskeyChallenge).where(PasskeyChallenge.expires_at < plan.now))
    challenge, token = generate_challenge(), new_token()
    plan.session.add(
        PasskeyChallenge(
            token_hash=digest(token),
            purpose=purpose,
            user_id=user_id,
            challenge=challenge,
            expires_at=plan.now + CHALLENGE_LASTS,
        )
    )
    own = _credentials(plan, user_id) if user_id is not None else []
    if purpose == "register":
        options = _registration(plan, party, challenge, handle, own)
    else:
        options = options_to_json_dict(
            generate_authentication_options(
                rp_id=party.id,
                challenge=challenge,
                allow_credentials=own or None,
                user_verification=UserVerificationRequirement.REQUIRED,
            )
        )
    return {"token": token, "options": options}


def _registration(
    plan: Plan, party: RelyingParty, challenge: bytes, handle: bytes, own: list[PublicKeyCredentialDescriptor]
) -> dict[str, Any]:
    if len(own) >= MOST_PASSKEYS:
        raise DomainError("too_many_passkeys", limit=MOST_PASSKEYS)
    options = generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_id=handle,
        user_name=plan.actor.login,
        user_display_name=plan.actor.name,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=own,
    )
    return options_to_json_dict(options)


def _credentials(plan: Plan, user_id: int) -> list[PublicKeyCredentialDescriptor]:
    ids = plan.session.scalars(select(Passkey.credential_id).where(Passkey.user_id == user_id).order_by(Passkey.id))
    return [PublicKeyCredentialDescriptor(id=each) for each in ids]


@for_anybody
def register(plan: Plan, name: str | None, challenge: str, attestation: Any, party: RelyingParty) -> dict[str, Any]:
    """Keeps a new passkey of the actor; `{"failed": …}` for an answer that does not hold. Raises InvalidInput."""
    errors = FieldErrors()
    name = clean(name)
    if not name:
        errors.add("name", "required")
    check_texts(errors, Passkey, {"name": name})
    errors.raise_if_any()
    user = plan.session.get(User, plan.actor.user_id, with_for_update=True)
    if user is None:
        raise NotFound("user", plan.actor.user_id)
    expected = _take_challenge(plan, "register", challenge, user.id)
    verified = _verified(
        verify_registration_response,
        credential=attestation,
        expected_challenge=expected,
        expected_rp_id=party.id,
        expected_origin=party.origin,
        require_user_verification=True,
    )
    if verified is None:
        return {"failed": "passkey_refused"}
    known = select(func.count()).select_from(Passkey).where(Passkey.credential_id == verified.credential_id)
    if plan.session.scalar(known):
        return {"failed": "passkey_known"}
    passkey = Passkey(
        user_id=user.id,
        name=name,
        credential_id=verified.credential_id,
        public_key=verified.credential_public_key,
        sign_count=verified.sign_count,
        created_at=plan.now,
    )
    plan.session.add(passkey)
    plan.session.flush()
    note_factor(plan, user, "factor_added", factor="passkey", name=name)
    return {"id": passkey.id, "name": passkey.name}


@for_anybody
def remove_passkey(plan: Plan, passkey_id: int) -> dict[str, Any]:
    """Takes one of the actor's passkeys away. Raises NotFound where it is none of his."""
    user = plan.session.get(User, plan.actor.user_id, with_for_update=True)
    of_user = (Passkey.id == passkey_id) & (Passkey.user_id == plan.actor.user_id)
    found = plan.session.scalars(select(Passkey).where(of_user).with_for_update()).first()
    if found is None or user is None:
        raise NotFound("passkey", passkey_id)
    plan.session.delete(found)
    plan.session.flush()
    forget_codes_without_factor(plan, user)
    note_factor(plan, user, "factor_removed", factor="passkey", name=found.name)
    return {"id": found.id, "name": found.name}


def take_assertion(
    plan: Plan, purpose: Purpose, challenge: str, assertion: Any, party: RelyingParty, *, user_id: int | None = None
) -> Passkey | None:
    """The passkey that has signed the challenge, its counter moved on; None for anything that does not hold. With
    `user_id` it must be one of his."""
    expected = _take_challenge(plan, purpose, challenge, user_id)
    credential_id = _credential_id(assertion)
    if expected is None or credential_id is None:
        return None
    of_id = select(Passkey).where(Passkey.credential_id == credential_id).with_for_update()
    passkey = plan.session.scalars(of_id).first()
    if passkey is None or (user_id is not None and passkey.user_id != user_id):
        return None
    verified = _verified(
        verify_authentication_response,
        credential=assertion,
        expected_challenge=expected,
        expected_rp_id=party.id,
        expected_origin=party.origin,
        credential_public_key=passkey.public_key,
        credential_current_sign_count=passkey.sign_count,
        require_user_verification=True,
    )
    if verified is None:
        return None
    passkey.sign_count, passkey.last_used_at = verified.new_sign_count, plan.now
    return passkey


def _take_challenge(plan: Plan, purpose: Purpose, token: str, user_id: int | None) -> bytes | None:
    """Uses a challenge up; None where it is none of this purpose and person, or too old."""
    of_token = (PasskeyChallenge.token_hash == digest(token)) & (PasskeyChallenge.purpose == purpose)
    row = plan.session.scalars(select(PasskeyChallenge).where(of_token).with_for_update()).first()
    if row is None:
        return None
    plan.session.delete(row)
    plan.session.flush()
    return row.challenge if row.user_id == user_id and row.expires_at > plan.now else None


def _credential_id(assertion: Any) -> bytes | None:
    raw = assertion.get("rawId") if isinstance(assertion, dict) else None
    try:
        return base64url_to_bytes(raw) if isinstance(raw, str) and len(raw) <= 2000 else None
    except ValueError:
        return None


def _verified(verify: Any, *, expected_challenge: bytes | None, **expected: Any) -> Any:
    """What the library found, or None. Whatever it raises over an answer from outside is a refusal, and logged."""
    if expected_challenge is None or not isinstance(expected.get("credential"), dict):
        return None
    try:
        return verify(expected_challenge=expected_challenge, **expected)
    except Exception as error:  # parsers of foreign bytes fail in many ways, all of which mean no
        logger.info("passkey_refused", cause=type(error).__name__, why=str(error)[:200])
        return None
