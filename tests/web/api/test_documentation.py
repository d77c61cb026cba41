"""The OpenAPI document and the page say what the routes do, all of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from flask import Flask

from tests.web.api.conftest import Api
from tests.web.api.test_lists import LISTS
from web.api.fields import MASKED_SCHEMA, Body, Many
from web.api.operation import OPERATIONS
from web.i18n import FOLDER, load_catalogue
from web.permissions import route_matrix

OF_NO_RECORD = {"/openapi.json", "/docs"}


def test_every_route_is_in_the_document_and_nothing_else(app: Flask, api: Api) -> None:
    document = json.loads(Api(app.test_client(), None).get("/openapi.json").text)
    assert document["openapi"].startswith("3.1")
    described = {
        (path, method.upper()): operation["description"]
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    routed = {
        (re.sub(r"<[^:]*:(\w+)>", r"{\1}", row.rule.removeprefix("/api/v1")), row.method): row.permission
        for row in route_matrix(app)
        if row.endpoint.startswith("api.")
    }
    assert described.keys() == {key for key in routed if key[0] not in OF_NO_RECORD}
    for key, text in described.items():
        assert f"`{routed[key]}`" in text


TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "integer": (int,), "boolean": (bool,), "null": (type(None),),
}  # fmt: skip


def check(value: Any, schema: Any, where: str) -> None:
    """That `value` is of the described type, with every described property, all the way down."""
    kinds = schema.get("type", [])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    assert not kinds or isinstance(value, tuple(kind for name in kinds for kind in TYPES[name])), f"{where}: {value!r}"
    if isinstance(value, dict):
        for name, part in schema.get("properties", {}).items():
            if name not in value and part == MASKED_SCHEMA:
                continue  # there only where something is masked for the caller
            assert name in value, f"{where}.{name} is missing"
            check(value[name], part, f"{where}.{name}")
    if isinstance(value, list):
        for each in value:
            check(each, schema["items"], f"{where}[]")
    if schema.get("format") == "decimal" and value is not None:
        assert Decimal(value).is_finite()


def test_the_document_uses_known_types_and_unique_names(api: Api) -> None:
    document = json.loads(api.get("/openapi.json").text)
    names = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]
    assert len(names) == len(set(names)) == len(OPERATIONS)

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            kinds = part.get("type", [])
            if isinstance(kinds, str | list) and "in" not in part:
                assert {kinds} <= TYPES.keys() if isinstance(kinds, str) else set(kinds) <= TYPES.keys() | {"http"}
            for name, value in part.items():
                if name != "securitySchemes":
                    walk(value)
        elif isinstance(part, list):
            for value in part:
                walk(value)

    walk(document)


def test_answers_are_as_described(api: Api) -> None:
    document = json.loads(api.get("/openapi.json").text)

    def asked(method: str, described: str, path: str, body: Any = None) -> Any:
        answer = api.ok(method, path, body)
        responses = document["paths"][described][method.lower()]["responses"]
        schema = (responses.get("201") or responses["200"])["content"]["application/json"]["schema"]
        check(answer, schema.get("anyOf", [schema])[0], f"{method} {described}")
        return answer

    customer = asked("POST", "/customers", "/customers", {"name": "照说明书"})
    values = {"sku": "DOC-1", "name": "说明书", "price": "100"}
    product = asked("POST", "/products", "/products", values)
    line = {"product_id": product["id"], "quantity": "5"}
    asked("POST", "/stock-adjustments", "/stock-adjustments", {"reason": "count", "lines": [line]})
    asked("POST", "/stock-receipts", "/stock-receipts", {"lines": [line]})
    deal = asked("POST", "/opportunities", "/opportunities", {"customer_id": customer["id"], "name": "x", "amount": 1})
    path = f"/opportunities/{deal['id']}"
    quotation = asked("POST", "/opportunities/{opportunity_id}/quotations", f"{path}/quotations", {"lines": [line]})
    asked("GET", "/opportunities/{opportunity_id}", path)
    asked("GET", "/quotations/{quotation_id}", f"/quotations/{quotation['id']}")
    order = asked("POST", "/quotations/{quotation_id}/order", f"/quotations/{quotation['id']}/order")
    path = f"/sales-orders/{order['id']}"
    [invoice] = asked("POST", "/sales-orders/{order_id}/confirm", f"{path}/confirm")["invoices"]
    asked("POST", "/sales-orders/{order_id}/ship", f"{path}/ship")
    money = {"customer_id": customer["id"], "amount": "700", "auto": True}
    payment = asked("POST", "/payments", "/payments", money)
    part = {"lines": [{"line_id": order["lines"][0]["id"], "quantity": "1"}]}
    asked("POST", "/sales-orders/{order_id}/return", f"{path}/return", part)
    allocation = payment["allocations"][0]["id"]
    asked("POST", "/payment-allocations/{allocation_id}/unmatch", f"/payment-allocations/{allocation}/unmatch")
    asked("POST", "/payments/{payment_id}/match", f"/payments/{payment['id']}/match", {"auto": True})
    asked("POST", "/refunds", "/refunds", {"customer_id": customer["id"], "amount": "1"})
    asked("POST", "/sales-orders", "/sales-orders", {"customer_id": customer["id"], "lines": [line]})
    asked("GET", "/sales-orders/{order_id}", path)
    asked("GET", "/customers/{customer_id}", f"/customers/{customer['id']}")
    asked("GET", "/products/{product_id}", f"/products/{product['id']}")
    asked("GET", "/invoices/{invoice_id}", f"/invoices/{invoice['id']}")
    asked("GET", "/payments/{payment_id}", f"/payments/{payment['id']}")
    for listed in ("/trial-balance", "/aging", "/me", *LISTS):
        asked("GET", listed, listed)


def test_the_page_shows_every_call_in_both_languages(app: Flask) -> None:
    for language, words in (("en", "Confirm: reserve every line"), ("zh", "确认：预留每一行")):
        page = app.test_client().get("/api/v1/docs", headers={"Accept-Language": language})
        assert page.status_code == 200
        assert words in page.text
        for operation in OPERATIONS:
            assert f"{operation.method} /api/v1{operation.path}" in page.text


def test_every_word_of_the_page_is_there_in_chinese() -> None:
    catalogue = load_catalogue(FOLDER, "zh")
    assert catalogue is not None

    def helps(body: Body | None) -> Iterator[str]:
        for spec in body.fields.values() if body else ():
            yield spec.help
            yield from helps(spec.item) if isinstance(spec, Many) else ()

    shown = {
        text
        for operation in OPERATIONS
        for text in (operation.summary, *helps(operation.body), *helps(operation.query))
        if text
    }
    assert {text for text in shown if text not in catalogue._catalog} == set()


def test_documents_are_described_as_binary(api: Api) -> None:
    document = json.loads(api.get("/openapi.json").text)
    papers = [path for path in document["paths"] if path.endswith("/pdf")]
    assert len(papers) == 5
    for path in papers:
        described = document["paths"][path]["get"]
        binary = {"schema": {"type": "string", "format": "binary"}}
        assert described["responses"]["200"]["content"] == {"application/pdf": binary}
        [language] = [each for each in described["parameters"] if each["name"] == "lang"]
        assert language["schema"]["enum"] == ["zh", "en"]
