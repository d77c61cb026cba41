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


@sentence_for("user_has_open_work")
def _user_has_open_work(data: Mapping[str, Any]) -> str:
    return _(
        "%(name)s still has activities, shared customers or people in hand. “Leaving…” on this page hands them over.",
        name=data["owner"],
    )


@sentence_for("departure_running")
def _departure_running(data: Mapping[str, Any]) -> str:
    return _("The customers of %(name)s are still on their way to others. Wait until that is done.", name=data["name"])


@sentence_for("already_left")
def _already_left(data: Mapping[str, Any]) -> str:
    return _("%(name)s has left already.", name=data["name"])


@sentence_for("departure_of_yourself")
def _departure_of_yourself(data: Mapping[str, Any]) -> str:
    return _("You cannot put yourself out. Ask another administrator.")


@sentence_for("departure_not_stopped")
def _departure_not_stopped(data: Mapping[str, Any]) -> str:
    return _("Nothing has stopped here: the customers are on their way.")


@sentence_for("heir_leaves")
def _heir_leaves(data: Mapping[str, Any]) -> str:
    return _("%(name)s is the one who leaves. Choose somebody who stays.", name=data["leaver"])


@sentence_for("heir_left")
def _heir_left(data: Mapping[str, Any]) -> str:
    return _("%(name)s was to take over and has left too.", name=data["name"])


@sentence_for("planner_inactive")
def _planner_inactive(data: Mapping[str, Any]) -> str:
    return _("%(name)s has left. Choose somebody who is still here.", name=data["owner"])


@sentence_for("one_group")
def _one_group(data: Mapping[str, Any]) -> str:
    return _("Name a region, an industry or customers: one of them.")


@sentence_for("not_his_customers")
def _not_his_customers(data: Mapping[str, Any]) -> str:
    return _("Not all of these customers belong to who leaves.")
