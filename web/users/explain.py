"""The answer to "why may he, why may he not", in words. What is true was decided before; here it is only said."""

from __future__ import annotations

from typing import NamedTuple

from flask_babel import gettext as _
from flask_babel import ngettext

from core.organization import RowScope
from core.queries.access import COLLEAGUES, Access, Colleague, Reason
from web.filters import day
from web.users.names import listed, permission_text, role_names, scope_name
from web.users.records import RecordAnswer


class Line(NamedTuple):
    """One reason: whether it speaks for (`ok`), against (`bad`) or only tells (`info`), its icon and its text."""

    tone: str
    icon: str
    text: str


def yes(text: str) -> Line:
    return Line("ok", "ok", text)


def no(text: str) -> Line:
    return Line("bad", "stop", text)


def explain_action(access: Access, permission: str) -> list[Line]:
    """Whether the person may, through which role; or why not, and which roles would let him."""
    name = access.about.name
    if access.may(permission):
        roles = role_names(access.through(permission))
        return [yes(_("%(name)s may. It comes with: %(roles)s.", name=name, roles=roles))]
    if access.actor is None:
        return [_deactivated(name)]
    givers = role_names(access.givers(permission)) or _("no role")
    mine = role_names(access.roles) or _("no role")
    return [
        no(_("%(name)s may not. The roles held are: %(roles)s; none allows it.", name=name, roles=mine)),
        Line("info", "user", _("It is allowed by: %(roles)s.", roles=givers)),
    ]


def _deactivated(name: str) -> Line:
    return no(_("%(name)s is deactivated and cannot sign in.", name=name))


def explain_rows(access: Access) -> list[Line]:
    """Whose customers and documents the person sees, and by which role."""
    name, viewer = access.about.name, access.viewer
    if access.actor is None:
        return [_deactivated(name)]
    roles = role_names(access.widest)
    if viewer.sees_all:
        return [yes(_("%(name)s sees everybody's records, through: %(roles)s, with the scope “%(scope)s”.",
                      name=name, roles=roles, scope=scope_name(RowScope.ALL)))]  # fmt: skip
    lines = [yes(_("%(name)s sees the customers that belong to %(name)s, and all that is theirs.", name=name))]
    if access.row_scope != RowScope.OWN:
        lines.append(_of_colleagues(access, roles))
    if viewer.shared:
        shared = ngettext(
            "%(num)s customer is shared with %(name)s.",
            "%(num)s customers are shared with %(name)s.",
            len(viewer.shared),
            name=name,
        )
        lines.append(yes(shared))
    return lines


def _of_colleagues(access: Access, roles: str) -> Line:
    scope = scope_name(access.row_scope)
    if not access.about.unit:
        text = _(
            "The scope “%(scope)s” of %(roles)s reaches nobody else: %(name)s belongs to no region or team.",
            scope=scope,
            roles=roles,
            name=access.about.name,
        )
        return Line("info", "group", text)
    if not access.colleagues:
        text = _(
            "The scope “%(scope)s” of %(roles)s reaches nobody else in %(unit)s.",
            scope=scope,
            roles=roles,
            unit=access.about.unit,
        )
        return Line("info", "group", text)
    people = listed(_belongs(person) for person in access.colleagues)
    more = len(access.viewer.owners) - 1 - COLLEAGUES
    if more > 0:
        people = _("%(people)s and %(count)s more", people=people, count=more)
    return yes(_("Also those of %(people)s, through: %(roles)s, with the scope “%(scope)s”.",
                 people=people, roles=roles, scope=scope))  # fmt: skip


def _belongs(person: Colleague) -> str:
    return _("%(name)s (%(unit)s)", name=person.name, unit=person.unit) if person.unit else person.name


def explain_masks(access: Access) -> list[Line]:
    """Which confidential data are shown, which may be uncovered, which stay hidden."""
    if access.actor is None:
        return [_deactivated(access.about.name)]
    labels = {
        "phones": _("Telephone numbers"),
        "emails": _("E-mail addresses"),
        "costs": _("Costs and values of stock"),
        "margins": _("Margins"),
        "bank_details": _("Bank accounts"),
    }
    texts = {"shown": _("shown"), "uncover": _("may be uncovered, on record"), "hidden": _("hidden")}
    icons = {"shown": ("ok", "ok"), "uncover": ("warn", "lock"), "hidden": ("mute", "lock")}
    return [
        Line(*icons[state], _("%(label)s: %(state)s", label=labels[kind], state=texts[state]))
        for kind, state in access.masks().items()
    ]


def lines_of_record(access: Access, answer: RecordAnswer) -> list[Line]:
    """Whether the person may see the record: the page's permission, and each reason the predicate found."""
    if access.actor is None:
        return [_deactivated(access.about.name)]
    lines = []
    if not answer.may:
        lines.append(no(_("%(name)s lacks the permission: %(action)s.", name=access.about.name,
                          action=permission_text(answer.permission))))  # fmt: skip
    if not answer.sees:
        return [*lines, _not_seen(access, answer)]
    for reason in answer.reasons:
        text = _reason(access, answer, reason)
        lines.append(yes(text) if answer.may else Line("info", "group", text))
    return lines


def _owner(answer: RecordAnswer) -> str:
    return _belongs(answer.owner) if answer.owner else _("somebody")


def _reason(access: Access, answer: RecordAnswer, reason: Reason) -> str:
    name, roles = access.about.name, role_names(access.widest)
    if reason.kind == "everything":
        return _("%(name)s sees everybody's records, through: %(roles)s, with the scope “%(scope)s”.",
                 name=name, roles=roles, scope=scope_name(RowScope.ALL))  # fmt: skip
    if reason.kind == "own":
        return _("It belongs to %(name)s.", name=name)
    if reason.kind == "colleague":
        return _("It belongs to %(owner)s, whose records %(name)s sees through: %(roles)s, with the scope “%(scope)s”.",
                 owner=_owner(answer), name=name, roles=roles, scope=scope_name(access.row_scope))  # fmt: skip
    share = reason.share
    if share is None:
        raise ValueError(f"no share with the reason {reason.kind}")
    said = {"customer": answer.record.customer, "reader": share.reader, "day": day(share.created_at)}
    if share.created_by:
        return _("%(by)s shared the customer %(customer)s with %(reader)s on %(day)s.", by=share.created_by, **said)
    return _("The customer %(customer)s was shared with %(reader)s on %(day)s.", **said)


def _not_seen(access: Access, answer: RecordAnswer) -> Line:
    said = {"owner": _owner(answer), "name": access.about.name, "scope": scope_name(access.row_scope)}
    if access.row_scope == RowScope.OWN:
        return no(_("It belongs to %(owner)s. %(name)s has only the scope “%(scope)s”, and it is not shared.", **said))
    place = access.about.unit or _("no region or team")
    return no(_("It belongs to %(owner)s. The scope “%(scope)s” of %(name)s, of %(place)s, does not reach that far, "
                "and it is not shared.", place=place, **said))  # fmt: skip
