"""`demo`: the demo company, loaded once through the product's own functions, then served on this machine only."""

import os
from dataclasses import replace

import click

from core.config import load_settings
from web.cli.messages import _
from web.cli.progress import Progress, say

LOGINS = ("admin", "manager", "sales", "sales2", "finance", "warehouse")


@click.command("demo", help=_("Load the demo company and serve it on this machine."))
@click.option("--no-serve", is_flag=True, help=_("Only load, do not serve."))
@click.option("--port", type=click.IntRange(1, 65535), help=_("The port; PORT says it as well."))
def command(no_serve: bool, port: int | None) -> None:
    from web.cli.migrate import migrate_when_behind
    from web.cli.opened import opened, use_app_role
    from web.cli.serve import check_port, demo_mark, serve
    from web.cli.system import PANGO, ensure
    from web.demo.load import load_demo

    settings = load_settings({**os.environ, "COUNTINGHOUSE_ENV": "demo"})
    settings = replace(settings, port=port or settings.port)
    if not no_serve:
        check_port(settings.host, settings.port)
    ensure(PANGO)
    say(_("Starting the database…"))
    with opened(settings) as found:
        migrate_when_behind(found.settings)
        demo_mark(settings.home).touch()
        use_app_role(found.settings)
        load_demo(Progress)
        say(_("Sign in as %(logins)s; the password is demo.") % {"logins": ", ".join(LOGINS)})
        if not no_serve:
            from core.database import current

            current().dispose()
            serve(found.settings, found.embedded)
