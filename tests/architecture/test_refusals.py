"""Every code of a refusal has a sentence of its own, and every constraint a person can run into has a meaning."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import UniqueConstraint

from core.constraints import meanings
from core.database import Base
from core.models_registry import import_all_models
from tests.web.conftest import build_app
from web.sentences import registered_codes

ROOT = Path(__file__).parents[2]
PACKAGES = ("core", "finance", "inventory", "crm", "web")
# Which argument of a call is the code.
CODE_AT = {"DomainError": 0, "FieldError": 0, "add": 1, "means": 1}
CODE_NAMES = frozenset({"too_much"})


def codes() -> Iterator[tuple[str, str]]:
    """Each code in the source, with where it stands."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    for text in _codes_of(node):
                        yield text, f"{path.relative_to(ROOT)}:{node.lineno}"


def _codes_of(call: ast.Call) -> Iterator[str]:
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    place = CODE_AT.get(name)
    if name == "add" and ast.unparse(call.func) != "errors.add":
        return
    if place is not None and len(call.args) > place:
        yield from _texts(call.args[place])
    for keyword in call.keywords:
        if keyword.arg in CODE_NAMES:
            yield from _texts(keyword.value)


def _texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value


def test_every_code_has_a_sentence() -> None:
    build_app()
    known = registered_codes()
    missing = sorted({(code, where) for code, where in codes() if code not in known})
    assert not missing, "\n".join(f"{where}: {code}" for code, where in missing)


# Constraints nobody can run into by what he sends, and why.
KEPT_BY_THE_PRODUCT = {
    "uq_idempotency_key_actor_id_key": "claimed with ON CONFLICT",
    "uq_journal_code": "written on the first run",
    "uq_account_code": "written on the first run",
    "uq_account_role": "written on the first run",
    "uq_payment_terms_code": "written on the first run",
    "uq_pipeline_stage_code": "written on the first run",
    "uq_pipeline_stage_position": "written on the first run",
    "uq_unit_of_measure_code": "written on the first run",
    "uq_bank_account_name": "written on the first run",
    "uq_bank_account_default": "written on the first run",
    "uq_product_category_name": "written with the demonstration only",
    "uq_api_token_token_hash": "random",
    "uq_audit_seal_audit_row_id": "one sealer at a time",
    "uq_user_session_token_hash": "random",
    "uq_passkey_challenge_token_hash": "random",
    "uq_half_sign_in_token_hash": "random",
    "uq_recovery_code_user_id_code_hash": "random",
    "uq_totp_factor_user_id": "written under the lock of the user",
    "uq_password_link_token_hash": "random",
    "ix_sales_order_by_day": "has the id in it; unique so that a key may refer to both",
    "uq_recent_record_user_id_kind_record_id": "written with ON CONFLICT",
}
NUMBERED = ("_number", "_position", "_ordinal")  # taken from a series, or counted, under lock


def unique_constraints() -> Iterator[str]:
    import_all_models()
    for table in Base.metadata.sorted_tables:
        yield from (str(each.name) for each in table.constraints if isinstance(each, UniqueConstraint))
        yield from (str(each.name) for each in table.indexes if each.unique)


def test_every_unique_constraint_has_a_meaning() -> None:
    build_app()
    silent = {name for name in unique_constraints() if not name.endswith(NUMBERED)}
    assert silent - meanings().keys() - KEPT_BY_THE_PRODUCT.keys() == set()


def test_every_meaning_is_one_of_a_constraint() -> None:
    import_all_models()
    named = {str(each.name) for table in Base.metadata.sorted_tables for each in table.constraints}
    assert meanings().keys() - named - set(unique_constraints()) == set()
