"""`bench`: order to cash over HTTP beside the same rows by bare SQL; `bench surface`: pages at size; `bench import`."""

import json
from pathlib import Path

import click

from web.cli.messages import _


@click.group("bench", invoke_without_command=True, help=_("Measure the product against bare SQL."))
@click.option("--json", "json_output", is_flag=True, help=_("Print JSON."))
@click.pass_context
def command(context: click.Context, json_output: bool) -> None:
    if context.invoked_subcommand is None:
        from web.bench import main

        main(json_output)


@command.command("surface", help=_("Measure search, lists and records in a small and in a large company."))
@click.option("--json", "json_output", is_flag=True, help=_("Print JSON."))
@click.option("--rows", type=int, multiple=True, help=_("Customers, orders and invoices; 10,000 and 1,000,000."))
@click.option("--at", type=click.Path(path_type=Path), help=_("The folder that holds the companies of each size."))
@click.option("--part", "parts", type=click.Choice(("search", "pages", "weight")), multiple=True, help=_("Only this."))
@click.option("--queries", type=int, default=250, show_default=True, help=_("Searches by each person."))
def surface(json_output: bool, rows: tuple[int, ...], at: Path | None, parts: tuple[str, ...], queries: int) -> None:
    from web.bench.surface.measure import LARGE, SMALL, as_text, measure_surface
    from web.drill.size.standing import folder_of_sizes

    chosen = parts or ("search", "pages", "weight")
    report = measure_surface(at or folder_of_sizes(), rows or (SMALL, LARGE), queries=queries, parts=chosen)
    click.echo(json.dumps(report, ensure_ascii=False, indent=2) if json_output else as_text(report))


@command.command("import", help=_("Measure bringing customers in from a file."))
@click.option("--json", "json_output", is_flag=True, help=_("Print JSON."))
@click.option("--rows", default=100_000, show_default=True, help=_("Rows of the file."))
def bring_in(json_output: bool, rows: int) -> None:
    from web.bench.imports import main as measure_import

    measure_import(json_output, rows)
