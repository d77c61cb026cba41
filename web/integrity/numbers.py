"""Document numbers: gapless, in the order of recording, and known to their series."""

from __future__ import annotations

from web.integrity.check import Group, alone

# Tables with document numbers, the column that says when a row was recorded, and the series they hold.
NUMBERED = (
    ("sales_order", "recorded_at", "SO"),
    ("quotation", "recorded_at", "QT"),
    ("opportunity", "NULL::timestamptz", "OPP"),
    ("invoice", "recorded_at", "INV"),
    ("credit_note", "recorded_at", "CN"),
    ("payment", "recorded_at", "PAY REF"),
    ("write_off", "recorded_at", "WO"),
    ("shipment", "recorded_at", "SHP RET"),
    ("stock_document", "recorded_at", "OPN RCV ADJ"),
    ("journal_entry", "recorded_at", "SAL STK BNK GEN"),
)
_FACTS = {
    # A series is its prefix and year, as the number carries them: SO-2026-.
    "numbered": " UNION ALL ".join(
        f"""SELECT number, substr(number, 1, strpos(number, '-') + 5) AS series,
               substr(number, strpos(number, '-') + 6)::int AS value, {moment} AS recorded_at FROM {table}"""
        for table, moment, _ in NUMBERED
    ),
    "ordered": """
        SELECT number, series, value, recorded_at, row_number() OVER numbers AS place, lag(recorded_at) OVER numbers AS before
          FROM numbered WINDOW numbers AS (PARTITION BY series ORDER BY value)
    """,
}
_KINDS = ", ".join(f"'{kind}'" for _, _, kinds in NUMBERED for kind in kinds.split())

GROUPS: tuple[Group, ...] = (
    alone(
        "I9",
        "Document numbers have no gap and follow the order of recording",
        " ".join(table for table, _, _ in NUMBERED) + " number_series",
        "SELECT number, 'number', value, place FROM ordered WHERE value <> place",
        "SELECT number, 'recorded_at', recorded_at, before FROM ordered WHERE recorded_at < before",
        f"""SELECT coalesce(known.series, found.series), 'last_value', known.last_value, found.last_value
              FROM (SELECT kind || '-' || year || '-' AS series, last_value FROM number_series WHERE kind IN ({_KINDS})) AS known
              FULL JOIN (SELECT series, max(value) AS last_value FROM numbered GROUP BY series) AS found
                ON found.series = known.series
             WHERE known.last_value IS DISTINCT FROM found.last_value""",
        facts=_FACTS,
    ),
)
