"""`import`: brings a file in from the command line, in the name of a user, with the report of the check before it."""

from pathlib import Path
from typing import Any

import click

from web.cli.messages import _


@click.command("import", help=_("Bring records in from files: a kind (customers, products, …) and its file."))
@click.argument("kind")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--user", default="admin", show_default=True, help=_("In whose name; what he may and sees is decisive."))
@click.option(
    "--existing",
    type=click.Choice(("skip", "update", "create")),
    help=_("What is done with records there are already."),
)
@click.option("--check", "check_only", is_flag=True, help=_("Only check, and say what would be done."))
def command(kind: str, files: tuple[Path, ...], user: str, existing: str | None, check_only: bool) -> None:
    from core import database as db
    from core.context import Context
    from core.errors import DomainError
    from web.cli.messages import speaking
    from web.cli.opened import opened, system_url

    with opened() as found:
        db.configure(db.Database(system_url(found.settings), application_name="import"))
        try:
            with speaking(found.settings):
                try:
                    _bring_in(kind, files, user, existing, check_only, Context(channel="command line"))
                except DomainError as error:
                    raise click.ClickException(_refusal(kind, error)) from error
        finally:
            db.current().dispose()


def _refusal(kind: str, error: Any) -> str:
    """A refusal in words, each fault behind the name of its column."""
    from web.imports.sentences import field_label, kind_of
    from web.sentences import sentence

    if not error.fields:
        return sentence(error.code, error.data)
    told = (
        (field_label(kind_of(kind), name), sentence(fault.code, fault.data)) for name, fault in error.fields.items()
    )
    return " ".join(": ".join(filter(None, each)) for each in told)


def _bring_in(
    kind: str, files: tuple[Path, ...], user: str, existing: str | None, check_only: bool, context: Any
) -> None:
    from dataclasses import replace

    import crm.imports  # noqa: F401 (its kinds)
    from core.command import run
    from core.imports.commands import check_import, start_import, upload_import
    from core.imports.kinds import KINDS
    from core.imports.reading import Upload

    if kind not in KINDS:
        raise click.UsageError(_("No such kind; there are: %(kinds)s") % {"kinds": ", ".join(KINDS)})
    context = replace(context, actor=_person(user))
    uploads = [Upload(path.name, path.read_bytes()) for path in files]
    batch = run(upload_import, kind, uploads, context=context).data
    options = {"existing": existing or KINDS[kind].existing}
    run(check_import, batch["id"], batch["mapping"], options, context=context)
    report = _work(batch["id"], context.actor.user_id)
    _say(report)
    if check_only or not report.rows_created + report.rows_updated:
        return
    run(start_import, batch["id"], context=context)
    _say(_work(batch["id"], context.actor.user_id))


def _person(login: str) -> Any:
    """The user by that name as he may act now. Raises click.UsageError."""
    from core.acting import ID_OF_LOGIN, PERSON, actor_of
    from core.jobs import execute

    found = execute(ID_OF_LOGIN, login=login)
    if not found:
        raise click.UsageError(_("There is no user %(login)s.") % {"login": login})
    return actor_of(execute(PERSON, user_id=found[0][0])[0])


def _work(batch_id: int, user_id: int) -> Any:
    """Does the steps of an import here, as a worker would; a worker that does some of them meanwhile is no harm."""
    from core.command import run
    from core.context import Context
    from core.imports.facts import EVENT_OF
    from core.jobs import execute
    from core.outbox import apply_event
    from core.queries.imports import get_import

    while found := execute(EVENT_OF, batch_id=batch_id):
        run(apply_event, found[0][0], context=Context(route="import", channel="worker"))
    return get_import(batch_id, user_id)


def _say(report: Any) -> None:
    from core.queries.imports import list_rows
    from web.imports.sentences import STATES, kind_of, reasons_text

    click.echo(
        _("%(state)s: %(created)s new, %(updated)s updated, %(skipped)s left out, %(bad)s refused, of %(total)s rows")
        % {
            "state": STATES[report.state][1], "created": report.rows_created, "updated": report.rows_updated,
            "skipped": report.rows_skipped, "bad": report.rows_bad, "total": report.rows_total,
        }
    )  # fmt: skip
    shown, _following = list_rows(report.id, "bad", 0, 20)
    for row in shown:
        click.echo(f"  {row.line}: {reasons_text(kind_of(report.kind), row.reasons)}", err=True)
    if report.rows_bad > len(shown):
        click.echo("  " + _("and %(count)s more") % {"count": report.rows_bad - len(shown)}, err=True)
