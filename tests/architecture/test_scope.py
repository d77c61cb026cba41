"""Every list of the API is registered once it is read; whether its text holds the predicate is asked of all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from core.queries.paging import Listing
from tests.architecture.commands import module_of, trees
from tests.architecture.scope_guard import guarded_tables
from tests.architecture.test_writes import BEYOND_THE_VIEWER


def listings() -> Iterator[Listing]:
    """The lists that the product's modules declare."""
    seen: set[int] = set()
    for name in trees():
        for value in vars(module_of(name)).values() if not name.startswith(("web.bench", "web.drill")) else ():
            if isinstance(value, Listing) and id(value) not in seen:
                seen.add(id(value))
                yield value


def test_every_list_of_the_api_holds_the_predicate() -> None:
    """Whether or not a test reads it: with none of its filters, and with each."""
    found = list(listings())
    lacking = {
        listing.name
        for listing in found
        for chosen in ((), *((name,) for name in listing.filters))
        if guarded_tables().search(text := listing._text(chosen, False)) and not re.search(r"\bvisible\(", text)
    }
    assert lacking - BEYOND_THE_VIEWER == set()
    assert len(found) > 20
