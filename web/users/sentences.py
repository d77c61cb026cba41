"""Why something about people and the tree they belong to was refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from web.sentences import sentence_for


@sentence_for("unit_cycle")
def _unit_cycle(data: Mapping[str, Any]) -> str:
    return _("%(parent)s lies below %(unit)s. Move it out first.", parent=data["parent"], unit=data["unit"])


@sentence_for("org_unit_unknown")
def _org_unit_unknown(data: Mapping[str, Any]) -> str:
    return _("This region or team is gone. Choose another.")


@sentence_for("region_below_team")
def _region_below_team(data: Mapping[str, Any]) -> str:
    return _("A region cannot lie below the team %(parent)s. Choose the company or a region.", parent=data["parent"])


@sentence_for("one_reader")
def _one_reader(data: Mapping[str, Any]) -> str:
    return _("Name a person, or a region or team: one of them.")


@sentence_for("viewing_as")
def _viewing_as(data: Mapping[str, Any]) -> str:
    return _("You are looking as %(name)s, and only reading. Stop looking first.", name=data["name"])


@sentence_for("view_as_self")
def _view_as_self(data: Mapping[str, Any]) -> str:
    return _("This is you. Choose somebody else to look as.")


@sentence_for("view_as_deactivated")
def _view_as_deactivated(data: Mapping[str, Any]) -> str:
    return _("%(name)s cannot sign in, so there is nothing to see as %(name)s.", name=data["name"])


@sentence_for("view_as_beyond")
def _view_as_beyond(data: Mapping[str, Any]) -> str:
    return _(
        "%(name)s may do or see what you may not. Only somebody who may do all of it can look as %(name)s.",
        name=data["name"],
    )


@sentence_for("view_as_not_here")
def _view_as_not_here(data: Mapping[str, Any]) -> str:
    return _("Looking as somebody else needs a browser that you signed in with.")
