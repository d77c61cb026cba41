"""The stream that tells an open page of what came for its reader, where this process has room for one.

The server is WSGI: each open answer holds one of its few threads, so most pages could never have a stream of their own.
Chosen: at most `MOST_STREAMS` of a process's threads at a time are given to streams, each for less than half a minute,
after which the browser comes again and its session is looked at anew; whoever finds no room is answered 204 at once,
and asks now and then instead (`/notifications/count`, one index of one table). So no number of open pages takes the
threads that answer pages. A process of its own for streams would hold thousands, but at another port or behind a proxy:
another origin to allow and another thing to set up, for news that may come a minute later.

A stream holds no connection of the pool: one connection of the process listens for all (`core.listening`), and the
number of unread notices is read when something came.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from time import monotonic
from typing import Final

from flask import Response, g
from flask.typing import ResponseReturnValue

from core.listening import Bell
from core.queries.notices import unread_count
from web.notices import area
from web.permissions import SIGNED_IN

MOST_STREAMS: Final = 1
LASTS_SECONDS: Final = 25.0
BREATH_SECONDS: Final = 3.0
RETRY_MILLISECONDS: Final = 2_000
bell = Bell(MOST_STREAMS)


@area.route("/stream", permission=SIGNED_IN)
def stream() -> ResponseReturnValue:
    """Server-sent events of how many notices are unread; 204 where there is no room."""
    user_id = int(g.actor.user_id)
    held = ExitStack()
    if not held.enter_context(bell.place(user_id)):
        held.close()
        return Response(status=204)
    answer = Response(_events(user_id), content_type="text/event-stream")
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Accel-Buffering"] = "no"
    answer.call_on_close(held.close)
    return answer


def _events(user_id: int) -> Iterator[str]:
    """The number now, and again whenever something came; a line of comment meanwhile shows whether anybody listens."""
    end = monotonic() + LASTS_SECONDS
    heard = bell.heard(user_id)
    yield f"retry: {RETRY_MILLISECONDS}\nevent: unread\ndata: {unread_count(user_id)}\n\n"
    while (left := end - monotonic()) > 0 and not bell.is_broken:
        now = bell.wait(user_id, heard, min(left, BREATH_SECONDS))
        if now != heard:
            heard = now
            yield f"event: unread\ndata: {unread_count(user_id)}\n\n"
        else:
            yield ": \n\n"
