"""Makes a large company out of a loaded one: every customer, product, order, entry and payment again, many times.

A copy is shifted in its ids and document numbers and otherwise equal, so that all that holds in the original holds in
the copies: books balance, series stay gapless and in order of recording. The chart, journals, periods, people,
warehouses and settings are shared. For measures at size, never for a database that is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sqlalchemy import Column, Connection, Table, text

from core.database import Base
from core.models_registry import import_all_models
from core.search_entries import rebuild

# One of its kind in a company, or the trace of what people sent, which copies have none of.
SHARED = frozenset(
    """
    account api_token app_user approval_decision approval_delegation approval_request approval_request_step
    approval_rule approval_step audit_seal bank_account bulk_job bulk_row comment company custom_choice
    custom_chosen custom_day custom_field custom_flag custom_number custom_reference custom_text daily_run departure
    departure_customer file_content fiscal_period follower half_sign_in idempotency_key import_batch import_chunk
    import_mapping import_row import_source journal mail_message notice notice_setting number_series oidc_identity
    oidc_provider oidc_state org_unit outbox_consumption outbox_event passkey passkey_challenge password_link
    password_request payment_terms pipeline_stage product_category rate_limit recent_record record_file
    recovery_code role saved_view search_entry sign_in_delay supplier totp_factor unit_membership unit_of_measure
    user_role user_session warehouse
    """.split()  # noqa: SIM905 (a list of words reads better than a column of quotes)
)
BY_TRIGGERS = frozenset(("sales_order_receivable",))
"""Written by the database itself beside the copies of what they are derived from."""
SPAN = 1_000_000_000
"""How far ids of one copy lie from those of the next; beyond every id of the original."""
NUMBERED = frozenset(("number", "origin", "document", "record_label"))
UNIQUE_TEXTS = frozenset(("code", "sku", "barcode", "name_key", "tax_id_key", "phone_key", "email_key"))

_NOT_OF_SHARED = f"WHERE t.record_type NOT IN ({', '.join(repr(name) for name in sorted(SHARED))})"

# A document number of copy `k`: behind those of the original and of the copies before it, in its series and year.
SHIFT_NUMBER = """
CREATE FUNCTION pg_temp.shift_number(found text, k int) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT format('%%s-%%s-%%s%%s', part[1], part[2],
                                   to_char(part[3]::int + k * last_value, 'FM99900000'), part[4])
                       FROM regexp_match(found, '^([A-Z]+)-([0-9]{4})-([0-9]+)(.*)$') AS part
                       JOIN number_series AS series ON series.kind = part[1] AND series.year = part[2]::int), found)
$$
"""
# Copies are recorded after the original, one after the other, in its order.
SHIFT_MOMENT = """
CREATE FUNCTION pg_temp.shift_moment(found timestamptz, k int) RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT last + k * interval '1 hour' + (found - first) / 1000000 FROM pg_temp.span
$$
"""


def grow(connection: Connection, *, copies: int, progress: Callable[[str], None] = lambda name: None) -> None:
    """Adds `copies` copies of all that is not shared. Runs as the database's owner, who sees and writes every row."""
    import_all_models()
    connection.execute(
        text(
            "CREATE TEMP TABLE span AS SELECT min(moment) AS first, max(moment) AS last FROM "
            "(SELECT recorded_at FROM journal_entry UNION ALL SELECT recorded_at FROM sales_order "
            "UNION ALL SELECT recorded_at FROM stock_move) AS found (moment)"
        )
    )
    connection.exec_driver_sql(SHIFT_NUMBER)
    connection.exec_driver_sql(SHIFT_MOMENT)
    for table in copied_tables():
        if table.name in BY_TRIGGERS:
            continue
        progress(table.name)
        columns = [column for column in table.columns if column.computed is None]
        names = ", ".join(column.name for column in columns)
        values = ", ".join(_shifted(column) for column in columns)
        connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({names}) "  # noqa: S608 (names of the models, no values)
            f"SELECT {values} FROM {table.name} AS t CROSS JOIN generate_series(1, {int(copies)}) AS k "
            f"{_NOT_OF_SHARED if table.name == 'audit_row' else ''} ORDER BY k"
        )
    connection.exec_driver_sql(
        "UPDATE number_series SET last_value = last_value * (1 + %s), "
        "last_recorded_at = last_recorded_at + (%s + 1) * interval '1 hour'",
        (copies, copies),
    )
    rebuild(connection)


def copied_tables() -> Iterator[Table]:
    """The tables of what happens in a company, referred ones first."""
    return (table for table in Base.metadata.sorted_tables if table.name not in SHARED)


def _shifted(column: Column[object]) -> str:
    name = f"t.{column.name}"
    referred = {key.column.table.name for key in column.foreign_keys if key.column.primary_key}
    if (column.name in ("id", "record_id") and not referred) or referred - SHARED:
        return f"{name} + k * {SPAN}::bigint"
    if column.name in NUMBERED:
        return f"pg_temp.shift_number({name}, k)"
    if column.name in UNIQUE_TEXTS:
        return f"{name} || '~' || k"
    if column.name == "recorded_at":
        return f"pg_temp.shift_moment({name}, k)"
    return name
