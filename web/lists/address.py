"""What every list page reads from its address: order, cursor, search, filters."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from urllib.parse import quote, urlencode

from flask import request, url_for

from core.columns import read_id
from core.queries.paging import Window


def window_of(orders: Iterable[str], default: str) -> Window:
    """Order and cursor of the address; an order the list does not know is the default."""
    wished = request.args.get("sort", default)
    sort = wished if wished.removeprefix("-") in set(orders) else default
    return Window(sort, request.args.get("after"), request.args.get("before"))


def text_of(name: str) -> str:
    """A text of the address, at most 200 characters."""
    return request.args.get(name, "").strip()[:200]


def choice_of(name: str, choices: Collection[str], default: str = "") -> str:
    """One of the choices as the address names it; the default where it names none of them."""
    text = request.args.get(name, default)
    return text if text in choices else default


def id_of(name: str) -> int | None:
    """An id of the address; anything else is none."""
    return read_id(request.args.get(name))


def day_of(name: str) -> date | None:
    """A day of the address; anything else is none."""
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


def here_with(**changes: str | None) -> str:
    """The address of this page with some parameters changed; None takes one away.

    The parameters are written by hand: `url_for` has arguments of its own, which an address must not reach.
    """
    return with_parameters(
        request.path, request.args.to_dict(flat=False) | {name: [text] for name, text in changes.items()}
    )


def with_parameters(path: str, values: Mapping[str, Sequence[str | None]]) -> str:
    """A path of this site with these parameters."""
    pairs = [(name, text) for name, texts in values.items() for text in texts if text is not None]
    return f"{quote(path)}?{urlencode(pairs)}" if pairs else quote(path)


def export_address(list_name: str) -> str:
    """Where the list is exported that this page shows, with what its address asks for."""
    return with_parameters(url_for("exports.create", list_name=list_name), request.args.to_dict(flat=False))
