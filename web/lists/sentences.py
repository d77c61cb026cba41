"""What lists, saved views and bulk work are refused for, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from web.sentences import sentence_for


@sentence_for("too_many_views")
def _too_many_views(data: Mapping[str, Any]) -> str:
    return _("You keep %(most)s views of this list already. Delete one you no longer use.", most=data["most"])


@sentence_for("may_not_share")
def _may_not_share(data: Mapping[str, Any]) -> str:
    return _("Only who may share views shows one to everybody. Keep it for yourself, or ask an administrator.")


@sentence_for("view_unknown")
def _view_unknown(data: Mapping[str, Any]) -> str:
    return _("There is no view “%(name)s” of this list.", name=data["name"])


@sentence_for("nothing_selected")
def _nothing_selected(data: Mapping[str, Any]) -> str:
    return _("Nothing was done: no row is selected. Tick the rows first, or take all of the list.")


@sentence_for("too_many_selected")
def _too_many_selected(data: Mapping[str, Any]) -> str:
    return _("Nothing was done: these are more than %(most)s rows. Narrow the list by its filters.", most=data["most"])


@sentence_for("not_undoable")
def _not_undoable(data: Mapping[str, Any]) -> str:
    return _("This cannot be taken back: it is under way, was taken back already, or has no way back.")


@sentence_for("never_planned")
def _never_planned(data: Mapping[str, Any]) -> str:
    return _("This was recorded as done and never planned, so there is nothing to take up again.")


@sentence_for("changed_since")
def _changed_since(data: Mapping[str, Any]) -> str:
    return _("Left as it is: somebody changed it meanwhile. Look at what stands there now, and change it again.")
