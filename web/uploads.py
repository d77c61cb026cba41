"""What is said of a file that was handed in and refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from web.sentences import sentence_for


@sentence_for("upload_empty")
def _empty(data: Mapping[str, Any]) -> str:
    return _("The file is empty. Choose another one.")


@sentence_for("upload_too_large")
def _too_large(data: Mapping[str, Any]) -> str:
    limit = data["limit"] // 1000
    return _("The file is larger than %(limit)s kB. Make it smaller, or hand it in in parts.", limit=limit)


@sentence_for("upload_no_image")
def _no_image(data: Mapping[str, Any]) -> str:
    return _("This is no complete PNG or JPEG of sensible size. Save the picture as PNG and choose it again.")


@sentence_for("upload_no_workbook")
def _no_workbook(data: Mapping[str, Any]) -> str:
    return _("This is no plain Excel workbook. Save it as .xlsx, without a password, and choose it again.")


@sentence_for("upload_active_content")
def _active_content(data: Mapping[str, Any]) -> str:
    return _("The workbook holds macros, embedded objects or links to other files. Save it as .xlsx without them.")


@sentence_for("upload_unpacks_too_large")
def _unpacks_too_large(data: Mapping[str, Any]) -> str:
    return _("Unpacked, this workbook is larger than any table of records. Hand it in in parts.")


@sentence_for("upload_no_csv")
def _no_csv(data: Mapping[str, Any]) -> str:
    return _("This is no table in text. Save it as CSV in UTF-8 and choose it again.")


@sentence_for("upload_table_too_large")
def _table_too_large(data: Mapping[str, Any]) -> str:
    return _(
        "The table has more than %(rows)s rows, %(columns)s columns or %(cell)s characters in a cell. Hand it in in "
        "parts.",
        rows=data["rows"],
        columns=data["columns"],
        cell=data["cell"],
    )
