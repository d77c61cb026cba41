"""What the rows of a list have in common, made once for all of them: the addresses they lead to, the words of their
links. Making each anew took longer than all else in a row."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from flask import url_for
from flask_babel import gettext as _

from web.lists.asking import Asking
from web.lists.place import opened_from
from web.navigation import link

# An id that no record has; in an address of one record it stands for any.
_ANY: Final = 2**62


def of_each(address: str) -> Callable[[int], str]:
    """The addresses of records that differ by their id only, from the address of any. The id stands in the path, so
    that what is asked for behind it may hold whatever it likes."""
    before, _any, after = address.partition(str(_ANY))
    return lambda record_id: f"{before}{record_id}{after}"


def record_url(wished: Asking) -> Callable[[Any], str | None]:
    """Where a row's record is shown, as opened from this list; None where there is no such page for who asks."""
    page = wished.page
    if page.record is None:
        return lambda row: None
    endpoint, argument = page.record
    any_record = link(endpoint, **{argument: _ANY}, **opened_from(wished))
    if any_record is None:
        return lambda row: None
    address = of_each(any_record)

    def url(row: Any) -> str | None:
        identity = getattr(row, page.leads_by)
        return None if identity is None else address(identity)

    return url


def edits(wished: Asking, columns: Iterable[tuple[str, str]], address: str) -> dict[str, tuple[Any, str]]:
    """Of each column that can be edited in place, given by name and label: where each row's field is edited, and the
    words of that link, which want the row's `name`. Who has done so comes back to `address`; to the list as it opens,
    nothing need be said."""
    page = wished.page
    back = address if address != url_for(page.endpoint) else None

    def of_column(name: str, label: str) -> tuple[Any, str]:
        any_field = url_for("lists.edit", list_name=page.name, record_id=_ANY, column=name, next=back)
        return of_each(any_field), _("Edit %(field)s of %(name)s", field=label.replace("%", "%%"), name="%(name)s")

    return {name: of_column(name, label) for name, label in columns}


def select_words() -> str:
    """The words of a row's box, which want the row's `name`."""
    return _("Select %(name)s", name="%(name)s")
