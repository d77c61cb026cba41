"""What the parts of lists are shown with in the style guide."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from flask_babel import gettext as _

from web.home.first_steps import STEPS, Step


def sample_list() -> Any:
    """A list with filters in force, one of them being changed and wrong, a cell being edited, and the first steps."""
    asking = SimpleNamespace(address=lambda: "#")
    links = {"edit_url": "#", "either_url": "#", "remove_url": "#"}
    chips = [
        SimpleNamespace(conditions=[(_("Owner"), _("is"), "Lin Wei")], is_readable=True, **links),
        SimpleNamespace(conditions=[(_("Region"), _("is"), "West"), (_("Balance"), ">", "10,000")],
                        is_readable=True, **links),
        SimpleNamespace(conditions=[(_("Region"), _("is"), "?")], is_readable=False, **links),
    ]  # fmt: skip
    column = SimpleNamespace(kind="money", name="balance")
    head = SimpleNamespace(label=_("Balance"))
    editor = SimpleNamespace(
        column=column, head=head, place="0", is_either=False, choices=[], periods={},
        condition=SimpleNamespace(values=["15o"], operator=">"), operators={">": ">", "<": "<"},
        error=_("“%(text)s” is not a number. Write it like 1,234.50.", text="15o"),
    )  # fmt: skip
    return SimpleNamespace(
        list=SimpleNamespace(title=_("Customers"), find=_("Name, pinyin, phone or code")),
        asking=asking,
        state=SimpleNamespace(words=""),
        chips=chips,
        editor=editor,
        control=SimpleNamespace(column=column, head=head, choices=[], most=None),
        steps=[Step(label, why, "#", number < 2) for number, (_field, label, why, _pages) in enumerate(STEPS)],
    )
