"""`worker`: one process that takes background jobs until it is told to stop."""

import click

from web.cli.messages import _


@click.command("worker", help=_("Run a worker for background jobs."))
def command() -> None:
    from web.worker import main

    main()
