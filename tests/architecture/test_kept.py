"""What somebody saved meanwhile is not written over unseen.

Whoever changes a record hands on what he was shown of it: its version, or, of a single value, what stood there (`seen`,
`was`). Tables that people edit count their versions, commands ask for what was seen, pages and calls of the API say it.
What need not stands here with its reason.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator

from core.database import Base
from core.models_registry import import_all_models
from core.needs import NEEDED
from tests.architecture import commands
from tests.architecture.commands import Command, Use, trees
from tests.architecture.hooks import planned_tables
from web.forms import Form
from web.versions import VersionField

SEEN = frozenset(("version", "seen", "was"))
CHANGING = ("change_", "save_", "set_", "choose_", "arrange_", "place_", "move_", "edit_", "rename_")
# Machines that replay, measure or fill; no page and no call.
NOBODY = ("web.demo", "web.drill", "web.bench", "web.cli")

# Tables that people write by the session, whose rows carry no version.
WITHOUT_VERSION = {
    "api_token": "issued and ended, never edited",
    "customer_share": "given and ended, never edited",
    "user_role": "part of its user, whose version counts",
    "journal": "made at the first run, not edited",
    "number_series": "made at the first run, not edited",
    "pipeline_stage": "made at the first run, not edited",
    "unit_of_measure": "made at the first run, not edited",
}
# Commands that look as if they changed fields of a record, and need not know what was seen of it.
LAST_ONE_STANDS = {
    "core.lists.saved.save_view": "makes a new one",
    "crm.activities.record_activity": "makes a new one",
    "crm.pipeline.create_opportunity": "makes a new one",
    "core.users.change_preferences": "how the pages look to oneself; each switch is sent alone",
    "core.home.place_card": "one's own home page; a single card is put there or taken away, whatever else stands there",
    "core.sign_in.change_own_password": "never shown, and asks for the old one just before",
    "core.custom_fields.commands.move_field": "one place in an order that is seen at once",
    "crm.pipeline.move_opportunity": "one step that names where it leads, and can be taken back",
    "core.units.place_user": "one choice that is not filled in from what stands there; where he was before is kept",
    "core.imports.commands.choose_heads": "a step of one's own import, before anything of it is written",
}
# Runs of a command that could be told what was seen, and is not.
UNSEEN = {
    ("web.payments.banks", "change_bank_account"): "archives or restores by one button, and leaves all fields",
    ("web.activities.views", "complete_activity"): "ticks one off, and leaves its fields; done a second time is done",
}
# Forms filled with more than constants that are no forms of a stored record.
PROPOSALS = {
    "web.activities.forms.ActivityForm": "a new one, of the kind asked for",
    "web.approvals.deputies.DeputyForm": "a new one, from today",
    "web.ledger.manual.ManualForm": "a new entry, of today",
    "web.payments.forms.PaymentForm": "a new one, of today",
    "web.account.proof.ProofForm": "a proof; it knows only where to go on",
    "web.payments.forms.RefundForm": "a new one, of today",
    "web.ledger.manual.ReversalForm": "a new entry, of today",
    "web.sign_in.forms.SignInForm": "where to go on after signing in",
    "web.account.tokens.TokenForm": "a new one",
    "web.invoices.views.WriteOffForm": "a new one, proposing what is open; at most that is checked under lock",
    "web.invoices.views.FiscalForm": "carries both of its values as they were shown (`was_number`, `was_issued_on`)",
}


def test_tables_that_people_edit_count_their_versions() -> None:
    """By the mapper, so that no session writes over a newer row, whatever command it is of."""
    import_all_models()
    edited = {
        mapper.class_.__tablename__: mapper.version_id_col is not None
        for mapper in Base.registry.mappers
        if getattr(mapper.class_, "__audited__", True) and mapper.class_.__tablename__ not in planned_tables()
    }
    assert sum(edited.values()) >= 20
    assert {name for name, has_version in edited.items() if not has_version} == WITHOUT_VERSION.keys()


def _of_people() -> Iterator[Command]:
    for name in trees():
        commands.module_of(name)
    for command, wanted in NEEDED.items():
        is_ours = command.__module__ in trees() and not command.__module__.startswith(NOBODY)
        if is_ours and (wanted is None or wanted):
            yield command


def _changes_fields(command: Command) -> bool:
    """By its name, or because it is given values and an id."""
    parameters = inspect.signature(command).parameters
    is_given = "values" in parameters and any(name.endswith("_id") for name in parameters)
    return command.__name__.startswith(CHANGING) or is_given


def _name(thing: Command | type) -> str:
    return f"{thing.__module__}.{thing.__name__}"


def _asks(command: Command) -> bool:
    return not SEEN.isdisjoint(inspect.signature(command).parameters)


def test_commands_that_change_fields_ask_what_was_seen() -> None:
    changing = {command for command in _of_people() if _changes_fields(command)}
    asking = {command for command in changing if _asks(command)}
    assert len(asking) >= 25
    assert {_name(command) for command in changing - asking} == LAST_ONE_STANDS.keys()


def _makes_new(use: Use) -> bool:
    """A command that makes or changes, by whether it is told which, and is not."""
    parameters = inspect.signature(use.command or use.__class__).parameters.values()
    which = {one.name for one in parameters if one.name.endswith("_id") and one.default is None}
    return bool(which) and which.isdisjoint(use.given)


def test_pages_and_calls_say_what_was_seen() -> None:
    uses = [use for use in commands.all_uses(("web",)) if not use.where.startswith(NOBODY)]
    asked = [use for use in uses if use.command is not None and _asks(use.command) and not _makes_new(use)]
    assert len(asked) >= 40
    unseen = {(use.where.split(":")[0], use.text) for use in asked if not (SEEN | {"**"}) & use.given}
    assert unseen == UNSEEN.keys()


def test_forms_filled_from_a_record_carry_its_version() -> None:
    """A form is filled from a record where it is made without what was sent, of more than constants."""
    filled: dict[type[Form], bool] = {}
    for module, tree in trees().items():
        for call in ast.walk(tree):
            if module.startswith("web.") and isinstance(call, ast.Call) and _is_filled(call):
                form = getattr(commands.module_of(module), ast.unparse(call.func), None)
                assert inspect.isclass(form) and issubclass(form, Form), f"{module}:{call.lineno}"
                field = getattr(getattr(form, "version", None), "field_class", None)
                filled[form] = field is VersionField
    assert sum(filled.values()) >= 20
    assert {_name(form) for form, has_version in filled.items() if not has_version} == PROPOSALS.keys()


def _is_filled(call: ast.Call) -> bool:
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    sent = named.pop("formdata", call)
    is_fresh = isinstance(sent, ast.Constant) and sent.value is None
    return is_fresh and any(not isinstance(value, ast.Constant) for value in named.values())
