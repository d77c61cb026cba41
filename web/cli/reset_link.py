"""`reset-link`: a link that sets a new password, printed for whoever stands at the machine."""

import click

from web.cli.messages import _


@click.command("reset-link", help=_("Print a link by which a user sets a new password."))
@click.argument("user")
def command(user: str) -> None:
    from core.command import run
    from core.context import Context
    from core.password_links import RESET_FOR, make_reset_link
    from web.cli.opened import opened, use_app_role
    from web.cli.serve import address
    from web.mails import reset_address

    with opened() as found:
        use_app_role(found.settings)
        token = run(make_reset_link, user, context=Context(route="reset-link"))["token"]
        click.echo(reset_address(found.settings.public_url or address(found.settings), token))
        minutes = int(RESET_FOR.total_seconds()) // 60
        click.echo(_("Works once, for %(minutes)s minutes.") % {"minutes": minutes}, err=True)
