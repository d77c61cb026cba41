"""Who a request comes from: the token in a cookie of its own, looked up as a session row. Ending the row signs out.

The token has 256 random bits, so that it needs no signature. It has a cookie of its own so that it is sent when it
changes and at no other time: an answer that was under way when it changed cannot bring the old one back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from flask import Request, after_this_request, g, request, session
from werkzeug.wrappers import Response

from core import clock, sessions
from core.command import Result, run
from core.context import Actor, Context
from crm.queries.work import WORK
from web.http import run_command

LONGEST_TOKEN: Final = 100
# What pages ask while nobody touches them.
BY_ITSELF: Final = frozenset({"notices.count", "notices.stream"})
_HALF: Final = "half"
_NEXT: Final = "next"
_CHALLENGE: Final = "challenge"


def cookie_name(request: Request) -> str:
    """By https the browser itself holds the cookie to this host, and to https (`__Host-`)."""
    return "__Host-sign-in" if request.is_secure else "sign-in"


def load_actor(request: Request) -> Actor | None:
    """The signed-in actor, or None: one round trip, which for a page to look at brings the side bar's numbers too."""
    token = current_token()
    if token is None:
        return None
    is_page = _is_page(request)
    beside = [WORK(token_hash=sessions.digest(token))] if is_page else []
    found = sessions.load_session(
        token, clock.now(), *beside, may_rotate=is_page, is_use=request.endpoint not in BY_ITSELF
    )
    if found is None:
        return None
    if found.new_token:
        keep(found.new_token)
    if found.others:
        g.work = found.others[0][0]
    return found.actor


def _is_page(request: Request) -> bool:
    """Whether a browser goes to a page: scripts that look something up, and programs, accept anything."""
    return request.method == "GET" and "text/html" in request.headers.get("Accept", "")


def begin(token: str) -> None:
    """Start a fresh browser session around this token: nothing from before sign-in survives."""
    session.clear()
    keep(token)


def keep(token: str) -> None:
    """Send the token of the session, new or changed, with this request's answer."""
    name, secure = cookie_name(request), request.is_secure

    @after_this_request
    def send(response: Response) -> Response:
        response.set_cookie(name, token, httponly=True, samesite="Lax", secure=secure, path="/")
        return response


def current_token() -> str | None:
    """The token of this request."""
    token = request.cookies.get(cookie_name(request), "")
    return token if 0 < len(token) <= LONGEST_TOKEN and token.isascii() and token.isprintable() else None


def end() -> None:
    """Forget everything this browser was given."""
    session.clear()
    name, secure = cookie_name(request), request.is_secure

    @after_this_request
    def forget(response: Response) -> Response:
        response.delete_cookie(name, httponly=True, samesite="Lax", secure=secure, path="/")
        return response


# between password and second factor -----------------------------------------------------------------------------------
def begin_half(half: str, target: str) -> None:
    """Remember the first step, and where to go after the second."""
    session.clear()
    session[_HALF], session[_NEXT] = half, target


def current_half() -> str | None:
    """What the first step gave this browser."""
    half = session.get(_HALF)
    return half if isinstance(half, str) else None


def forget_half() -> None:
    """The first step is over."""
    session.pop(_HALF, None)
    session.pop(_NEXT, None)


def half_target() -> str:
    """Where to go after the second step."""
    target = session.get(_NEXT)
    return target if isinstance(target, str) else "/"


def keep_challenge(token: str) -> None:
    """Remember by which token the answer to a passkey's challenge finds it."""
    session[_CHALLENGE] = token


def take_challenge() -> str:
    """That token, once."""
    token = session.pop(_CHALLENGE, "")
    return token if isinstance(token, str) else ""


# proofs ---------------------------------------------------------------------------------------------------------------
def session_id() -> int | None:
    """The session of this request; None where who acts has none."""
    found = getattr(g.actor, "preferences", None)
    return found.credential_id if isinstance(found, sessions.SignedIn) else None


def is_proven() -> bool:
    """Whether who is signed in has shown lately that it is still he; by the old token of a change under way, nobody."""
    found = getattr(g.actor, "preferences", None)
    proved_at = found.proved_at if isinstance(found, sessions.SignedIn) and found.by_current_token else None
    return proved_at is not None and clock.now() - proved_at < sessions.PROOF_LASTS


def run_renewing(command: Callable[..., Any], /, *arguments: Any, **named: Any) -> Result:
    """Run a command that gives this session a new token (`session_id`, `token_hash`), and send it. Raises DomainError.

    The token is made here and only its hash goes in, so that no stored answer holds it.
    """
    token = sessions.new_token()
    result = run_command(command, *arguments, session_id=session_id(), token_hash=sessions.digest(token), **named)
    if "failed" not in result.data and not result.replayed and session_id() is not None:
        keep(token)
    return result


def script_context() -> Context:
    """Who asks by a page's script. Without a key: a challenge makes each call another one, and good for once."""
    return Context(
        actor=g.actor,
        route=f"{request.method} {request.endpoint} {request.path}",
        address=request.remote_addr,
        request_id=g.request_id,
    )


def run_scripted(command: Callable[..., Any], /, *arguments: Any) -> dict[str, Any]:
    """`run_renewing` for what a script asks."""
    token, mine = sessions.new_token(), session_id()
    token_hash = sessions.digest(token)
    result = run(command, *arguments, context=script_context(), session_id=mine, token_hash=token_hash)
    answer: dict[str, Any] = result.data
    if "failed" not in answer and mine is not None:
        keep(token)
    return answer
