"""`bench`: measures order to cash over HTTP beside the same rows by bare SQL; `bench import` bringing files in."""

import click

from web.cli.messages import _


@click.command("bench", help=_("Measure the product against bare SQL."))
@click.argument("part", default="all", type=click.Choice(("all", "import")))
@click.option("--json", "json_output", is_flag=True, help=_("Print JSON."))
def command(part: str, json_output: bool) -> None:
    if part == "import":
        from web.bench.imports import main as measure_import

        measure_import(json_output)
        return
    from web.bench import main

    main(json_output)
