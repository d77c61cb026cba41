"""Refusals and failures, as pages in both languages and as problem+json."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from web import sentences
from web.http import safe_target

SALES = {"X-Test-Actor": "sales"}


def test_a_refusal_is_a_page_that_says_what_and_that_nothing_happened(client: FlaskClient) -> None:
    answer = client.get("/sample/refused", headers=SALES)
    assert answer.status_code == 409
    assert "sample_refusal" in answer.text
    assert "Nothing was changed" in answer.text


def test_a_refusal_is_a_problem_for_machines(client: FlaskClient) -> None:
    answer = client.get("/api/v1/sample/refused", headers=SALES)
    assert answer.status_code == 409
    assert answer.content_type == "application/problem+json"
    body = answer.get_json(force=True)
    assert (body["code"], body["status"], body["available"]) == ("sample_refusal", 409, "3")
    assert body["errors"] == [{"field": "amount", "code": "must_be_positive", "detail": "This must be more than zero."}]
    assert body["type"].endswith("sample_refusal")


@pytest.mark.parametrize("path", ["/sample/broken", "/api/v1/sample/broken"])
def test_a_failure_shows_no_trace_but_its_number(client: FlaskClient, path: str) -> None:
    answer = client.get(path, headers=SALES)
    assert answer.status_code == 500
    for inside in ("Traceback", "secret inside", "RuntimeError", "ZeroDivision"):
        assert inside not in answer.text
    assert answer.headers["X-Request-ID"] in answer.text


@pytest.mark.parametrize(("language", "words"), [("en", "Nothing here"), ("zh", "这里没有内容")])
def test_a_missing_page_in_both_languages(client: FlaskClient, language: str, words: str) -> None:
    answer = client.get("/nowhere", headers={**SALES, "Accept-Language": language})
    assert answer.status_code == 404
    assert words in answer.text
    assert f'lang="{"zh-CN" if language == "zh" else "en"}"' in answer.text


def test_a_missing_record_answers_like_a_missing_page(client: FlaskClient) -> None:
    answer = client.get("/sample/missing", headers=SALES)
    assert answer.status_code == 404
    assert "not open to you" in answer.text


def test_wrong_method_and_missing_csrf_token(client: FlaskClient) -> None:
    assert client.post("/sample/orders", headers=SALES).status_code == 405
    refused = client.post("/preferences", data={"theme": "dark"})
    assert refused.status_code == 400
    assert "display" not in refused.headers.get("Set-Cookie", "")


def test_data_of_an_unexpected_form_does_not_hide_the_refusal(app: Flask) -> None:
    with app.test_request_context():
        assert "(not_a_number)" in sentences.sentence("not_a_number", {})


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/a\r\nSet-Cookie: x",
        "",
        None,
        "evil",
    ],
)
def test_foreign_targets_are_replaced(target: str | None) -> None:
    assert safe_target(target, "/start") == "/start"


@pytest.mark.parametrize("target", ["/orders", "/orders?state=draft&q=a//b", "/"])
def test_own_targets_stay(target: str) -> None:
    assert safe_target(target) == target
