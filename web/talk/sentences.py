"""What is said of comments and files that were refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from web.sentences import sentence_for
from web.talk.records import type_name


@sentence_for("comment_removed")
def _comment_removed(data: Mapping[str, Any]) -> str:
    return _("This comment was taken back already.")


@sentence_for("not_your_comment")
def _not_your_comment(data: Mapping[str, Any]) -> str:
    return _("Somebody else wrote this comment; only he changes it or takes it back. Write one of your own.")


@sentence_for("not_base64")
def _not_base64(data: Mapping[str, Any]) -> str:
    return _("This is no file in Base64.")


@sentence_for("file_removed")
def _file_removed(data: Mapping[str, Any]) -> str:
    return _("This file was removed already.")


@sentence_for("file_empty")
def _file_empty(data: Mapping[str, Any]) -> str:
    return _("“%(name)s” is empty. Nothing was added; choose the files again without it.", name=data["name"])


@sentence_for("file_too_large")
def _file_too_large(data: Mapping[str, Any]) -> str:
    return _(
        "“%(name)s” is larger than %(limit)s MB. Nothing was added; make it smaller, or hand it in in parts.",
        name=data["name"],
        limit=data["limit"],
    )


@sentence_for("file_kind_refused")
def _file_kind_refused(data: Mapping[str, Any]) -> str:
    return _(
        "“%(name)s” is of a kind that is not kept, damaged, or holds macros. Nothing was added. Kept are PNG and JPEG "
        "pictures, PDF, office files without macros, plain text and ZIP.",
        name=data["name"],
    )


@sentence_for("too_many_files")
def _too_many_files(data: Mapping[str, Any]) -> str:
    return _("At most %(limit)s files at once. Hand them in in parts.", limit=data["limit"])


@sentence_for("files_of_record_too_large")
def _files_of_record_too_large(data: Mapping[str, Any]) -> str:
    return _("The files of one record may take %(limit)s MB together. Remove some first.", limit=data["limit"])


def not_told(record_type: str, people: Iterable[Mapping[str, Any]]) -> str:
    """Who was called upon and may not see the record."""
    names = [str(person["name"]) for person in people]
    return ngettext(
        "%(names)s cannot see this record (%(kind)s), and was not told.",
        "%(names)s cannot see this record (%(kind)s), and were not told.",
        len(names),
        names=_(", ").join(names),
        kind=type_name(record_type),
    )
