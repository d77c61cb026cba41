"""`odoo-check`: tests the connection to an Odoo server and says what is wrong in one sentence."""

import os
import sys

import click

from web.cli.messages import _


@click.command("odoo-check", help=_("Test the connection to an Odoo server."))
@click.argument("url")
@click.argument("database", metavar="DB")
@click.argument("user")
@click.option("--timeout", default=15.0, show_default=True, type=click.FloatRange(1, 300), help=_("Seconds per call."))
def command(url: str, database: str, user: str, timeout: float) -> None:
    from web.odoo.adapter import SENTENCES, OdooAddress, OdooError, connect

    try:
        address = OdooAddress.parse(url, database, user)
        password = os.environ.get("ODOO_PASSWORD") or click.prompt(_("Password"), hide_input=True, err=True)
        connection = connect(address, password, timeout)
    except OdooError as error:
        click.echo(_(SENTENCES[error.code]) % error.data, err=True)
        sys.exit(1)
    data = {"address": address.shown, "version": connection.version, "user": user, "id": connection.user_id}
    click.echo(_("Connected to %(address)s, Odoo %(version)s, signed in as %(user)s (id %(id)s).") % data)
