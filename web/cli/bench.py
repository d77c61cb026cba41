"""`bench`: measures order to cash over HTTP beside the same rows written by bare SQL."""

import click

from web.cli.messages import _


@click.command("bench", help=_("Measure the product against bare SQL."))
@click.option("--json", "json_output", is_flag=True, help=_("Print JSON."))
def command(json_output: bool) -> None:
    from web.bench import main

    main(json_output)
