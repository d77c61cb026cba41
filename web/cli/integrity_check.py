"""`integrity-check`: every stored figure derived anew in one snapshot; exit code 1 when one differs."""

import json
import sys

import click

from web.cli.messages import _


@click.command("integrity-check", help=_("Derive every stored figure anew and compare."))
@click.option("--json", "json_output", is_flag=True, help=_("Print JSON."))
def command(json_output: bool) -> None:
    from core.database import Database
    from core.seal_files import SealFiles
    from web.cli.opened import opened, system_url
    from web.integrity import AT_ONCE, check_database, in_order
    from web.integrity.chain import check_audit
    from web.integrity.searching import check_terms

    with opened() as found:
        url = system_url(found.settings)
        database = Database(url, pool_size=AT_ONCE, application_name="countinghouse integrity-check")
        try:
            checks = check_database(database)
            files = SealFiles.of(found.settings.home, url)
            checks += [*check_audit(database, files, found.settings.secret_key), check_terms(database)]
            checks = in_order(checks)
        finally:
            database.dispose()
    failed = [check for check in checks if not check["ok"]]
    if json_output:
        click.echo(json.dumps({"ok": not failed, "checks": checks}, ensure_ascii=False, default=str, indent=2))
    else:
        for check in checks:
            click.echo(f"{'ok  ' if check['ok'] else 'FAIL'} {check['code']} {check['title']}")
            for finding in check.get("findings", []):
                click.echo(f"       {finding}")
        total = {"failed": len(failed), "total": len(checks)}
        click.echo(_("%(failed)s of %(total)s checks failed.") % total if failed else _("All checks passed."))
    sys.exit(1 if failed else 0)
