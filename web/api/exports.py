"""Export of lists: the files of the pages, by the same filters, under the same permissions and on the same record."""

from __future__ import annotations

from flask import Response

from web.api.fields import Body, Choice, Text
from web.api.operation import Call, operation
from web.exports.declared import LISTS
from web.exports.views import answer_export
from web.exports.writing import FORMATS
from web.limits import EXPORT

# What the lists' pages read from their addresses.
FILTERS = (
    "account",
    "as_of",
    "category",
    "cols",
    "customer",
    "customer_id",
    "f",
    "journal",
    "kind",
    "only",
    "owner",
    "product",
    "q",
    "since",
    "sort",
    "stage",
    "tab",
    "until",
    "view",
    "warehouse",
)


@operation(
    "POST",
    "/exports",
    "exports.create",
    summary="A list as a file: XLSX, or CSV as UTF-8 or GB18030",
    body=Body(
        list=Choice(choices=tuple(LISTS), required=True, help="Which list; its own permission is asked for too."),
        format=Choice(choices=tuple(FORMATS), help="XLSX when left out."),
    ),
    query=Body(**{name: Text(limit=200, help="As in the address of the list's page.") for name in FILTERS}),
    media_type="application/octet-stream",
    limit=EXPORT,
    refusals=("export_too_large",),
)
def create_export(call: Call) -> Response:
    return answer_export(LISTS[call.body["list"]], call.body.get("format") or "xlsx")
