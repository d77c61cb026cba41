"""`python -m web.cli`: the group of all commands. Modules are imported when called, so that --help is quick."""

import importlib
import signal
import sys

import click

from web.cli.messages import _

# name → (module, what it does in one line)
COMMANDS = {
    "demo": ("web.cli.demo", _("Load the demo company and serve it on this machine.")),
    "serve": ("web.cli.serve", _("Serve: database, web and worker, watched over.")),
    "worker": ("web.cli.worker", _("Run a worker for background jobs.")),
    "migrate": ("web.cli.migrate", _("Bring the database up to date.")),
    "integrity-check": ("web.cli.integrity_check", _("Derive every stored figure anew and compare.")),
    "verify-audit": ("web.cli.verify_audit", _("Walk the audit chain and name the first bad row.")),
    "seal": ("web.cli.seal", _("Seal audit rows now, as the worker does every few seconds.")),
    "audit-retention": ("web.cli.audit_retention", _("Say what is older than it has to be kept.")),
    "token": ("web.cli.token", _("Make an API token for a user and print it.")),
    "import": ("web.cli.import_file", _("Bring records in from files: a kind (customers, products, …) and its file.")),
    "reset-link": ("web.cli.reset_link", _("Print a link by which a user sets a new password.")),
    "test": ("web.cli.test", _("Run the tests; arguments go to pytest.")),
    "check": ("web.cli.check", _("Check style, types and import rules.")),
    "bench": ("web.cli.bench", _("Measure the product against bare SQL.")),
    "drill": ("web.cli.drill", _("Long proofs and measures, each in a database of its own.")),
    "odoo-check": ("web.cli.odoo_check", _("Test the connection to an Odoo server.")),
}


class Commands(click.Group):
    """A group that knows its commands by name and imports only the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(_("Commands")):
            formatter.write_dl([(name, summary) for name, (_module, summary) in COMMANDS.items()])


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Countinghouse 账房"""


def run() -> None:
    """Run the command line; a refusal becomes one sentence and exit code 1, never a traceback."""
    # Told to stop, leave like any other end, so that what was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        main(prog_name="./manage")
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        click.echo(_("Error: %(sentence)s") % {"sentence": sentence}, err=True)
        sys.exit(1)


def _sentence(error: Exception) -> str | None:
    """The sentence of an error that was meant for the person at the terminal; None for a fault of ours."""
    from core.config import SettingsError
    from core.database_roles import DurabilityError, RolesError
    from core.embedded_system import EmbeddedDatabaseError
    from core.errors import DomainError

    if isinstance(error, SettingsError | EmbeddedDatabaseError | RolesError | DurabilityError | DomainError):
        return str(error)
    return None


if __name__ == "__main__":
    run()
