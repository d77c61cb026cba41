"""Why something about people and the tree they belong to was refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext as _

from web.sentences import sentence_for
from web.users.names import listed, permission_text, scope_name


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


@sentence_for("place_of_oneself")
def _place_of_oneself(data: Mapping[str, Any]) -> str:
    return _("Your place decides whose records you see. Ask somebody who sees everything to move you.")


@sentence_for("view_of_oneself")
def _view_of_oneself(data: Mapping[str, Any]) -> str:
    return _(
        "This would show you records of others that you do not see now. Ask somebody who sees everything to do it."
    )


@sentence_for("grants_too_much")
def _grants_too_much(data: Mapping[str, Any]) -> str:
    return _(
        "Nobody gives, takes or changes what he may not do himself. You lack: %(permissions)s. Ask an administrator.",
        permissions=_texts(data["permissions"]),
    )


@sentence_for("sees_too_much")
def _sees_too_much(data: Mapping[str, Any]) -> str:
    return _(
        "Nobody gives or takes a wider scope than his own. The scope “%(scope)s” is wider than yours. Ask an "
        "administrator.",
        scope=scope_name(data["row_scope"]),
    )


@sentence_for("permission_unknown")
def _permission_unknown(data: Mapping[str, Any]) -> str:
    return _("There is no permission called %(names)s.", names=listed(data["permissions"]))


@sentence_for("permission_needs_others")
def _permission_needs_others(data: Mapping[str, Any]) -> str:
    return " ".join(
        _("“%(permission)s” is no use without: %(others)s.", permission=permission_text(name), others=_texts(others))
        for name, others in data["missing"].items()
    )


@sentence_for("administrator_keeps_all")
def _administrator_keeps_all(data: Mapping[str, Any]) -> str:
    return _(
        "The administrator may do everything and sees everything, so that a company cannot lock itself out. Make an "
        "own role for less."
    )


@sentence_for("role_code_form")
def _role_code_form(data: Mapping[str, Any]) -> str:
    return _(
        "A code is made of small letters, digits and underscores, begins with a letter and has at most %(limit)s "
        "characters.",
        limit=data["limit"],
    )


@sentence_for("standard_role_stays")
def _standard_role_stays(data: Mapping[str, Any]) -> str:
    return _("A standard role stays. Change what it may do, or give it to nobody.")


@sentence_for("role_in_use")
def _role_in_use(data: Mapping[str, Any]) -> str:
    people = listed(data["people"])
    if data["count"] > len(data["people"]):
        people = _("%(people)s and %(count)s more", people=people, count=data["count"] - len(data["people"]))
    return _("%(people)s still have this role. Give them another one first.", people=people)


@sentence_for("record_unknown")
def _record_unknown(data: Mapping[str, Any]) -> str:
    return _("There is no such record, or you do not see it yourself. Enter a number such as SO-2026-00001, or the "
             "name of a customer.")  # fmt: skip


@sentence_for("record_ambiguous")
def _record_ambiguous(data: Mapping[str, Any]) -> str:
    return _("Several customers fit, such as %(names)s. Enter one name in full, or the number.",
             names=listed(data["names"]))  # fmt: skip


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


def _texts(permissions: Iterable[str]) -> str:
    return _("; ").join(permission_text(name) for name in permissions)
