"""What a page's script and the server say to each other about passkeys: options out, signed answers in, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import current_app, jsonify, request
from werkzeug.wrappers import Response

from core.command import run
from core.context import Context
from core.passkeys import Purpose, RelyingParty, ask
from core.second_factors import seal_of
from web.sentences import sentence
from web.sign_in import session

LARGEST_ANSWER_BYTES: Final = 64 * 1024
PRODUCT: Final = "账房 Countinghouse"


def relying_party() -> RelyingParty:
    """This installation as the browser has opened it. An answer for any other host or scheme is refused; a key never
    signs for a host other than the one it was made for, so that a false Host header opens nothing."""
    return RelyingParty(request.host.rsplit(":", 1)[0], f"{request.scheme}://{request.host}", PRODUCT)


def handle_of(user_id: int) -> bytes:
    """What stands for a user on his devices: it names nobody."""
    return seal_of(current_app.config["SECRET_KEY"]).mark(f"passkeys of {user_id}")


def offer(purpose: Purpose, context: Context, user_id: int | None) -> Response:
    """A new challenge as the script needs it; the browser's own cookie keeps what finds it again."""
    handle = handle_of(user_id) if purpose == "register" and user_id is not None else b""
    asked = run(ask, purpose, relying_party(), user_id=user_id, handle=handle, context=context).data
    session.keep_challenge(asked["token"])
    return jsonify(asked["options"])


def answered() -> dict[str, Any]:
    """What the script sent: an object, empty where it is none of ours."""
    request.max_content_length = LARGEST_ANSWER_BYTES
    given = request.get_json(silent=True)
    return given if isinstance(given, dict) else {}


def text_in(given: Mapping[str, Any], name: str) -> str:
    """A text of the script's answer, empty where it is none, or one that could not be stored."""
    text = given.get(name)
    return text.replace("\0", "\ufffd") if isinstance(text, str) else ""


def go_on(address: str) -> Response:
    """Where the script goes next."""
    return jsonify({"next": address})


def refused(answer: Mapping[str, Any], status: int = 422) -> Response:
    """What the script says under its button."""
    response = jsonify({"error": sentence(str(answer["failed"]), answer)})
    response.status_code = status
    return response
