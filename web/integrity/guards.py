"""The database's own guards: triggers on and unchanged in number, schema at its newest revision."""

from __future__ import annotations

from web.cli.migrate import newest_revisions
from web.integrity.check import Group, alone

# table: its triggers, as the migrations made them.
TRIGGERS: dict[str, str] = {
    "account": "keep_account_role kept no_truncate",
    "activity": "know_customer_owner",
    "app_user": "kept no_truncate",
    "approval_decision": "check_decision immutable no_truncate",
    "approval_delegation": "kept no_truncate",
    "approval_request": "check_approval frozen kept no_truncate",
    "approval_request_step": "immutable no_truncate",
    "audit_row": "immutable no_truncate",
    "audit_seal": "immutable no_truncate",
    "company": "kept no_truncate",
    "credit_note": "frozen kept no_truncate",
    "credit_note_line": "immutable no_truncate",
    "contact": "custom_values forget_search_entry",
    "customer": "custom_values forget_search_entry kept move_search_entries no_truncate tell_credit_limit",
    "customer_account": "kept no_truncate take_credit_limit",
    "fiscal_period": "kept no_truncate",
    "invoice": "frozen kept no_truncate tell_order_of_invoice",
    "invoice_line": "immutable no_truncate",
    "journal": "kept no_truncate",
    "journal_entry": "check_entry check_period immutable no_truncate",
    "journal_line": "check_new_lines immutable no_truncate",
    "notice": "announce",
    "number_series": "kept no_truncate",
    "opportunity": "custom_values forget_search_entry kept no_truncate",
    "outbox_consumption": "immutable no_truncate",
    "payment": "frozen kept no_truncate",
    "payment_allocation": "immutable no_truncate",
    "product": "custom_values forget_search_entry kept no_truncate",
    "product_valuation": "kept no_truncate",
    "quotation": "kept no_truncate",
    "quotation_line": "check_quotation_line no_truncate",
    "reservation": "kept no_truncate",
    "sales_order": "kept move_order_receivable no_truncate",
    "sales_order_invoice": "tell_order_of_link",
    "sales_order_line": "check_draft_line no_truncate",
    "sales_order_receivable": "kept no_truncate",
    "shipment": "frozen kept no_truncate",
    "shipment_line": "immutable no_truncate",
    "stage_change": "immutable no_truncate",
    "stock_document": "immutable no_truncate",
    "stock_document_line": "immutable no_truncate",
    "stock_level": "kept no_truncate",
    "stock_move": "immutable no_truncate",
    "supplier": "custom_values forget_search_entry",
    "write_off": "immutable no_truncate",
}
_EXPECTED = ", ".join(f"('{table}', '{name}')" for table, names in TRIGGERS.items() for name in names.split())
_HEAD = " ".join(sorted(newest_revisions()))

GROUPS: tuple[Group, ...] = (
    alone(
        "I11.triggers",
        "The database's guards are all there and switched on",
        "",
        f"""SELECT expected.name, expected.trigger, coalesce(found.tgenabled::text, 'none'), 'on'
              FROM (VALUES {_EXPECTED}) AS expected (name, trigger)
              LEFT JOIN pg_trigger AS found ON found.tgrelid = to_regclass('public.' || expected.name)
                                           AND found.tgname = expected.trigger
             WHERE found.tgenabled IS NULL OR found.tgenabled NOT IN ('O', 'A')""",
    ),
    alone(
        "I11.schema",
        "The schema is at its newest revision",
        "alembic_version",
        f"""SELECT 'schema', 'revision', coalesce(string_agg(version_num, ' ' ORDER BY version_num), 'none'), '{_HEAD}'
              FROM alembic_version
            HAVING coalesce(string_agg(version_num, ' ' ORDER BY version_num), '') <> '{_HEAD}'""",
    ),
)
