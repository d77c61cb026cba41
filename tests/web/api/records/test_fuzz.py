"""Whatever is sent, the answer is a result or a refusal, never a failure of ours."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.custom_fields.models import FieldKind
from core.queries.reading import today
from tests.web.api.conftest import Api
from web.api.custom_fields import AnyDay, AnyNumber, Custom
from web.api.fields import Body, Choice, Day, Flag, Id, Ids, Integer, Many, Number, Text, Words
from web.api.operation import JSON, OPERATIONS, Operation

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["", "\x00", "\ud800", "1e9", "NaN", "-0", "9" * 30, "0.00000001", "＋１", [], {}, [[]], [{}]]),
)
CUSTOM_SPECS = (Id(), AnyNumber(), AnyDay(), Choice(choices=("a", "b", "z")), Words(), Flag(), Text(limit=600))
WRITES = [operation for operation in OPERATIONS if operation.body is not None and operation.method != "GET"]
READS = [operation for operation in OPERATIONS if operation.method == "GET"]


def likely(spec: Any, known: dict[str, int]) -> st.SearchStrategy[Any]:
    """Values of the right form, mostly, so that the commands themselves are reached."""
    if isinstance(spec, Id):
        return st.sampled_from([*known.values(), 2**63 - 1, 1])
    if isinstance(spec, Number):
        return st.decimals(min_value=-(10**14), max_value=10**14, places=spec.places).map(str) | st.sampled_from(
            ["0", "1", "-1", "0.01", str(spec.largest), str(-spec.largest)]
        )
    if isinstance(spec, Choice):
        return st.sampled_from(spec.choices)
    if isinstance(spec, Flag):
        return st.booleans()
    if isinstance(spec, Integer):
        return st.integers(0, 3)
    if isinstance(spec, Custom):
        keys = st.sampled_from([*(f"f_{kind}" for kind in FieldKind), "nothing"])
        return st.dictionaries(keys, st.one_of(ODD, *(likely(each, known) for each in CUSTOM_SPECS)), max_size=8)
    if isinstance(spec, Day | AnyDay):
        return st.dates().map(str) | st.just("2026-11-20")
    if isinstance(spec, Text):
        return st.text(alphabet=st.characters(codec="utf-8"), max_size=min(spec.limit + 1, 60))
    if isinstance(spec, Words):
        return st.lists(st.sampled_from(["sales", "admin", "nobody", ""]), max_size=3)
    if isinstance(spec, Ids):
        return st.lists(st.sampled_from([known["customer_id"], known["product_id"], 7]), max_size=3)
    assert isinstance(spec, Many)
    return st.lists(likely_body(spec.item, known), max_size=3)


def likely_body(body: Body, known: dict[str, int]) -> st.SearchStrategy[dict[str, Any]]:
    fields = {name: st.one_of(likely(spec, known), likely(spec, known), ODD) for name, spec in body.fields.items()}
    needed = {name: fields[name] for name in body.required}
    return st.fixed_dictionaries(needed, optional={name: fields[name] for name in fields.keys() - needed.keys()})


def custom_field(api: Api, kind: FieldKind) -> int:
    """A custom field of customers, called by its kind."""
    choices = {"choices": [{"code": code, "label": code} for code in "ab"]}
    needed = {FieldKind.CHOICE: choices, FieldKind.CHOICES: choices, FieldKind.REFERENCE: {"target": "customer"}}
    body = {"record_type": "customer", "key": f"f_{kind}", "label": kind, "kind": kind}
    return int(api.ok("POST", "/custom-fields", body | needed.get(kind, {}))["id"])


@pytest.fixture(scope="module")
def known(app: Flask, tokens: dict[str, str]) -> dict[str, int]:
    """One record of each kind, so that ids reach something."""
    api = Api(app.test_client(), tokens["admin"])
    fields = [custom_field(api, kind) for kind in FieldKind]
    customer, product = api.customer(name="模糊"), api.product("1000")
    deal = api.ok("POST", "/opportunities", {"customer_id": customer["id"], "name": "x", "amount": "1"})
    line = {"product_id": product["id"], "quantity": "2"}
    quotation = api.ok("POST", f"/opportunities/{deal['id']}/quotations", {"lines": [line]})
    order = api.order(customer["id"], line)
    [invoice] = api.ok("POST", f"/sales-orders/{order['id']}/confirm")["invoices"]
    api.ok("POST", f"/sales-orders/{order['id']}/ship")
    payment = api.ok("POST", "/payments", {"customer_id": customer["id"], "amount": "50", "auto": True})
    level = api.level(product["id"])
    path = f"/customers/{customer['id']}"
    place = {"kind": "shipping", "street": "x"}
    [period] = api.ok("GET", "/fiscal-periods?limit=1")["items"]
    [account] = [row for row in api.ok("GET", "/accounts")["items"] if row["role"] == "bank"]
    lines = [{"account_id": account["id"], "debit": "1"}, {"account_id": account["id"], "credit": "1"}]
    entry = api.ok("POST", "/journal-entries", {"effective_on": today().isoformat(), "memo": "x", "lines": lines})
    return {
        "field_id": fields[0],
        "contact_id": api.ok("POST", f"{path}/contacts", {"name": "x"})["id"],
        "address_id": api.ok("POST", f"{path}/addresses", place)["id"],
        "activity_id": api.ok("POST", f"{path}/activities", {"kind": "task", "subject": "x"})["id"],
        "supplier_id": api.ok("POST", "/suppliers", {"name": "x", "country": "CN"})["id"],
        "shipment_id": api.ok("GET", "/shipments")["items"][0]["id"],
        "document_id": api.ok("GET", "/stock-documents")["items"][0]["id"],
        "period_id": period["id"],
        "account_id": account["id"],
        "entry_id": entry["id"],
        "customer_id": customer["id"],
        "product_id": product["id"],
        "opportunity_id": deal["id"],
        "quotation_id": quotation["id"],
        "order_id": order["id"],
        "line_id": order["lines"][0]["id"],
        "invoice_id": invoice["id"],
        "payment_id": payment["id"],
        "allocation_id": payment["allocations"][0]["id"],
        "warehouse_id": level["warehouse_id"],
        "bank_account_id": api.ok("POST", "/bank-accounts", {"name": "模糊"})["id"],
        "category_id": api.ok("POST", "/product-categories", {"name": "模糊"})["id"],
    }


def answered(api: Api, operation: Operation, known: dict[str, int], **sent: Any) -> None:
    path = re.sub(r"\{(\w+)\}", lambda found: str(known.get(found[1], 7)), operation.path)
    answer = api.send(operation.method, path, **sent)
    assert answer.status_code < 500, f"{operation.name} {sent}: {answer.data!r}"
    if answer.status_code == 200 and operation.media_type == "application/pdf":
        assert answer.data.startswith(b"%PDF")
    elif answer.status_code != 200 or operation.media_type == JSON:
        json.loads(answer.text)


QUICK = settings(
    max_examples=25, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.parametrize("operation", WRITES, ids=lambda operation: operation.name)
@QUICK
@given(data=st.data())
def test_no_body_makes_a_call_fail(api: Api, known: dict[str, int], operation: Operation, data: st.DataObject) -> None:
    assert operation.body is not None
    body = data.draw(st.one_of(likely_body(operation.body, known), likely_body(operation.body, known), ODD))
    preview = "?preview=true" if operation.previewable and data.draw(st.booleans()) else ""
    answered(api, operation, known, data=json.dumps(body), content_type="application/json", query_string=preview[1:])


@pytest.mark.parametrize("operation", READS, ids=lambda operation: operation.name)
@QUICK
@given(data=st.data())
def test_no_query_makes_a_call_fail(api: Api, known: dict[str, int], operation: Operation, data: st.DataObject) -> None:
    values = {
        name: st.one_of(likely(spec, known), st.text(max_size=9)) for name, spec in operation.query.fields.items()
    }
    query = data.draw(st.fixed_dictionaries({}, optional=values))
    text = {name: str(value).encode("utf-8", "replace").decode() for name, value in query.items()}
    answered(api, operation, known, query_string=text)
