"""PDFs: the documents of the pages, in both languages, and nothing else under that address."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from tests.web.api.conftest import Api
from tests.web.api.test_refusals import faults, problem
from web.documents.render import PdfUnavailable

TITLES = {
    "quotations": ("报价单", "Quotation", "sales"),
    "sales-orders": ("订单确认书", "Order confirmation", "sales"),
    "invoices": ("账单", "Invoice", "sales"),
    "credit-notes": ("贷项通知单", "Credit note", "sales"),
    "shipments": ("送货单", "Delivery note", "warehouse"),
}
REFUSED = {"quotations": "warehouse", "invoices": "warehouse", "credit-notes": "warehouse"}


@pytest.fixture(scope="module")
def made(app: Any, tokens: dict[str, str]) -> dict[str, tuple[int, str]]:
    """A document of every kind: id and number."""
    api = Api(app.test_client(), tokens["admin"])
    seller = Api(app.test_client(), tokens["sales"]).ok("GET", "/me")["id"]
    customer, product = api.customer(name="纸面客户", owner_id=seller), api.product("9")
    line = {"product_id": product["id"], "quantity": "3"}
    quotation = api.ok("POST", "/quotations", {"customer_id": customer["id"], "lines": [line]})
    order = api.ok("POST", f"/quotations/{quotation['id']}/order")
    path = f"/sales-orders/{order['id']}"
    [invoice] = api.ok("POST", f"{path}/confirm")["invoices"]
    [shipment] = api.ok("POST", f"{path}/ship")["shipments"]
    back = {"lines": [{"line_id": order["lines"][0]["id"], "quantity": "1"}], "reason": "包装破损"}
    api.ok("POST", f"{path}/return", back)
    [note] = api.ok("GET", f"/credit-notes?customer_id={customer['id']}")["items"]
    found = {
        "quotations": quotation, "sales-orders": order, "invoices": invoice, "credit-notes": note,
        "shipments": shipment,
    }  # fmt: skip
    return {kind: (document["id"], document["number"]) for kind, document in found.items()}


def text_of(content: bytes) -> str:
    return subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=content, capture_output=True, check=True
    ).stdout.decode()


@pytest.mark.parametrize("kind", TITLES)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_document_in_either_language(as_role: Any, made: dict[str, tuple[int, str]], kind: str, lang: str) -> None:
    (chinese, english, role), (identity, number) = TITLES[kind], made[kind]
    answer = as_role(role).get(f"/{kind}/{identity}/pdf?lang={lang}")
    assert (answer.status_code, answer.content_type) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"] == f'inline; filename="{number}-{lang}.pdf"'
    text = text_of(answer.data)
    assert (chinese if lang == "zh" else english) in text
    assert number in text and "纸面客户" in text


def test_a_credit_note_names_its_invoice_and_amounts(api: Api, made: dict[str, tuple[int, str]]) -> None:
    identity, _number = made["credit-notes"]
    note = api.ok("GET", f"/credit-notes/{identity}")
    text = text_of(api.get(f"/credit-notes/{identity}/pdf?lang=en").data)
    for expected in (made["invoices"][1], note["amount_total"], note["amount_net"], "包装破损"):
        assert expected in text


def test_without_a_language_the_caller_s_own_is_taken(api: Api, as_role: Any, made: dict[str, tuple[int, str]]) -> None:
    identity, number = made["invoices"]
    answer = api.get(f"/invoices/{identity}/pdf")
    assert answer.headers["Content-Disposition"] == f'inline; filename="{number}-zh.pdf"'
    english = as_role("sales").get(f"/invoices/{identity}/pdf")
    assert english.headers["Content-Disposition"] == f'inline; filename="{number}-en.pdf"'


@pytest.mark.parametrize("kind", TITLES)
def test_what_is_refused(api: Api, as_role: Any, made: dict[str, tuple[int, str]], kind: str) -> None:
    identity, _number = made[kind]
    problem(api.get(f"/{kind}/7/pdf"), 404, "not_found")
    wrong = api.get(f"/{kind}/{identity}/pdf?lang=fr")
    assert faults(problem(wrong, 422, "invalid_input")) == {"lang": "unknown_choice"}
    if kind in REFUSED:
        problem(as_role(REFUSED[kind]).get(f"/{kind}/{identity}/pdf"), 403, "permission_denied")


def test_a_machine_without_the_library_says_so(
    api: Api, made: dict[str, tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> bytes:
        raise PdfUnavailable

    monkeypatch.setattr("web.documents.answer.render_pdf", refuse)
    problem(api.get(f"/invoices/{made['invoices'][0]}/pdf"), 503, "pdf_unavailable")
