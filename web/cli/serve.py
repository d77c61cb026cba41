"""`serve`: database, web and worker on this machine, watched over until told to stop."""

import socket
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import click

from core.config import Settings, SettingsError, is_loopback, load_settings
from core.embedded import EmbeddedDatabase
from web.cli.messages import _
from web.cli.progress import say

DEMO_MARK = "demo-company"


@click.command("serve", help=_("Serve: database, web and worker, watched over."))
@click.option("--port", type=click.IntRange(1, 65535), help=_("The port; PORT says it as well."))
def command(port: int | None) -> None:
    from web.cli.migrate import migrate_when_behind
    from web.cli.opened import opened

    settings = settings_to_serve(load_settings(), port)
    say(_("Starting…"))
    with opened(settings) as found:
        migrate_when_behind(found.settings)
        serve(found.settings, found.embedded)


def settings_to_serve(settings: Settings, port: int | None) -> Settings:
    """The settings to serve with: another port where one is given, and the demo's limits where the home holds the
    demo company.

    Raises SettingsError when the port is taken or the demo company would be reachable from outside.
    """
    settings = replace(settings, port=port or settings.port)
    if demo_mark(settings.home).exists() and settings.environment != "test":
        settings = replace(settings, environment="demo")
    if settings.environment == "demo" and not is_loopback(settings.host):
        raise SettingsError(
            _(
                "This folder holds the demo company, whose passwords are public: HOST must stay 127.0.0.1. "
                "Set COUNTINGHOUSE_HOME to another folder for a company of your own."
            )
        )
    check_port(settings.host, settings.port)
    return settings


def demo_mark(home: Path) -> Path:
    """The file that marks a home as the demo company's."""
    return home / DEMO_MARK


def check_port(host: str, port: int) -> None:
    """Raise SettingsError when the address cannot be listened on."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        sentence = _("Nothing can listen at %(host)s:%(port)s (%(reason)s). Choose another port with --port or PORT.")
        raise SettingsError(sentence % {"host": host, "port": port, "reason": error.strerror}) from error


def serve(settings: Settings, embedded: EmbeddedDatabase | None) -> None:
    """Serve until SIGTERM or SIGINT. Raises SettingsError when nothing comes up."""
    from web.supervisor import SupervisionError, Supervisor, answers, web_child, worker_child

    children = [web_child(settings)]
    if settings.broker_url.startswith("memory"):  # with a broker of its own, workers run where `worker` is called
        children.append(worker_child(settings))

    def announce() -> None:
        say(_("Countinghouse serves at %(address)s. Stop with Ctrl-C.") % {"address": address(settings)})

    supervisor = Supervisor(children, embedded, lambda: answers(settings.host, settings.port), announce)
    try:
        with suppress(KeyboardInterrupt):
            supervisor.run()
    except SupervisionError as error:
        raise SettingsError(str(error)) from error
    say(_("Stopped."))


def address(settings: Settings) -> str:
    """The address a person on this machine opens."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104 - shown, not bound
    return f"http://{host}:{settings.port}"
