"""`drill`: proofs that take too long for the tests."""

import json
import random
import sys
from pathlib import Path

import click

from web.cli.messages import _
from web.cli.progress import say


@click.group("drill", help=_("Long proofs and measures, each in a database of its own."))
def command() -> None:
    pass


@command.command("integrity", help=_("Measure integrity-check over a large company."))
@click.option("--lines", default=1_000_000, show_default=True, help=_("Journal lines."))
def integrity(lines: int) -> None:
    from web.drill.integrity import measure_integrity

    click.echo(json.dumps(measure_integrity(lines=lines), indent=2))


@command.command("axe", help=_("Look at every page in every language, theme and width for what keeps people out."))
def axe() -> None:
    import subprocess

    from core.config import CHECKOUT
    from web.cli.system import CHROMIUM, PANGO, ensure
    from web.cli.test import environment_of_tests

    ensure(PANGO, CHROMIUM)
    program = [sys.executable, "-m", "pytest", "tests/browser/test_axe.py", "--every-combination", "-q", "-rN"]
    raise click.exceptions.Exit(
        subprocess.run(program, cwd=CHECKOUT, env=environment_of_tests(), check=False).returncode
    )


@command.command("kill-app", help=_("Kill the served application at random under load; compare journal and database."))
@click.option("--cycles", default=5_000, show_default=True, help=_("Orders from creation to payment."))
@click.option("--kills", default=100, show_default=True, help=_("Processes to kill."))
@click.option("--seed", type=int, help=_("Replay a run; a new seed when left out."))
def kill_app(cycles: int, kills: int, seed: int | None) -> None:
    from web.cli.scratch import scratch_database
    from web.drill.kill_app import prove_kills

    seed = random.SystemRandom().randrange(10**9) if seed is None else seed
    with scratch_database("kill-app") as (embedded, home):
        urls = (embedded.app_url, embedded.system_url)
        report = prove_kills(urls, home / "served", cycles=cycles, kills=kills, seed=seed, say=say)
    click.echo(json.dumps(report, ensure_ascii=False, indent=2))
    if report["problems"]:
        raise click.exceptions.Exit(1)


@command.command("kill-import", help=_("Kill the worker while it brings customers in; compare with one left alone."))
@click.option("--rows", default=10_000, show_default=True, help=_("Rows of the file."))
@click.option("--seed", type=int, help=_("Replay a run; a new seed when left out."))
def kill_import(rows: int, seed: int | None) -> None:
    from web.cli.scratch import scratch_database
    from web.drill.import_kills import prove_import

    seed = random.SystemRandom().randrange(10**9) if seed is None else seed
    with scratch_database("kill-import") as (embedded, home):
        urls = (embedded.app_url, embedded.system_url, embedded.superuser_url)
        report = prove_import(urls, home / "worker", rows=rows, seed=seed, say=say)
    click.echo(json.dumps(report, ensure_ascii=False, indent=2))
    if report["problems"]:
        raise click.exceptions.Exit(1)


@command.command("size", help=_("Make a company of a given size, and keep it to measure in."))
@click.option("--rows", default=1_000_000, show_default=True, help=_("Customers, orders and invoices."))
@click.option("--at", type=click.Path(path_type=Path), help=_("The folder that holds the companies of each size."))
def size(rows: int, at: Path | None) -> None:
    from web.drill.size.standing import folder_of_sizes, home_of, standing

    base = at or folder_of_sizes()
    with standing(base, rows) as embedded:
        click.echo(home_of(base, rows))
        click.echo(embedded.app_url)
