"""`drill`: proofs that take too long for the tests."""

import json

import click

from web.cli.messages import _


@click.group("drill", help=_("Long proofs and measures, each in a database of its own."))
def command() -> None:
    pass


@command.command("integrity", help=_("Measure integrity-check over a large company."))
@click.option("--lines", default=1_000_000, show_default=True, help=_("Journal lines."))
def integrity(lines: int) -> None:
    from web.drill.integrity import measure_integrity

    click.echo(json.dumps(measure_integrity(lines=lines), indent=2))
