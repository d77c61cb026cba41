"""`seal`: gives every audit row its place in the chain now; the worker does it every few seconds by itself."""

import click

from web.cli.messages import _


@click.command("seal", help=_("Seal audit rows now, as the worker does every few seconds."))
@click.option(
    "--begin-anchors",
    is_flag=True,
    help=_("Anchor the chain as it is now, where anchors were lost. Recorded."),
)
def command(begin_anchors: bool) -> None:
    from core import seal
    from core.audit import note_event
    from core.command import run
    from core.context import Context
    from core.database import Database
    from core.seal_files import SealFiles, derive_key
    from web.cli.opened import opened, system_url

    with opened() as found:
        url = system_url(found.settings)
        files = SealFiles.of(found.settings.home, url)
        database = Database(url, pool_size=2, application_name="countinghouse seal")
        try:
            if begin_anchors:
                anchor = seal.begin_anchors(database, files)
                begun = {"position": anchor.position if anchor else 0}
                context = Context(channel="command line")
                run(note_event, "audit.anchors_begun", "audit", begun, context=context, database=database)
            sealed = seal.seal(database, files, derive_key(found.settings.secret_key))
        finally:
            database.dispose()
    told = _("%(count)s audit rows sealed; anchors are in %(file)s.")
    click.echo(told % {"count": sealed, "file": files.anchors_path})
