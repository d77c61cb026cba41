"""My API tokens: what opens the API as me, with how much of what I may, and until when."""

from __future__ import annotations

from flask import g, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import CheckboxInput, ListWidget

from core.columns import longest_texts
from core.errors import DomainError
from core.organization import ApiToken
from core.permissions import PERMISSIONS
from core.sessions import digest
from core.tokens import DAYS, USUAL_DAYS, end_own_token, issue_own_token, list_tokens, new_api_token
from web.account import area
from web.account.proof import proven
from web.forms import Form, Required
from web.http import apply_errors, flash_done, run_command, see_other
from web.permissions import SIGNED_IN

# Every token may use the API; that is no choice.
_GIVEN = "api.use"


class TokenForm(Form):
    """A name, what it may do, and for how long."""

    longest = longest_texts(ApiToken)
    name = StringField(_l("Name of the token"), [Required()])
    days = SelectField(_l("Expires"), default=str(USUAL_DAYS))
    scopes = SelectMultipleField(
        _l("May do"), widget=ListWidget(), option_widget=CheckboxInput(), validate_choice=False
    )

    def offer(self) -> None:
        """The choices: what the present user may do."""
        self.days.choices = [
            *(SelectChoice(str(days), _("after %(days)s days", days=days)) for days in DAYS),
            SelectChoice("", _("never")),
        ]
        mine = [name for name in PERMISSIONS if name != _GIVEN and g.actor.may(name)]
        self.scopes.choices = [SelectChoice(name, _(PERMISSIONS[name])) for name in mine]


@area.route("/tokens", permission=SIGNED_IN)
def tokens() -> str:
    """All that are good."""
    return _list_page()


@area.route("/tokens/new", permission="api.use")
@proven("account.token_new")
def token_new() -> str:
    """Empty form."""
    return _form_page(TokenForm(formdata=None, days=str(USUAL_DAYS)))


@area.route("/tokens/new", permission="api.use", methods=["POST"], endpoint="token_issue")
@proven("account.token_new")
def token_issue() -> ResponseReturnValue:
    """Issue it and show it, this once."""
    form = TokenForm()
    form.offer()
    if form.validate():
        token = new_api_token()
        days = int(form.days.data) if form.days.data else None
        try:
            chosen = form.scopes.data or []
            result = run_command(issue_own_token, form.name.data, chosen, days=days, token_hash=digest(token))
            return _list_page(name=result["name"], token="" if result.replayed else token)
        except DomainError as error:
            apply_errors(form, error)
    return _form_page(form), 422


@area.route("/tokens/<int:token_id>/end", permission=SIGNED_IN, methods=["POST"])
def token_end(token_id: int) -> ResponseReturnValue:
    """End one at once."""
    name = run_command(end_own_token, token_id)["name"]
    flash_done(_("Token %(name)s ended", name=name))
    return see_other("account.tokens")


def _list_page(name: str = "", token: str = "") -> str:
    return render_template("account/tokens.html", tokens=list_tokens(g.actor.user_id), name=name, token=token)


def _form_page(form: TokenForm) -> str:
    form.offer()
    return render_template("account/token.html", form=form)
