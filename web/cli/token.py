"""`token`: an API token for a user, printed once and stored as a hash only."""

import click

from web.cli.messages import _


@click.command("token", help=_("Make an API token for a user and print it."))
@click.argument("user")
@click.option("--scope", "scopes", multiple=True, help=_("A permission the token is limited to; may be repeated."))
def command(user: str, scopes: tuple[str, ...]) -> None:
    from core.command import run
    from core.context import Context
    from core.sessions import issue_token
    from web.cli.opened import opened, use_app_role

    with opened() as found:
        use_app_role(found.settings)
        result = run(issue_token, user, list(scopes), context=Context(channel="command line"))
        click.echo(result["token"])
