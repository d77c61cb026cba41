"""Every sentence a person may see exists in Chinese, with the same placeholders, and the same in every catalogue."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir

from web.i18n import FOLDER, load_catalogue, read_sentences

ROOT = Path(__file__).parents[2]
GETTEXTS = {
    "gettext": None,
    "lazy_gettext": None,
    "ngettext": (1, 2),
    "lazy_ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
}
METHODS = {"web": [("**.py", "python")], "templates": [("**.html", "jinja2"), ("**.txt", "jinja2")]}
PLACEHOLDER = re.compile(r"%(?:\((\w+)\))?[a-z%]")


@cache
def sentences() -> tuple[tuple[str, object, str], ...]:
    """All sentences of code and templates: where, key (a pair for plurals), kind of source."""
    return tuple(_extract())


@cache
def keywords() -> dict[str, object]:
    """The names under which sentences are looked up: gettext's own, `_` of the templates, every alias of an import."""
    names: dict[str, object] = {"_": None, **GETTEXTS}
    for path in (ROOT / "web").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module == "flask_babel":
                names |= {each.asname: GETTEXTS[each.name] for each in node.names if each.asname}
    return names


def _extract() -> Iterator[tuple[str, object, str]]:
    for folder, methods in METHODS.items():
        if (ROOT / folder).exists():
            found = extract_from_dir(
                ROOT / folder, method_map=methods, keywords=keywords(), options_map={"**": {"newstyle_gettext": "true"}}
            )
            for name, line, message, _comments, context in found:
                key = message if context is None else f"{context}\x04{message}"
                yield f"{folder}/{name}:{line}", key, folder


def chinese_of(key: object) -> str | None:
    catalogue = load_catalogue(FOLDER, "zh")
    assert catalogue is not None
    return catalogue._catalog.get((key[0], 0) if isinstance(key, tuple) else key)


def test_something_is_extracted() -> None:
    assert len(sentences()) > 100


def test_sentences_are_found_under_every_alias() -> None:
    assert {"_", "_l", "_now"} <= set(keywords())
    assert any(key == "As in the settings" for _, key, _ in sentences())


def test_every_sentence_has_a_chinese_one() -> None:
    missing = [f"{where}: {key!r}" for where, key, _ in sentences() if not chinese_of(key)]
    assert not missing, "\n".join(missing)


def test_placeholders_are_the_same() -> None:
    wrong = []
    for where, key, folder in sentences():
        english, chinese = key[-1] if isinstance(key, tuple) else str(key).split("\x04")[-1], chinese_of(key)
        if chinese is None:
            continue
        names = [{name for name in PLACEHOLDER.findall(text) if name} for text in (english, chinese)]
        # In templates every sentence is formatted, so a literal percent sign must be doubled there.
        if names[0] != names[1] or (folder == "templates" and re.search(r"(?<!%)%(?:%%)*(?![(%])", chinese)):
            wrong.append(f"{where}: {english!r} / {chinese!r}")
    assert not wrong, "\n".join(wrong)


def test_catalogues_do_not_contradict_each_other() -> None:
    first: dict[object, tuple[str, str]] = {}
    differing = []
    for path in sorted((FOLDER / "zh").glob("*.po")):
        for key, text in read_sentences(path, "zh").items():
            known = first.setdefault(key, (text, path.name))
            if known[0] != text:
                differing.append(f"{key!r}: {known[1]} {known[0]!r}, {path.name} {text!r}")
    assert not differing, "\n".join(differing)


@pytest.mark.parametrize("path", sorted((FOLDER / "zh").glob("*.po")), ids=lambda path: path.name)
def test_chinese_wording(path: Path) -> None:
    for key, text in read_sentences(path, "zh").items():
        assert not re.search(r"[！!]|^请(?!求)", text), (key, text)
        assert not re.search(r"[\u4e00-\u9fff][,;?:](?!\d)", text), (key, text)
