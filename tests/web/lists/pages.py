"""A list page as a reader of its HTML finds it."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import Any

_TABS = re.compile(r'<nav class="tabs".*?</nav>', re.S)
_LINK = re.compile(r'<a href="([^"]*)"[^>]*>(.*?)</a>', re.S)
_COUNT = re.compile(r'<span class="count[^"]*">([^<]*)</span>')


@dataclass(frozen=True)
class ListText:
    """The text of a list page."""

    text: str

    @property
    def rows(self) -> int:
        return self.text.count("<tr data-row>")

    @property
    def total(self) -> str:
        """The number beside the title."""
        found = re.search(r'</h1><span class="dim">([^<]*)</span>', self.text)
        return found[1] if found else ""

    @property
    def tabs(self) -> dict[str, tuple[str, str]]:
        """Of each tab by name its address and number."""
        bar = _TABS.search(self.text)
        found = {}
        for address, inner in _LINK.findall(bar[0] if bar else ""):
            number = _COUNT.search(inner)
            name = html.unescape(re.sub(r"<.*", "", inner, flags=re.S)).strip()
            found[name] = (html.unescape(address), number[1] if number else "")
        return found

    @property
    def groups(self) -> list[tuple[str, str, int]]:
        """Of each group its name, the address of its rows, and how many it says they are."""
        row = re.compile(
            r'<tr data-row><td><a href="([^"]*)" data-open>(.*?)</a></td><td class="n">([\d,]+)</td>', re.S
        )
        return [
            (html.unescape(name), html.unescape(address), int(number.replace(",", "")))
            for address, name, number in row.findall(self.text)
        ]

    @property
    def nested(self) -> list[tuple[str, str, int, list[tuple[str, str, int]]]]:
        """Of each group of the first level its name, address and number, and the same of those within it."""
        link = r'<a href="([^"]*)" data-open>(.*?)</a>'
        row = re.compile(rf'<tr data-row( class="over")?><td[^>]*>{link}</td><td class="n">([\d,]+)</td>')
        found: list[tuple[str, str, int, list[tuple[str, str, int]]]] = []
        for is_over, address, name, number in row.findall(self.text):
            group = html.unescape(name), html.unescape(address), int(number.replace(",", ""))
            if is_over:
                found.append((*group, []))
            else:
                found[-1][3].append(group)
        return found

    @property
    def chips(self) -> list[str]:
        """The filters in force, in words."""
        found = re.findall(r'<span class="chip[^"]*"><a[^>]*>(.*?)</a>', self.text, re.S)
        return [html.unescape(" ".join(re.sub(r"<[^>]+>", " ", one).split())) for one in found]

    def ids(self) -> list[int]:
        return [int(found) for found in re.findall(r'name="id" value="(\d+)"', self.text)]


def read_list(client: Any, path: str) -> ListText:
    """The page of a list, which must open."""
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.status_code, answer.text[:2000])
    return ListText(answer.text)
