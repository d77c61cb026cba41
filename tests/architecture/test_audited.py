"""Every change is recorded: each table is audited by the session, by the commands that write it, explained by rows that
cannot change, or stands here with the reason why it needs none."""

from __future__ import annotations

import ast
from functools import cache

from core.custom_fields.models import VALUE_TABLES
from core.database import Base
from core.models_registry import import_all_models
from tests.architecture.hooks import planned_tables, sources
from web.integrity.guards import TRIGGERS

# Counters and lines: what moved them stands in immutable rows, or in the audit row of the document they belong to.
EXPLAINED = {
    "customer_account": "derived from invoices, payments and orders; integrity-check derives it again",
    "reservation": "moved by orders and stock documents, which are audited",
    "customer_ownership": "is the history of `customer.owner_id`, which is recorded",
    "departure_customer": "its departure's audit rows say who takes over; each customer's change of owner is recorded",
    "sales_order_line": "its order's audit row holds the lines; frozen once the order is confirmed",
    "quotation_line": "its quotation's audit row; frozen once ordered",
    "sales_order_invoice": "says which order an invoice belongs to; both are audited",
    "sales_order_shipment": "says which order a shipment belongs to; both are audited",
    "product_valuation": "the sum of stock moves",
    "shipment": "recorded on its order by number; its rows cannot change",
    "stock_level": "the sum of stock moves",
    "number_series": "the numbers themselves stand on documents, without gaps",
}
# Written beside audited records, or about nobody's data.
UNAUDITED = {
    "audit_row": "is the trail",
    "audit_seal": "is the chain over the trail",
    "approval_decision": "recorded on its request as approved or refused; never changed",
    "approval_request_step": "the rule's steps as a request was asked under them; never changed",
    "approval_step": "a change of steps is recorded on the rule, before and after",
    "comment": "recorded on the record it is about as comment.written, changed and removed",
    "sales_order_receivable": "derived from the order's invoices; integrity-check derives it again",
    "daily_run": "that a job was done for a day; what it did says so itself",
    "file_content": "the bytes of files, which are recorded; named by their digest, never changed",
    "follower": "who wants to hear of a record: his own affair, and changes nobody's data",
    "import_chunk": "lines of a file as it was handed in, recorded on its import; thrown away with it",
    "import_mapping": "how somebody's columns were read last time; a mapping is recorded on each import",
    "import_row": "a row of a file; what was made of it is recorded on the record, the import in its reason",
    "import_source": "a sheet of a file, recorded on its import; thrown away with it",
    "custom_choice": "a change of choices is recorded on the field, before and after",
    **dict.fromkeys(VALUE_TABLES.split(), "recorded on the record they belong to, by the names of their fields"),
    "half_sign_in": "between password and second factor; what comes of it is recorded on the user",
    "bulk_row": "what became of one record of a job; the change is recorded on the record",
    "idempotency_key": "one per command, which is recorded itself",
    "outbox_event": "a fact about a change that is recorded itself",
    "outbox_consumption": "proof of a job; never changed",
    "notice": "a message made from an event",
    "oidc_identity": "linked and unlinked is recorded on the user",
    "oidc_state": "that an answer of a provider was taken once; forgotten after minutes",
    "passkey": "added and removed is recorded on the user",
    "passkey_challenge": "what a device is asked to sign, once; forgotten after minutes",
    "password_link": "made, sent and used is recorded on the user",
    "password_request": "how often an address asked for a link; forgotten after a day",
    "rate_limit": "how many calls of a minute are taken; a crash may forget it",
    "record_file": "recorded on the record it stands beside as file.added and removed",
    "recent_record": "what a person opened last, for himself; changes nothing",
    "recovery_code": "made and used is recorded on the user",
    "search_entry": "derived from its record, which is recorded; integrity-check derives it again",
    "sign_in_delay": "failed sign-ins are recorded on the user",
    "totp_factor": "added and removed is recorded on the user",
    "unit_membership": "is the history of `app_user.unit_id`, which is recorded",
    "user_session": "signing in, out and being signed out are recorded on the user",
    "user_role": "changes of roles are recorded on the user",
}


@cache
def recorded_types() -> frozenset[str]:
    """The record types that some call of `record` names."""
    import_all_models()
    return frozenset(
        str(node.args[2].value)
        for module in sources().values()
        for node in ast.walk(module)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "record"
        and len(node.args) > 2
        and isinstance(node.args[2], ast.Constant)
    )


def by_session() -> set[str]:
    import_all_models()
    return {
        mapper.class_.__tablename__
        for mapper in Base.registry.mappers
        if mapper.class_.__tablename__ not in planned_tables() and getattr(mapper.class_, "__audited__", True)
    }


def immutable() -> set[str]:
    return {table for table, names in TRIGGERS.items() if "immutable" in names.split()}


def test_every_table_is_recorded_or_says_why_not() -> None:
    import_all_models()
    known = by_session() | recorded_types() | immutable() | EXPLAINED.keys() | UNAUDITED.keys()
    assert set(Base.metadata.tables) - known == set()


def test_the_lists_hold_nothing_that_is_recorded_or_gone() -> None:
    import_all_models()
    tables = set(Base.metadata.tables)
    assert (EXPLAINED.keys() | UNAUDITED.keys()) - tables == set()
    assert UNAUDITED.keys() & recorded_types() == set()


def test_every_model_that_opts_out_is_on_the_list() -> None:
    import_all_models()
    silent = {
        mapper.class_.__tablename__
        for mapper in Base.registry.mappers
        if not getattr(mapper.class_, "__audited__", True)
    }
    assert silent - UNAUDITED.keys() - recorded_types() == set()


def test_documents_and_records_of_people_are_recorded_by_name() -> None:
    assert {"invoice", "credit_note", "payment", "quotation", "sales_order", "journal_entry"} <= recorded_types()
    assert {"customer", "contact", "address", "product", "supplier", "warehouse", "company", "role"} <= by_session()
