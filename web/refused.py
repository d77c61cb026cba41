"""What a record's page says of an action that is not possible now: what it waits for, or needs first."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Refused:
    """An action by its name on the page, and in a sentence what it needs. `is_main`: said under the head of the page;
    else it stands in the menu of further actions. `waits`: time or somebody else will bring it."""

    action: str
    reason: str
    is_main: bool = True
    waits: bool = False
