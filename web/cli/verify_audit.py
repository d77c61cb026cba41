"""`verify-audit`: walks the whole audit chain; exit code 1 when a row is not as it was sealed."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from web.cli.messages import _

WHAT = {
    "changed": _("the row or its seal was changed, or stands at another place than it was sealed at"),
    "row_missing": _("the audit row was deleted"),
    "link_missing": _("a seal was taken out here"),
    "late": _("the row was put in afterwards with an earlier time"),
    "key_missing": _("it was sealed with a key that is not here; put back the file of keys"),
    "cut": _("the end of the chain was cut off here"),
    "anchor_differs": _("the chain was made anew: it is not the one that was anchored"),
    "anchor_missing": _("the anchor of this run is not in the file of anchors"),
}


@click.command("verify-audit", help=_("Walk the audit chain and name the first bad row."))
@click.option("--json", "json_output", is_flag=True, help=_("Print JSON."))
@click.option(
    "--anchors",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=_("A copy of the anchors that is kept elsewhere; may be repeated."),
)
def command(json_output: bool, anchors: tuple[Path, ...]) -> None:
    from core.database import Database
    from core.seal_files import SealFiles
    from web.cli.opened import opened, system_url

    with opened() as found:
        url = system_url(found.settings)
        database = Database(url, pool_size=2, application_name="countinghouse verify-audit")
        try:
            verdict = look(database, SealFiles.of(found.settings.home, url, copies=anchors), found.settings.secret_key)
        finally:
            database.dispose()
    if json_output:
        click.echo(json.dumps(verdict, ensure_ascii=False, default=str, indent=2))
    else:
        for line in sentences(verdict):
            click.echo(line)
    sys.exit(0 if verdict["ok"] else 1)


def look(database: Any, files: Any, secret_key: str) -> dict[str, Any]:
    """What a walk of the whole chain finds, under the key of this machine."""
    from core import seal_check
    from core.seal_files import derive_key

    return seal_check.look(database, files, derive_key(secret_key))


def sentences(verdict: dict[str, Any]) -> list[str]:
    """What was found, for the person at the terminal."""
    counted = {"count": f"{verdict['checked']:,}", "seconds": verdict["seconds"], "waiting": verdict["waiting"]}
    if verdict["ok"]:
        lines = [_("The audit chain is whole: %(count)s rows in %(seconds)s s.") % counted]
        return lines + ([_("%(waiting)s newer rows wait for their seal.") % counted] if verdict["waiting"] else [])
    fault, row = verdict["fault"], verdict["fault"]["row"]
    place = {"position": fault["position"], "id": fault["audit_row_id"] or "–", "what": WHAT[fault["kind"]]}
    lines = [_("The audit chain is broken at place %(position)s (audit row %(id)s): %(what)s.") % place]
    if row:
        lines.append(
            f"  {row['recorded_at']}  {row['actor_name']}  {row['action']}  {row['record_type']} {row['record_id']}"
            f"  {row['record_label'] or ''}".rstrip()
        )
    return [*lines, _("%(count)s rows before it are as they were sealed.") % counted]
