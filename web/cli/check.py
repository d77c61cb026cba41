"""`check`: style, types and import rules; stops at the first tool that finds something."""

import shutil
import subprocess
import sys
from pathlib import Path

import click

from core.config import CHECKOUT
from web.cli.messages import _

# heading → program and arguments
TOOLS = {
    "ruff check": ("ruff", "check", "."),
    "ruff format": ("ruff", "format", "--check", "."),
    "mypy": ("mypy",),
    "import-linter": ("lint-imports", "--no-cache"),
}


@click.command("check", help=_("Check style, types and import rules."))
def command() -> None:
    for heading, (program, *arguments) in TOOLS.items():
        click.echo(f"\n== {heading} ==", err=True)
        status = subprocess.run([tool_path(program), *arguments], cwd=CHECKOUT, check=False).returncode
        if status:
            click.echo(_("%(tool)s found something; see above.") % {"tool": heading}, err=True)
            sys.exit(status)


def tool_path(program: str) -> str:
    """The program beside our Python. Raises click.UsageError when the developer's libraries are missing."""
    beside = Path(sys.executable).parent / program
    found = str(beside) if beside.exists() else shutil.which(program)
    if found is None:
        raise click.UsageError(_("%(tool)s is not installed; ./manage check installs it.") % {"tool": program})
    return found
