"""A comment's text on a page: what people typed, as it is, with those it calls upon by their names."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from core.talk.mentions import parts


def said(text: str, names: Mapping[str, str]) -> Markup:
    """Everything escaped; calls stand in marks of their own with the person's name."""
    shown = Markup("")
    for piece, login in parts(text, names):
        shown += piece if login is None else Markup('<b class="call" title="@{}">@{}</b>').format(login, names[login])
    return shown
