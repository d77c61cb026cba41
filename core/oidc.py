"""Sign-in with a provider: which providers there are, and which account a provider's answer belongs to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import delete, select

from core import sealing
from core.audit import record
from core.columns import check_texts
from core.errors import DomainError, FieldErrors, NotFound, PermissionDenied
from core.needs import for_the_system, needs
from core.normalise import clean
from core.oidc_models import OidcIdentity, OidcProvider, OidcState
from core.organization import Role, User
from core.plan import Plan
from core.sessions import digest
from core.sign_in import enter
from core.users import create_user

SECRET = "oidc client secret"  # noqa: S105 (what the key is for)
ANSWER_WITHIN = timedelta(minutes=10)
MOST_DOMAINS = 50
_DOMAIN = re.compile(r"(?=.{4,200}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])")
_FIELDS = ("name", "issuer", "client_id", "domains", "new_role", "may_be_internal", "is_active")


# providers ------------------------------------------------------------------------------------------------------------
@needs("company.write")
def save_provider(
    plan: Plan, values: Mapping[str, Any], *, provider_id: int | None = None, version: int | None = None
) -> dict[str, Any]:
    """Makes or changes a provider: name, issuer, client_id, secret, domains, new_role (a code, or none where it makes
    no accounts), may_be_internal, is_active. A secret that is not given stays; an empty one is taken away.

    Who says how people sign in may become anybody, so it takes `users.manage` too. Raises PermissionDenied, NotFound,
    `edit_conflict`, InvalidInput beside the fields.
    """
    if not plan.actor.may("users.manage"):
        raise PermissionDenied("users.manage")
    provider = _provider(plan, provider_id) if provider_id else OidcProvider(domains=[], is_active=True)
    if version is not None and provider_id and provider.version != version:
        raise DomainError("edit_conflict", version=provider.version)
    current = _provider_values(plan, provider)
    data = _checked_provider(plan, {**current, **{name: values[name] for name in _FIELDS if name in values}})
    for name, value in data.items():
        setattr(provider, name, value)
    if "secret" in values:
        given = values["secret"]
        provider.secret = sealing.seal(given, SECRET) if given else None
    plan.session.add(provider)
    plan.session.flush()
    return {"id": provider.id, **_provider_values(plan, provider), "version": provider.version}


def _provider(plan: Plan, provider_id: int) -> OidcProvider:
    found = plan.session.get(OidcProvider, provider_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound("oidc_provider", provider_id)
    return found


def _provider_values(plan: Plan, provider: OidcProvider) -> dict[str, Any]:
    role = plan.session.get(Role, provider.new_role_id) if provider.new_role_id else None
    names = ("name", "issuer", "client_id", "domains", "is_active")
    values = {name: getattr(provider, name) for name in names}
    return values | {"may_be_internal": bool(provider.may_be_internal), "new_role": role.code if role else None}


def _checked_provider(plan: Plan, values: Mapping[str, Any]) -> dict[str, Any]:
    errors = FieldErrors()
    data: dict[str, Any] = {name: clean(values.get(name)) for name in ("name", "issuer", "client_id")}
    for name in data:
        if not data[name]:
            errors.add(name, "required")
    check_texts(errors, OidcProvider, data)
    data["may_be_internal"] = bool(values.get("may_be_internal"))
    if data["issuer"] and not _is_issuer(data["issuer"], data["may_be_internal"]):
        errors.add("issuer", "not_an_issuer")
    data["domains"] = sorted({text.strip().lower() for text in values.get("domains") or () if text.strip()})
    wrong = next((domain for domain in data["domains"] if not _DOMAIN.fullmatch(domain)), None)
    if wrong is not None:
        errors.add("domains", "not_a_domain", text=wrong[:100])
    if len(data["domains"]) > MOST_DOMAINS:
        errors.add("domains", "too_many", limit=MOST_DOMAINS)
    data["new_role_id"] = None
    if values.get("new_role"):
        role = plan.session.execute(select(Role).where(Role.code == values["new_role"])).scalar_one_or_none()
        if role is None:
            errors.add("new_role", "role_unknown")
        elif not data["domains"]:
            errors.add("domains", "domains_needed")
        else:
            data["new_role_id"] = role.id
    data["is_active"] = values.get("is_active") is not False
    errors.raise_if_any()
    return data


def _is_issuer(text: str, may_be_internal: bool) -> bool:
    try:
        parts = urlsplit(text)
        schemes = ("https", "http") if may_be_internal else ("https",)
        whole = parts.scheme in schemes and bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        return False
    return whole and not parts.query and not parts.fragment and text.isascii() and " " not in text


@needs("company.write")
def unlink_identity(plan: Plan, provider_id: int, identity_id: int) -> dict[str, Any]:
    """Takes a person's link to a provider away; his account stays, and his next sign-in may link it anew. Raises
    NotFound, PermissionDenied."""
    if not plan.actor.may("users.manage"):
        raise PermissionDenied("users.manage")
    provider = _provider(plan, provider_id)
    identity = plan.session.get(OidcIdentity, identity_id)
    if identity is None or identity.issuer != provider.issuer:
        raise NotFound("oidc_identity", identity_id)
    user = plan.session.get_one(User, identity.user_id)
    plan.session.delete(identity)
    record(plan, "user.oidc_unlinked", "app_user", user.id, label=user.login, changes=_shown(identity))
    return {"id": identity_id, "email": identity.email}


# sign-in --------------------------------------------------------------------------------------------------------------
@for_the_system
def take_state(plan: Plan, state: str) -> dict[str, Any]:
    """Notes that a state was answered, before anything is done with the answer. Raises `oidc_state` for one that was
    answered before."""
    forgotten = delete(OidcState).where(OidcState.answered_at < plan.now - 2 * ANSWER_WITHIN)
    plan.session.execute(forgotten, execution_options={"synchronize_session": False})
    state_hash = digest(state)
    if plan.session.get(OidcState, state_hash) is not None:
        raise DomainError("oidc_state", http_status=422)
    plan.session.add(OidcState(state_hash=state_hash, answered_at=plan.now))
    plan.session.flush()
    return {}


@for_the_system
def sign_in_with_claims(
    plan: Plan,
    provider_id: int,
    claims: Mapping[str, Any],
    *,
    address: str | None,
    user_agent: str | None,
    replaces: str | None = None,
) -> dict[str, Any]:
    """Lets the account in that verified claims of a provider belong to: to the second factor where it has one here.

    By issuer and subject; else, once, by a verified e-mail that an active user has, or by a new account where the
    provider makes some. Raises NotFound, `oidc_inactive`, `oidc_email`, `oidc_domain`, `oidc_no_account`,
    `oidc_linked_otherwise`.
    """
    provider = plan.session.get(OidcProvider, provider_id, with_for_update={"read": True}, populate_existing=True)
    if provider is None:
        raise NotFound("oidc_provider", provider_id)
    if not provider.is_active:
        raise DomainError("oidc_inactive", http_status=422, provider=provider.name)
    email = _verified_email(claims)
    if provider.domains and (email is None or email.rpartition("@")[2] not in provider.domains):
        raise DomainError("oidc_domain" if email else "oidc_email", http_status=422)
    subject = str(claims["sub"])
    linked = select(OidcIdentity).where(OidcIdentity.issuer == provider.issuer, OidcIdentity.subject == subject)
    identity = plan.session.execute(linked.with_for_update()).scalar_one_or_none()
    if identity is None:
        identity = _link(plan, provider, subject, email, claims)
    user = plan.session.get_one(User, identity.user_id, with_for_update=True, populate_existing=True)
    if not user.is_active:
        raise DomainError("oidc_no_account", http_status=422)
    identity.last_used_at = plan.now
    return enter(plan, user, address=address, user_agent=user_agent, replaces=replaces)


def _verified_email(claims: Mapping[str, Any]) -> str | None:
    """The e-mail, where the provider says outright that it was verified: a true, not a word for it."""
    email = claims.get("email")
    if claims.get("email_verified") is not True or not isinstance(email, str) or len(email) > 200:
        return None
    try:
        return validate_email(email, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return None


def _link(
    plan: Plan, provider: OidcProvider, subject: str, email: str | None, claims: Mapping[str, Any]
) -> OidcIdentity:
    """Links the subject to the account that has its e-mail, on record."""
    if email is None:
        raise DomainError("oidc_email", http_status=422)
    user = plan.session.execute(select(User).where(User.email == email).with_for_update()).scalar_one_or_none()
    if user is None and provider.new_role_id:
        user = _new_user(plan, provider, email, claims)
    if user is None or not user.is_active:
        raise DomainError("oidc_no_account", http_status=422)
    other = select(OidcIdentity.id).where(OidcIdentity.user_id == user.id, OidcIdentity.issuer == provider.issuer)
    if plan.session.execute(other).first() is not None:
        # The address may have passed to another person since; an administrator unlinks the old one.
        raise DomainError("oidc_linked_otherwise", http_status=422)
    identity = OidcIdentity(issuer=provider.issuer, subject=subject, user_id=user.id, email=email, linked_at=plan.now)
    plan.session.add(identity)
    plan.session.flush()
    record(plan, "user.oidc_linked", "app_user", user.id, label=user.login, changes=_shown(identity))
    return identity


def _new_user(plan: Plan, provider: OidcProvider, email: str, claims: Mapping[str, Any]) -> User:
    role = plan.session.get_one(Role, provider.new_role_id)
    said = claims.get("name")
    name = (clean(said) if isinstance(said, str) else None) or email.partition("@")[0]
    given = {"login": email[:80], "name": " ".join(name.split())[:120], "email": email, "roles": [role.code]}
    given["language"] = "zh" if str(claims.get("locale") or "zh").lower().startswith("zh") else "en"
    return plan.session.get_one(User, create_user(plan, given, invited=True)["id"])


def _shown(identity: OidcIdentity) -> dict[str, Any]:
    return {"issuer": identity.issuer, "subject": identity.subject, "email": identity.email}
