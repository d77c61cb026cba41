"""`token`: an API token for a user, printed once and stored as a hash only."""

import click

from web.cli.messages import _


@click.command("token", help=_("Make an API token for a user and print it."))
@click.argument("user")
@click.option("--scope", "scopes", multiple=True, help=_("A permission the token is limited to; may be repeated."))
@click.option("--name", default="API", show_default=True, help=_("What the token is called in the lists of tokens."))
@click.option("--days", type=click.IntRange(1, 3650), help=_("After so many days it ends; never without this."))
def command(user: str, scopes: tuple[str, ...], name: str, days: int | None) -> None:
    from core.command import run
    from core.context import Context
    from core.tokens import issue_token
    from web.cli.opened import opened, use_app_role

    with opened() as found:
        use_app_role(found.settings)
        result = run(
            issue_token, user, list(scopes) or None, name=name, days=days, context=Context(channel="command line")
        )
        click.echo(result["token"])
