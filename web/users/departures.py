"""Somebody leaves: what he has, who gets it, the preview, and how far it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import FormField, HiddenField, SelectField, SelectMultipleField, StringField
from wtforms.widgets import CheckboxInput, ListWidget

from core import database as db
from core.columns import longest_texts, read_id
from core.errors import DomainError, FieldError, InvalidInput
from core.leaving import Departure
from core.organization import User
from crm.departures import (
    HeirGroup,
    Heirs,
    LeaversCustomer,
    LeaversWork,
    resume_departure,
    start_departure,
    survey_leaver,
)
from crm.queries.departures import latest_departure
from web.effects import effect_lines
from web.forms import Form, LineForm, Required, Rows, options
from web.http import apply_line_errors, flash_done, flash_refusal, preview_command, run_command, see_other
from web.lists.address import choice_of
from web.users import area
from web.users.queries import get_user, who_may_take

MOST_GROUPS = 300
LONGEST_ADDRESS = 2000
DIVISIONS = ("all", "region", "industry", "customer")
NOT_CARRIED = frozenset({"csrf_token", "idempotency_key", "digest", "step"})


class Group(NamedTuple):
    """Customers that go together: what is compared, what it is called, how many there are."""

    value: str
    label: str
    size: int


class GroupForm(LineForm):
    """Customers that go together, and who takes them over; nobody of their own for those of all."""

    value = HiddenField()
    heir_id = SelectField(_l("Goes to"), validate_choice=False)


class DepartureForm(Form):
    """Who takes over, and why the person leaves."""

    longest = longest_texts(Departure)
    heir_ids = SelectMultipleField(
        _l("Goes to"), widget=ListWidget(), option_widget=CheckboxInput(), validate_choice=False
    )
    groups = Rows(FormField(GroupForm), most=MOST_GROUPS)
    reports_to_id = SelectField(_l("Who reported to them now reports to"), validate_choice=False)
    reason = StringField(_l("Reason"), [Required()])

    def offer(self, others: Iterable[User], groups: Iterable[Group]) -> None:
        """The people who are still here, and a row for each group of customers."""
        people = [(user.id, user.name) for user in others]
        self.heir_ids.choices = options(people)
        self.reports_to_id.choices = options(people, _("Their own superior"))
        chosen = {row["value"].data: row["heir_id"].data for row in self.groups}
        while self.groups.entries:
            self.groups.pop_entry()
        for group in groups:
            self.groups.append_entry({"value": group.value, "heir_id": chosen.get(group.value)})
        for row in self.groups:
            row["heir_id"].choices = options(people, _("As all others"))

    def heirs(self, division: str) -> Heirs:
        """What was chosen. Raises InvalidInput for an id that is none."""
        ids = [read_id(text) for text in self.heir_ids.data or ()]
        if None in ids:
            raise InvalidInput({"heir_ids": FieldError("not_a_choice")})
        rows = [(row["value"].data or "", read_id(row["heir_id"].data or "")) for row in self.groups]
        groups = [_group(division, value, heir_id) for value, heir_id in rows if heir_id is not None]
        return Heirs(tuple(filter(None, ids)), tuple(groups), self.id_in("reports_to_id"))

    @property
    def chosen_rows(self) -> list[int]:
        """The rows that somebody was chosen in, in the order in which `heirs` names them."""
        return [index for index, row in enumerate(self.groups) if row["heir_id"].data]


def _group(division: str, value: str, heir_id: int) -> HeirGroup:
    if division == "region":
        return HeirGroup(heir_id, region=value)
    if division == "industry":
        return HeirGroup(heir_id, industry=value)
    return HeirGroup(heir_id, customer_ids=tuple(filter(None, [read_id(value)])))


@dataclass
class Desk:
    """What lies before who plans a departure."""

    user: User
    form: DepartureForm
    division: str
    groups: list[Group]
    customers: int
    work: LeaversWork

    @classmethod
    def prepare(cls, user: User, form: DepartureForm) -> Desk:
        """With the choices of the form filled from what the person has in hand."""
        division, survey = choice_of("by", DIVISIONS, "all"), preview_command(survey_leaver, user.id).result
        groups = _groups(division, survey["customers"])
        with db.current().session() as session:
            form.offer(who_may_take(session, user.id), groups[:MOST_GROUPS])
        return cls(user, form, division, groups, len(survey["customers"]), survey["work"])

    def page(self, preview: Any = None) -> str:
        carried = [pair for pair in request.form.items(multi=True) if pair[0] not in NOT_CARRIED]
        return render_template(
            "users/departure.html",
            user=self.user,
            form=self.form,
            division=self.division,
            divisions=DIVISIONS,
            groups=self.groups[:MOST_GROUPS],
            left_out=len(self.groups[MOST_GROUPS:]),
            customers=self.customers,
            work=self.work,
            effects=effect_lines(preview.effects) if preview else [],
            digest=preview.digest if preview else "",
            carried=carried,
            back=self._back(carried) if preview else "",
        )

    def _back(self, carried: list[tuple[str, str]]) -> str:
        """The address of the form behind a preview, with what was typed; without it where that would be too long."""
        typed: dict[str, Any] = {}
        for name, value in carried:
            if value:
                typed.setdefault(name, []).append(value)
        typed |= {"user_id": self.user.id, "by": self.division}
        address = url_for("users.departure", **typed)
        if len(address) <= LONGEST_ADDRESS:
            return address
        return url_for("users.departure", user_id=self.user.id, by=self.division)


def _groups(division: str, customers: list[LeaversCustomer]) -> list[Group]:
    if division == "customer":
        return sorted((Group(str(row.id), row.name, 1) for row in customers), key=lambda group: group.label)
    if division == "all":
        return []
    counts = Counter(getattr(row, division) or "" for row in customers)
    return [Group(value, value or _("None"), count) for value, count in sorted(counts.items())]


@area.route("/<int:user_id>/departure", permission="users.manage")
def departure(user_id: int) -> ResponseReturnValue:
    """The plan of a departure, or how far it is."""
    with db.current().session() as session:
        user = get_user(session, user_id)
    if user.is_active:
        typed = MultiDict(request.args) if request.args else None
        return Desk.prepare(user, DepartureForm(formdata=typed)).page()
    record, heirs = latest_departure(user_id)
    if record is None:
        return see_other("users.edit", user_id=user_id)
    return render_template("users/departure_progress.html", user=user, departure=record, heirs=heirs)


@area.route("/<int:user_id>/departure", permission="users.manage", methods=["POST"], endpoint="start_departure")
def start(user_id: int) -> ResponseReturnValue:
    """Preview the departure, or start it, by the button that was pressed."""
    with db.current().session() as session:
        user = get_user(session, user_id)
    form, preview = DepartureForm(), None
    desk = Desk.prepare(user, form)
    if form.validate():
        try:
            heirs = form.heirs(desk.division)
            if request.form.get("step") == "start":
                result = run_command(start_departure, user_id, heirs, reason=form.reason.data)
                flash_done(_("%(name)s is out; the customers are on their way", name=result["name"]))
                return see_other("users.departure", user_id=user_id)
            preview = preview_command(start_departure, user_id, heirs, form.reason.data)
        except DomainError as error:
            apply_line_errors(form, error, form.chosen_rows)
            if error.code == "plan_changed":
                preview = preview_command(start_departure, user_id, heirs, form.reason.data)
    page = desk.page(preview)
    return page if preview is not None and not form.form_errors else (page, 422)


@area.route("/<int:user_id>/departure/resume", permission="users.manage", methods=["POST"])
def resume(user_id: int) -> ResponseReturnValue:
    """Try again what a worker gave up."""
    try:
        run_command(resume_departure, user_id)
        flash_done(_("It goes on"))
    except DomainError as error:
        if error.code != "departure_not_stopped":
            raise
        flash_refusal(error)
    return see_other("users.departure", user_id=user_id)
