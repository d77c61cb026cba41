"""Sign in with a provider of OpenID Connect: off to it, and back.

State, nonce and verifier stand in the browser's own signed cookie, so that only the browser that went can come back; a
state is answered once, whatever cookies are kept. Going writes nothing; who comes back is found by `core.oidc`.
"""

from __future__ import annotations

from dataclasses import asdict
from hmac import compare_digest
from typing import Any

import structlog
from flask import flash, request, session, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug.utils import redirect

from core import clock, mail, sealing
from core import database as db
from core.command import run
from core.errors import DomainError, NotFound
from core.oidc import ANSWER_WITHIN, SECRET, sign_in_with_claims, take_state
from core.oidc_client import Attempt, Client, OidcError, authorization_address, read_claims
from core.oidc_models import OidcProvider
from web.http import safe_target, see_other
from web.limits import SIGN_IN
from web.permissions import PUBLIC
from web.sentences import sentence
from web.sign_in import area
from web.sign_in.session import begin, begin_half
from web.sign_in.views import browser, stranger

KEPT = "oidc"
LONGEST_CODE = 4000
logger = structlog.get_logger()


@area.route("/with/<int:provider_id>", permission=PUBLIC, limit=SIGN_IN)
def oidc_start(provider_id: int) -> ResponseReturnValue:
    """Off to the provider."""
    provider = _provider(provider_id)
    attempt = Attempt.fresh()
    try:
        address = authorization_address(_client(provider), attempt)
    except OidcError as error:
        return _refuse(provider.name, error.code, error.reason)
    target = safe_target(request.args.get("next"))
    session[KEPT] = {**asdict(attempt), "provider": provider_id, "next": target, "at": clock.now().timestamp()}
    return redirect(address, 303)


@area.route("/with/<int:provider_id>/back", permission=PUBLIC, limit=SIGN_IN)
def oidc_callback(provider_id: int) -> ResponseReturnValue:
    """Back from the provider: in, or on the sign-in page with what went wrong."""
    kept = session.pop(KEPT, None)
    provider = _provider(provider_id)
    state, code = request.args.get("state", ""), request.args.get("code", "")
    if not _is_answer_to(kept, provider_id, state):
        return _refuse(provider.name, "oidc_state")
    if not code or len(code) > LONGEST_CODE:
        return _refuse(provider.name, "oidc_cancelled", request.args.get("error", "")[:80])
    if request.args.get("iss", provider.issuer) != provider.issuer:
        return _refuse(provider.name, "oidc_refused", "another issuer answered")
    context = stranger()
    try:
        run(take_state, state, context=context)
        attempt = Attempt(kept["state"], kept["nonce"], kept["verifier"])
        claims = read_claims(_client(provider), attempt, code)
        answer = run(
            sign_in_with_claims,
            provider_id,
            claims,
            context=context,
            **browser(),
        ).data
    except OidcError as error:
        return _refuse(provider.name, error.code, error.reason)
    except DomainError as error:
        return _refuse(provider.name, error.code)
    target = safe_target(kept["next"])
    if "half" in answer:
        begin_half(answer["half"], target)
        return see_other("sign_in.second")
    begin(answer["token"])
    return redirect(target, 303)


def _is_answer_to(kept: Any, provider_id: int, state: str) -> bool:
    """Whether this browser went to this provider with this state, and not too long ago."""
    if not isinstance(kept, dict) or kept.get("provider") != provider_id:
        return False
    age = clock.now().timestamp() - float(kept.get("at") or 0)
    return compare_digest(str(kept.get("state")).encode(), state.encode()) and age < ANSWER_WITHIN.total_seconds()


def _provider(provider_id: int) -> OidcProvider:
    """A provider people may sign in with. Raises NotFound."""
    with db.current().session() as reading:
        found = reading.get(OidcProvider, provider_id)
    if found is None or not found.is_active or mail.current().public_url is None:
        raise NotFound("oidc_provider", provider_id)
    return found


def _client(provider: OidcProvider) -> Client:
    back = (mail.current().public_url or "") + url_for("sign_in.oidc_callback", provider_id=provider.id)
    try:
        secret = sealing.unseal(provider.secret, SECRET) if provider.secret else None
    except sealing.Unsealable as error:
        raise OidcError("oidc_unreachable", "the client's secret cannot be opened with this SECRET_KEY") from error
    return Client(provider.issuer, provider.client_id, secret, provider.may_be_internal, back)


def _refuse(provider: str, code: str, reason: str = "") -> ResponseReturnValue:
    logger.warning("oidc_refused", provider=provider, code=code, reason=reason)
    flash(sentence(code, {"provider": provider}), "bad")
    return see_other("sign_in.form")


@area.app_template_global("sign_in_providers")
def offered_providers() -> list[tuple[int, str]]:
    """Id and name of what the sign-in page offers beside the password."""
    if mail.current().public_url is None:
        return []
    with db.current().session() as reading:
        offered = select(OidcProvider.id, OidcProvider.name).where(OidcProvider.is_active).order_by(OidcProvider.name)
        return [(row.id, row.name) for row in reading.execute(offered)]
