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
