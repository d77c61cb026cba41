"""Every refusal that domain code raises reads as a sentence, with the data it is raised with, in both languages."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from flask_babel import force_locale

from web import filters, sentences

ROOT = Path(__file__).parents[2]
DOMAIN = ("core", "finance", "inventory", "crm")
NUMBERS = frozenset((
    "amount", "available", "balance", "credit", "credit_limit", "debit", "difference", "exposure", "held", "left",
    "largest", "limit", "open", "over", "places", "requested", "shipped", "smallest", "position",
))  # fmt: skip
DAYS = frozenset(("date", "day", "effective_on", "first_on", "first_open_on", "starts_on", "today", "valid_until"))
SHORTAGE = {"position": 1, "name": "N", "sku": "S", "requested": "2", "available": "1", "short": "1", "product_id": 1}
OTHERS: dict[str, Any] = {
    "count": 3,
    "shortages": [SHORTAGE],
    "needed": ["draft", "done"],
    "state": "draft",
    "missing": [{"stage": "qualified", "field": "budget"}],
    "choices": ["a", "b"],
    "types": ["image/png"],
    "scopes": ["orders.fly"],
    "row_scope": "team",
}
# What one name holds in the data of this code and no other.
OF_CODE: dict[tuple[str, str], Any] = {
    ("day_beyond", "first"): date(2026, 1, 1),
    ("day_beyond", "last"): date(2026, 12, 31),
    ("permission_needs_others", "missing"): {"orders.confirm": ["customers.read", "orders.read"]},
}

INTERNAL = ("replay",)  # caught by the house itself: the first answer is given again


@pytest.fixture(autouse=True)
def _books_in_yuan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filters, "company_currency", lambda: "CNY")


class Raised(NamedTuple):
    """One place that refuses: its code and the names of the data that go with it."""

    where: str
    code: str
    names: frozenset[str]


def raised() -> Iterator[Raised]:
    for package in DOMAIN:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    yield from _refusal(node, f"{path.relative_to(ROOT)}:{node.lineno}")


def _refusal(call: ast.Call, where: str) -> Iterator[Raised]:
    named = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    texts = [argument.value if isinstance(argument, ast.Constant) else None for argument in call.args]
    match call.func:
        case ast.Name(id="DomainError") | ast.Attribute(attr="__init__") if texts and texts[0] not in (None, *INTERNAL):
            yield Raised(where, texts[0], frozenset(named) - {"fields", "http_status"})
        case ast.Name(id="FieldError") if texts and isinstance(texts[0], str):
            data = call.args[1] if len(call.args) > 1 else None
            keys = data.keys if isinstance(data, ast.Dict) else []
            yield Raised(where, texts[0], frozenset(key.value for key in keys if isinstance(key, ast.Constant)))
        case ast.Attribute(attr="add") if len(call.args) == 2:
            for code in _codes(call.args[1]):
                yield Raised(where, code, frozenset(named))
        case ast.Attribute(attr="positive"):
            for code in _codes(named.get("too_much")):
                yield Raised(where, code, frozenset(named) - {"too_much", "most"} | {"left"})


def _codes(node: ast.expr | None) -> list[str]:
    """The codes an expression may be: a text, or one of two."""
    if isinstance(node, ast.IfExp):
        return _codes(node.body) + _codes(node.orelse)
    is_code = isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier()
    return [node.value] if is_code else []


SITES = sorted(set(raised()))


def sample(code: str, name: str) -> Any:
    if (code, name) in OF_CODE:
        return OF_CODE[code, name]
    if name in NUMBERS:
        return Decimal("12.50")
    if name in DAYS:
        return date(2026, 3, 18)
    return OTHERS.get(name, "X-1")


def test_the_places_are_found() -> None:
    codes = {site.code for site in SITES}
    assert {"credit_exceeds_invoice", "insufficient_stock", "order_state", "more_than_to_cancel", "required"} <= codes
    assert len(SITES) > 100


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_refusal_reads_as_a_sentence(app: Any, language: str) -> None:
    faults = []
    with app.test_request_context(), force_locale(language):
        for site in SITES:
            try:
                text = sentences.render(site.code, {name: sample(site.code, name) for name in site.names})
            except Exception as error:
                faults.append(f"{site.where}: {site.code}({', '.join(sorted(site.names))}): {error!r}")
            else:
                if text is None or not text.strip():
                    faults.append(f"{site.where}: {site.code} has no sentence")
    assert not faults, "\n".join(faults)


def test_a_sentence_that_cannot_be_said_is_noted(app: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The reader still learns the code; whoever keeps the logs learns the fault."""
    with app.test_request_context(), force_locale("en"):
        assert "credit_exceeds_invoice" in sentences.sentence("credit_exceeds_invoice", {"amount": 1})
    assert "credit_exceeds_invoice" in caplog.text
    assert "KeyError" in caplog.text


@pytest.mark.parametrize(("language", "part"), [("zh", "没有冲减：INV-1"), ("en", "Not credited: CHAI on INV-1")])
def test_a_price_credit_beyond_its_line_reads_as_a_sentence(app: Any, language: str, part: str) -> None:
    data = {"invoice": "INV-1", "sku": "CHAI", "left": Decimal(100), "amount": Decimal(9999)}
    with app.test_request_context(), force_locale(language):
        text = sentences.sentence("credit_exceeds_invoice", data)
    assert text.startswith(part)
    assert "9,999.00" in text
