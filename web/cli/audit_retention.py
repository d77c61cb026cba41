"""`audit-retention`: says what is older than it has to be kept, and puts away what only daily work needed.

Audit rows are never deleted, whatever their age: they are what shows that nobody deleted anything, the chain covers
each of them, and ledgers, invoices and their history have to be kept for years by law. What ends instead is the life of
rows that prove nothing: sessions and notices long over, idempotency keys after thirty days. The company's setting says
from when on audit rows may be archived; this command reports how many are due, and records that it was asked.
"""

import json

import click

from web.cli.messages import _


@click.command("audit-retention", help=_("Say what is older than it has to be kept."))
@click.option("--json", "json_output", is_flag=True, help=_("Print JSON."))
@click.option("--sweep", is_flag=True, help=_("Delete sessions and notices that ended more than a year ago."))
def command(json_output: bool, sweep: bool) -> None:
    from core.command import run
    from core.context import Context
    from core.database import Database
    from core.retention import report_retention
    from web.cli.opened import opened, system_url

    with opened() as found:
        database = Database(system_url(found.settings), pool_size=2, application_name="countinghouse audit-retention")
        try:
            answer = run(report_retention, sweep=sweep, context=Context(channel="command line"), database=database)
        finally:
            database.dispose()
    data = answer.data
    if json_output:
        click.echo(json.dumps(data, ensure_ascii=False, indent=2))
        return
    kept = _("Audit rows are kept %(years)s years; %(due)s of %(total)s are older, the first of %(oldest)s.")
    click.echo(kept % data)
    done = _("%(sessions)s sessions and %(notices)s notices ended more than a year ago; deleted.")
    due = _("%(sessions)s sessions and %(notices)s notices ended more than a year ago; --sweep deletes them.")
    click.echo((done if sweep else due) % data)
