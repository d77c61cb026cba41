"""Cursors carry any sort value there and back; whatever else stands in one is refused before it reaches SQL."""

from __future__ import annotations

import base64
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from core.queries.paging import read_cursor, write_cursor
from core.queries.words import containing, patterns_of, words_of


@pytest.mark.parametrize(
    "value",
    [7, "北方五金 'n \" \\", "", Decimal("-12.30"), date(2026, 2, 28), datetime(2026, 2, 28, 1, 2, 3, 4, UTC)],
)
def test_a_cursor_comes_back_as_it_went(value: Any) -> None:
    assert read_cursor(write_cursor([value, 12]), [type(value), int]) == (value, 12)


def _packed(data: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("cursor", "kind"),
    [
        ("no cursor", str),
        (_packed({}), str),
        (_packed(["a"]), str),
        (_packed(["a", 1]), str),
        (_packed(["a", "-1"]), str),
        (_packed(["a", str(2**63)]), str),
        (_packed(["a\x00", "1"]), str),
        (_packed(["\ud800", "1"]), str),
        (_packed(["soon", "1"]), date),
        (_packed(["2026-02-30", "1"]), date),
        (_packed(["NaN", "1"]), Decimal),
        (_packed(["1e99999", "1"]), Decimal),
        (_packed(["x", "1"]), Decimal),
        ("W" * 20_000, str),
    ],
)
def test_what_is_no_cursor_is_refused(cursor: str, kind: type) -> None:
    with pytest.raises(ValueError, match="not a cursor"):
        read_cursor(cursor, [kind, int])


def test_words_are_folded_and_few() -> None:
    assert words_of("  Ｃａｆé 北方 ") == ["cafe", "北方"]
    assert len(words_of("a " * 500)) == 8
    assert patterns_of("") == []
    assert containing("50%_\\") == "%50\\%\\_\\\\%"
