"""What not everybody sees is declared: a new column of such a name fails here until it is, or has been looked at."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import pkgutil
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from core.database import Base
from core.masks import (
    IN_THE_CLEAR,
    NOTHING,
    RECORDS,
    Cost,
    Masked,
    Phone,
    as_data,
    hides_column,
    hint_of,
    maker,
    sensitive_fields,
    showing,
    shown_record,
)
from core.models_registry import import_all_models
from core.statements import REGISTRY
from tests.architecture.hooks import ROOT, sources

TELLING = re.compile(
    r"phone|mobile|fax|mail|wechat|iban|bank|cost|margin|valuation|worth|profit|account_number|(^|_)value$",
    re.IGNORECASE,
)
# Facts that are shown: each with why it is not masked. Whatever else is shown is declared (`core.masks`).
SHOWN_TO_ALL = {
    "core.lists.grouping.Group.value": "nothing is grouped by a column that is masked for who asks",
    "core.lists.source.Column.value": "an expression of the query; rows are masked by `row_type`",
    "web.lists.declared.ListPage.phone_lines": "names of columns",
    "web.exports.lists.Column.value": "says where a cell comes from; the row it is read from is masked",
    "core.queries.company.CompanyPaper.phone": "the letterhead of papers that go to customers",
    "core.queries.company.CompanyPaper.bank_name": "where customers are to pay, on their papers",
    "core.queries.company.CompanyPaper.bank_account": "where customers are to pay, on their papers",
    "core.queries.company.CompanyRecord.phone": "the company's own, on every letterhead",
    "core.queries.company.CompanyRecord.email": "the company's own, on every letterhead",
    "core.queries.company.CompanyRecord.bank_name": "names the bank, not the account",
    "web.documents.data.CompanyFacts.phone": "the letterhead",
    "web.documents.data.CompanyFacts.bank_name": "the letterhead",
    "web.documents.data.CompanyFacts.bank_account": "the letterhead",
    "finance.queries.payment_record.PaymentRecord.bank_account": "the name of ours that took the money",
    "finance.queries.payment_record.PaymentRecord.bank_account_id": "an id",
    "finance.queries.payments.PaymentRecord.bank": "the name of ours that took the money",
    "finance.queries.payments.PaymentRecord.bank_account_id": "an id",
    "core.uncover.Uncovered.value": "answered on record",
    "core.config.Settings.mail_server": "shown to who changes the company's settings, less its password",
    "core.config.Settings.mail_from": "the company's own, at the head of every mail",
    "web.users.departures.Group.value": "a region, an industry or an id",
}
# Facts that commands decide by, and other things that are never shown as they are.
DECIDED_BY = {
    "core.password_links.Link.email",
    "core.queries.paging.Sorting.value",
    "core.search_entries.Searched.emails",
    "core.search_entries.Searched.phones",
    "crm.orders.correction.Correction.valuations",
    "crm.orders.facts.LineFact.cost_recognised",
    "inventory.documents.ProductFact.cost",
    "inventory.documents.StockLine.unit_cost",
    "inventory.shipments.Returned.cost",
    "inventory.shipments.Shipped.costs",
    "inventory.stock.Stock.valuations",
    "inventory.stock.ValuationFact.value",
    "inventory.stock._Valuation.value",
}
# Columns of models that no answer, audit row or form masks by name, with why.
COLUMNS_SHOWN = {
    "company.phone": "on every letterhead",
    "company.email": "on every letterhead",
    "company.bank_name": "names the bank, not the account",
    "payment.bank_account_id": "an id",
    "notice.mail_id": "an id",
    "password_link.email": "compared when the link is used, shown and audited nowhere",
    "number_series.last_value": "a counter of document numbers",
    "sales_order_line.cost_recognised": "counted by commands, shown nowhere",
    "shipment_line.cost": "written by the plan, not audited",
    "stock_move.value": "written by the plan, not audited",
    "product_valuation.value": "written by the plan, not audited",
    "stock_document_line.unit_cost": "audited within its document",
    "stock_document_line.value": "audited within its document",
}
# They uncover on record, or tell phones and addresses only to who sees them.
TELL_TO_WHO_SEES = ("uncover.", "finding.Hit", "search.recent")
# Statements that reach such a column without a declared fact, with why.
STATEMENTS_REVIEWED = {
    "papers.company": "the letterhead",
    "customers.duplicate": "compares keys; tells who owns the customer that has them",
    "stock_documents.products": "what a command decides by",
    "password_links.link": "what a command decides by",
    "banks.lock": "names the table",
    "talk.readers": "where a mail to one's own goes",
    "digest.recipient": "where a mail to oneself goes",
    "integrity.I6.valuation": "the check of the books, for who runs it on the machine",
}
_COLUMN = re.compile(r"\b(?:phone|email|cost|unit_cost|bank_account|bank\.number|valuation\.value)\b(?!\s+AS\b|\.)")


def modules() -> Iterator[Any]:
    for package in ("core", "finance", "inventory", "crm", "web"):
        for found in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


def facts() -> Iterator[Any]:
    """Every tuple and data class of the product."""
    for module in modules():
        for found in vars(module).values():
            is_ours = isinstance(found, type) and found.__module__ == module.__name__
            if is_ours and (dataclasses.is_dataclass(found) or hasattr(found, "_fields")):
                yield found


def fields_of(fact: Any) -> list[str]:
    return list(getattr(fact, "_fields", ())) or [field.name for field in dataclasses.fields(fact)]


def test_telling_fields_of_facts_are_declared() -> None:
    found = set()
    for fact in facts():
        declared = {name for _, name, _ in sensitive_fields(fact)}
        names = [name for name in fields_of(fact) if TELLING.search(name) and name not in declared]
        found |= {f"{fact.__module__}.{fact.__qualname__}.{name}" for name in names}
    found = {name for name in found if not name.startswith(("web.bench.", "web.drill."))}
    assert found - DECIDED_BY - SHOWN_TO_ALL.keys() == set(), "declare it (core.masks) or say why it is shown"
    assert (DECIDED_BY | SHOWN_TO_ALL.keys()) - found == set(), "no longer there"


def test_telling_columns_of_records_are_masked_by_name() -> None:
    import_all_models()
    found = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if TELLING.search(column.name) and column.name not in RECORDS.get(table.name, {})
    }
    assert found == COLUMNS_SHOWN.keys()


def test_registered_statements_answer_declared_facts() -> None:
    """A statement that selects such a column has a fact that declares it, or was looked at."""
    list(modules())
    found = set()
    for name, statement in REGISTRY.items():
        selected = statement.text.partition(" FROM ")[0]
        if _COLUMN.search(selected) and not statement.is_sensitive and not name.startswith(TELL_TO_WHO_SEES):
            found.add(name.split("[")[0])
    assert found <= STATEMENTS_REVIEWED.keys(), found - STATEMENTS_REVIEWED.keys()


def test_facts_with_masks_are_made_by_their_maker_only() -> None:
    """Nobody builds one by hand of a row: that would show what is in it."""
    masked = {fact for fact in facts() if sensitive_fields(fact)}
    made = []
    for path, module in sources().items():
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[0] not in ("core", "finance", "inventory", "crm", "web"):
            continue
        named = vars(importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts)))
        made += [
            f"{path.relative_to(ROOT)}:{node.lineno} {node.func.id}"
            for node in ast.walk(module)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and isinstance(fact := named.get(node.func.id), type)
            and fact in masked
        ]
    assert made == []


def test_commands_decide_by_facts_without_masks() -> None:
    """A command that read a masked fact would reckon with masks, and write them."""
    names = {fact.__name__ for fact in facts() if sensitive_fields(fact)}
    assert {"CustomerRecord", "ProductRecord"} <= names
    used = []
    for path, module in sources().items():
        parts = path.relative_to(ROOT).parts
        if parts[0] in ("web", "tests", "migrations") or "queries" in parts:
            continue
        for node in ast.walk(module):
            if isinstance(node, ast.ImportFrom) and "queries" in (node.module or ""):
                used += [f"{path.relative_to(ROOT)}: {alias.name}" for alias in node.names if alias.name in names]
    assert used == []


def test_links_that_call_or_write_go_through_the_macro() -> None:
    """A `tel:` or `mailto:` beside it would carry the number that the text hides."""
    for path in sorted((ROOT / "templates").rglob("*.html")):
        assert not re.search(r'<a[^>]*href="(?:tel|mailto):', path.read_text(encoding="utf-8")), path


# the value itself -----------------------------------------------------------------------------------------------------
class Row(NamedTuple):
    name: str
    phone: Phone | None
    cost: Cost


def test_a_mask_holds_nothing_and_makes_only_masks() -> None:
    with showing(NOTHING):
        row = maker(Row)("Li", "138 4471 9053", Decimal("61.50"))
    assert (str(row.phone), str(row.cost), f"{row.cost:.2f}") == ("•••• 9053", "•••", "•••")
    for figure in (row.cost * 2, row.cost + 1, 1 - row.cost, row.cost / 3, abs(-row.cost), sum([row.cost, row.cost])):
        assert isinstance(figure, Masked)
    for compared in (lambda: row.cost < 5, lambda: float(row.cost), lambda: Decimal(row.cost), lambda: int(row.cost)):
        with pytest.raises(TypeError):
            compared()
    assert "61.5" not in repr(row) and "4471" not in repr(row)
    assert as_data({"rows": [row._asdict()]}) == {
        "rows": [{"name": "Li", "phone": None, "cost": None, "masked": ["phone", "cost"]}]
    }


def test_nothing_is_masked_for_who_sees_everything() -> None:
    """And it costs nothing: the class itself makes the rows."""
    with showing(IN_THE_CLEAR):
        assert maker(Row) is Row
    with showing(frozenset({"costs.read"})):
        made = maker(Row)("Li", None, Decimal(1))
    assert made == Row("Li", None, Decimal(1)), "nothing stands behind no mask"


def test_lists_are_not_ordered_by_what_is_masked() -> None:
    with showing(NOTHING):
        assert hides_column(Row, "cost") and not hides_column(Row, "name")
    with showing(IN_THE_CLEAR):
        assert not hides_column(Row, "cost")


@pytest.mark.parametrize(
    ("kind", "value", "hint"),
    [
        ("phones", "+86 138-4471-9053", "•••• 9053"),
        ("phones", "110", "••••"),
        ("emails", "lin.wei@example.com", "l•••@example.com"),
        ("emails", "l@example.com", "•••@example.com"),
        ("bank_details", "DE02 1203 0000 0000 2020 51", "•••• 2051"),
        ("costs", Decimal("61.50"), "•••"),
    ],
)
def test_a_hint_tells_little(kind: str, value: Any, hint: str) -> None:
    assert hint_of(kind, value) == hint


def test_audit_rows_are_masked_by_column() -> None:
    changes = {"phone": ["138 4471 9053", "139 7015 2264"], "name": ["Li", "Lin"], "note": None}
    with showing(frozenset({"emails.read"})):
        shown = shown_record("contact", changes)
    assert [str(side) for side in shown["phone"]] == ["•••• 9053", "•••• 2264"]
    assert shown["name"] == ["Li", "Lin"]
    lines = {"lines": [{"product_id": 1, "unit_cost": "61.50", "value": "123.00", "quantity": "2"}]}
    with showing(NOTHING):
        [line] = shown_record("stock_document", lines)["lines"]
    assert isinstance(line["unit_cost"], Masked) and isinstance(line["value"], Masked) and line["quantity"] == "2"
