"""`test`: pytest with everything it needs, two processes by default."""

import os
import sys

import click

from core.config import CHECKOUT
from web.cli.messages import _

PROCESSES = "2"


@click.command(
    "test",
    help=_("Run the tests; arguments go to pytest."),
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> None:
    from web.cli.system import CHROMIUM, PANGO, POPPLER, ensure

    ensure(PANGO, CHROMIUM, POPPLER)
    os.chdir(CHECKOUT)
    sys.stdout.flush()
    sys.stderr.flush()
    program = [sys.executable, "-m", "pytest", *pytest_arguments(arguments)]
    os.execve(sys.executable, program, environment_of_tests())  # noqa: S606 - pytest takes our place


def pytest_arguments(arguments: tuple[str, ...]) -> list[str]:
    """The arguments with `-n 2` in front, unless the number of processes is given or a debugger needs the terminal.

    The tests of a file run in one process, in order, so that what they share is made once.
    """
    decided = any(
        argument.startswith(("-n", "--numprocesses", "--pdb", "--trace", "--dist", "--collect-only", "--co"))
        or argument == "no:xdist"
        for argument in arguments
    )
    return list(arguments) if decided else ["-n", PROCESSES, "--dist", "loadfile", *arguments]


def environment_of_tests() -> dict[str, str]:
    """The environment of the tests: nothing of the person's own database or home reaches them."""
    private = (
        "DATABASE_URL",
        "DATABASE_ADMIN_URL",
        "DATABASE_SYSTEM_URL",
        "BROKER_URL",
        "SECRET_KEY",
        "SMTP_URL",
        "MAIL_FROM",
        "PUBLIC_URL",
        "TRUSTED_PROXIES",
    )
    environment = {name: value for name, value in os.environ.items() if name not in (*private, "COUNTINGHOUSE_HOME")}
    return environment | {"COUNTINGHOUSE_ENV": "test", "PYTHONPATH": str(CHECKOUT)}
