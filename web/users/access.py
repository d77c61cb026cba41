"""Who may do what, and why a given person may or may not."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice

from core.errors import DomainError, NotFound
from core.permissions import PERMISSIONS
from core.queries.access import access_of, list_people
from core.queries.roles import who_may_what
from web.forms import Form, options
from web.http import apply_errors
from web.lists.address import choice_of
from web.users import area
from web.users.explain import Line, explain_action, explain_masks, explain_rows, lines_of_record
from web.users.names import AREAS, areas, permission_text, role_name, scope_name
from web.users.records import explain_record, find_record

LONGEST_RECORD = 200


class AccessForm(Form):
    """A person, an action and a record; the last two need not be said."""

    class Meta(Form.Meta):
        csrf = False

    longest = {"record": LONGEST_RECORD}
    user_id = SelectField(_l("Person"), validate_choice=False)
    permission = SelectField(_l("Action"), validate_choice=False)
    record = StringField(_l("Document or customer"))

    def offer(self) -> None:
        """Everybody, and every permission by its area."""
        people = [(person.id, _person(person.name, is_active=person.is_active)) for person in list_people()]
        self.user_id.choices = [SelectChoice("", _("Choose a person")), *options(people)]
        self.permission.choices = [
            SelectChoice("", _("Any action")),
            *(
                SelectChoice(name, permission_text(name), optgroup=group.label)
                for group in areas()
                for name in group.permissions
            ),
        ]


def _person(name: str, *, is_active: bool) -> str:
    return name if is_active else _("%(name)s (deactivated)", name=name)


@area.route("/access", permission="users.manage", endpoint="access")
def show_access() -> ResponseReturnValue:
    """The matrix of roles; for a person, an action and a record, the answer with its reasons."""
    form = AccessForm(formdata=request.args)
    form.offer()
    answers: dict[str, list[Line]] = {}
    name, status = "", 200
    if not form.validate():
        status = 422
    elif form.id_in("user_id"):
        try:
            name, answers = _answer(form)
        except NotFound:
            raise
        except DomainError as error:
            apply_errors(form, error)
            status = error.http_status
    return _page(form, name, answers), status


def _page(form: AccessForm, name: str, answers: dict[str, list[Line]]) -> str:
    roles, counts = who_may_what()
    key = choice_of("area", list(AREAS))
    return render_template(
        "users/access.html",
        form=form,
        name=name,
        answers=answers,
        roles=roles,
        counts=counts,
        all_areas=areas(),
        areas_shown=[group for group in areas() if key in ("", group.key)],
        key=key,
        permission_text=permission_text,
        role_name=role_name,
        scope_name=scope_name,
    )


def _answer(form: AccessForm) -> tuple[str, dict[str, list[Line]]]:
    """What is to be said, by the title under which it stands. Raises what is wrong with the record, NotFound."""
    found = access_of(form.id_in("user_id") or 0)
    answers: dict[str, list[Line]] = {}
    if form.permission.data in PERMISSIONS:
        answers[permission_text(form.permission.data)] = explain_action(found, form.permission.data)
    text = (form.record.data or "").strip()
    if text:
        answer = explain_record(found, find_record(text))
        answers[_("See %(record)s", record=answer.record.label)] = lines_of_record(found, answer)
    answers[_("Whose records")] = explain_rows(found)
    answers[_("Confidential data")] = explain_masks(found)
    return found.about.name, answers
