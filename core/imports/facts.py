"""What imports read and write by registered statements."""

from __future__ import annotations

from typing import Any, NamedTuple

from core.statements import statement


class BatchFact(NamedTuple):
    """An import under lock, as the worker and its owner's commands meet it."""

    id: int
    kind: str
    name: str
    state: str
    is_paused: bool
    started_by_id: int
    signature: str
    heads: list[str]
    joined: dict[str, Any]
    mapping: dict[str, Any]
    options: dict[str, Any]
    step: int
    position: int
    event_id: int | None
    event_state: str | None
    rows_total: int
    rows_worked: int
    rows_created: int
    rows_updated: int
    rows_skipped: int
    rows_asked: int
    rows_bad: int
    rows_undone: int
    rows_kept: int


class SourceFact(NamedTuple):
    id: int
    place: int
    name: str
    width: int
    lines: int
    head_row: int
    is_used: bool
    first_lines: list[list[str | None]]


class RowFact(NamedTuple):
    position: int
    unit: int
    line: int
    cells: list[str | None]
    state: str
    action: str | None
    choice: str | None
    data: dict[str, Any] | None
    keys: list[str] | None
    reasons: list[dict[str, Any]] | None
    found_id: int | None
    record_id: int | None
    before: dict[str, Any] | None
    version: int | None


_BATCH = """
    SELECT batch.id, batch.kind, name, batch.state, is_paused, started_by_id, signature, heads, joined, mapping,
           options, step, position, event_id, event.state, rows_total, rows_worked, rows_created, rows_updated,
           rows_skipped, rows_asked, rows_bad, rows_undone, rows_kept
      FROM import_batch AS batch LEFT JOIN outbox_event AS event ON event.id = event_id
     WHERE batch.id = %(batch_id)s::bigint"""
LOCK = statement(
    "imports.lock",
    f"{_BATCH} FOR NO KEY UPDATE OF batch",
    tables="import_batch outbox_event",
    scope="system",
    fact=BatchFact,
)
FIRST_LINES = 40
SOURCES = statement(
    "imports.sources",
    f"""
    SELECT source.id, place, source.name, width, source.lines, head_row, is_used,
           coalesce((SELECT jsonb_path_query_array(chunk.lines, '$[0 to {FIRST_LINES - 1}]') FROM import_chunk AS chunk
                      WHERE chunk.source_id = source.id AND first_line = 1), '[]')
      FROM import_source AS source WHERE batch_id = %(batch_id)s::bigint ORDER BY place
    """,  # noqa: S608 (a number of ours)
    tables="import_source import_chunk",
    scope="system",
    fact=SourceFact,
)
# Of two files with a column in common: whether its values are unique below the heads of each.
IS_KEY = statement(
    "imports.is_key",
    """
    SELECT count(*) = count(DISTINCT cells ->> %(column)s::int)
      FROM import_chunk AS chunk, jsonb_array_elements(lines) WITH ORDINALITY AS found (cells, number)
     WHERE source_id = %(source_id)s::bigint AND first_line + number - 1 > %(head_row)s::int
       AND cells ->> %(column)s::int IS NOT NULL
    """,
    tables="import_chunk",
    scope="system",
)
REMEMBERED = statement(
    "imports.remembered",
    """
    SELECT mapping, options, user_id = %(user_id)s::bigint FROM import_mapping
     WHERE kind = %(kind)s AND signature = %(signature)s
     ORDER BY user_id = %(user_id)s::bigint DESC, used_at DESC LIMIT 1
    """,
    tables="import_mapping",
    scope="system",
)
REMEMBER = statement(
    "imports.remember",
    """
    INSERT INTO import_mapping (id, kind, signature, user_id, mapping, options, used_at)
    VALUES (%(id)s::bigint, %(kind)s, %(signature)s, %(user_id)s::bigint, %(mapping)s::jsonb, %(options)s::jsonb,
            %(now)s::timestamptz)
    ON CONFLICT (kind, signature, user_id)
    DO UPDATE SET mapping = excluded.mapping, options = excluded.options, used_at = excluded.used_at
    """,
    tables="import_mapping",
    scope="system",
)
FORGET_ROWS = statement(
    "imports.forget_rows",
    "DELETE FROM import_row WHERE batch_id = %(batch_id)s::bigint",
    tables="import_row",
    scope="system",
)
FORGET_FILES = statement(
    "imports.forget_files",
    "DELETE FROM import_chunk WHERE source_id IN (SELECT id FROM import_source WHERE batch_id = %(batch_id)s::bigint)",
    tables="import_chunk import_source",
    scope="system",
)
FORGET_SOURCES = statement(
    "imports.forget_sources",
    "DELETE FROM import_source WHERE batch_id = %(batch_id)s::bigint",
    tables="import_source",
    scope="system",
)
FORGET_BATCH = statement(
    "imports.forget_batch",
    "DELETE FROM import_batch WHERE id = %(batch_id)s::bigint",
    tables="import_batch",
    scope="system",
)
# Rows that make one record stand one behind the other, wherever they stood in the file; lines that hold nothing are
# left out. A second file adds the cells of its row with the same key.
LAY_OUT = statement(
    "imports.lay_out",
    """
    WITH main AS (
        SELECT first_line + number::int - 1 AS line, cells
          FROM import_chunk, jsonb_array_elements(lines) WITH ORDINALITY AS found (cells, number)
         WHERE source_id = %(main_id)s::bigint AND first_line + number - 1 > %(main_head)s::int
           AND jsonb_array_length(cells) > 0),
    other AS (
        SELECT DISTINCT ON (cells ->> %(other_column)s::int) cells ->> %(other_column)s::int AS key, cells
          FROM import_chunk, jsonb_array_elements(lines) WITH ORDINALITY AS found (cells, number)
         WHERE source_id = %(other_id)s::bigint AND first_line + number - 1 > %(other_head)s::int
           AND jsonb_array_length(cells) > 0
         ORDER BY cells ->> %(other_column)s::int, first_line, number),
    joined AS (
        SELECT line, main.cells || coalesce(other.cells, '[]') AS cells
          FROM main LEFT JOIN other ON other.key = main.cells ->> %(main_column)s::int),
    grouped AS (
        SELECT line, cells,
               CASE WHEN cells ->> %(group_column)s::int IS NULL THEN line
                    ELSE min(line) OVER (PARTITION BY cells ->> %(group_column)s::int) END AS first
          FROM joined),
    placed AS (SELECT line, cells, first, row_number() OVER (ORDER BY first, line) AS position FROM grouped),
    laid AS (
        INSERT INTO import_row (batch_id, position, unit, line, cells, state)
        SELECT %(batch_id)s::bigint, position, min(position) OVER (PARTITION BY first), line, cells, 'new' FROM placed
        RETURNING 1)
    SELECT count(*) FROM laid
    """,
    tables="import_chunk import_row",
    scope="system",
)
_ROW = """
    SELECT position, unit, line, cells, state, action, choice, data, keys, reasons, found_id, record_id, before, version
      FROM import_row"""
# The next rows, never parting those of one record; positions have no gaps.
NEXT_ROWS = statement(
    "imports.next_rows",
    f"""
    {_ROW}
     WHERE batch_id = %(batch_id)s::bigint AND position > %(after)s::bigint AND position < coalesce((
           SELECT next.position FROM import_row AS next
            WHERE next.batch_id = %(batch_id)s::bigint AND next.position > %(after)s::bigint + %(limit)s::int
              AND next.unit = next.position
            ORDER BY next.position LIMIT 1), 9223372036854775807)
     ORDER BY position
    """,  # noqa: S608 (columns of ours)
    tables="import_row",
    scope="system",
    fact=RowFact,
)
ROWS_BEFORE = statement(
    "imports.rows_before",
    f"""
    {_ROW}
     WHERE batch_id = %(batch_id)s::bigint AND position < %(before)s::bigint AND position >= coalesce((
           SELECT first.unit FROM import_row AS first
            WHERE first.batch_id = %(batch_id)s::bigint AND first.position <= %(before)s::bigint - %(limit)s::int
            ORDER BY first.position DESC LIMIT 1), 0)
     ORDER BY position DESC
    """,  # noqa: S608 (columns of ours)
    tables="import_row",
    scope="system",
    fact=RowFact,
)
# Rows by the records they met, but for those that are at hand; of the ones undone the version is what they left.
SAME_RECORDS = statement(
    "imports.same_records",
    f"""
    {_ROW}
     WHERE batch_id = %(batch_id)s::bigint AND state IN ('done', 'undone')
       AND record_id = ANY (%(record_ids)s::bigint[]) AND position <> ALL (%(positions)s::bigint[])
    """,
    tables="import_row",
    scope="system",
    fact=RowFact,
)
WRITE_ROWS = statement(
    "imports.write_rows",
    """
    UPDATE import_row AS row
       SET state = told.state, action = told.action, keys = told.keys::text[],
           data = coalesce(told.data::jsonb, row.data), reasons = told.reasons::jsonb, found_id = told.found_id,
           record_id = told.record_id, before = told.before::jsonb, version = told.version
      FROM unnest(%(positions)s::bigint[], %(states)s::text[], %(actions)s::text[], %(keys)s::text[], %(data)s::text[],
                  %(reasons)s::text[], %(found_ids)s::bigint[], %(record_ids)s::bigint[], %(before)s::text[],
                  %(versions)s::bigint[])
           AS told (position, state, action, keys, data, reasons, found_id, record_id, before, version)
     WHERE row.batch_id = %(batch_id)s::bigint AND row.position = told.position
    """,
    tables="import_row",
    scope="system",
)
# Rows of one file that are the same record: each is told of the first. Of those that would make one, all but the first
# are treated as what is there already; the others are treated so as it is, and done in order.
SAME_IN_FILE = statement(
    "imports.same_in_file",
    """
    WITH known AS (SELECT position, line,
                          unnest(CASE action WHEN 'create' THEN keys ELSE ARRAY['found:' || found_id] END) AS key
                     FROM import_row
                    WHERE batch_id = %(batch_id)s::bigint AND position = unit
                      AND (state = 'ready' AND action = 'create'
                           OR state IN ('ready', 'asks') AND found_id IS NOT NULL)),
    later AS (SELECT position, min(first) AS first FROM (
                  SELECT position, first_value(position) OVER keys AS first_position,
                         first_value(line) OVER keys AS first
                    FROM known WINDOW keys AS (PARTITION BY key ORDER BY position)) AS found
               WHERE position > first_position GROUP BY position)
    UPDATE import_row AS row
       SET state = CASE row.action WHEN 'create' THEN %(state)s::text ELSE row.state END,
           action = CASE row.action WHEN 'create' THEN %(action)s::text ELSE row.action END,
           reasons = jsonb_build_array(jsonb_build_object('field', NULL, 'code', 'import_same_in_file',
                                                          'data', jsonb_build_object('line', later.first)))
                     || coalesce(row.reasons, '[]')
      FROM later WHERE row.batch_id = %(batch_id)s::bigint AND row.unit = later.position
    """,
    tables="import_row",
    scope="system",
)
COUNTS = statement(
    "imports.counts",
    """
    SELECT state, action, count(*) FROM import_row WHERE batch_id = %(batch_id)s::bigint GROUP BY state, action
    """,
    tables="import_row",
    scope="system",
)
CHOOSE = statement(
    "imports.choose",
    """
    UPDATE import_row SET choice = %(choice)s
     WHERE batch_id = %(batch_id)s::bigint AND state = 'asks'
       AND (%(units)s::bigint[] IS NULL OR unit = ANY (%(units)s::bigint[]))
    RETURNING position
    """,
    tables="import_row",
    scope="system",
)
UNDECIDED = statement(
    "imports.undecided",
    """
    SELECT count(*) FILTER (WHERE choice IS NULL), count(choice) FROM import_row
     WHERE batch_id = %(batch_id)s::bigint AND state = 'asks' AND position = unit
    """,
    tables="import_row",
    scope="system",
)


class MadeFact(NamedTuple):
    """A record as an import left it."""

    record_id: int
    action: str
    version: int | None
    before: dict[str, Any] | None


MADE = statement(
    "imports.made",
    """
    SELECT record_id, action, version, before FROM import_row
     WHERE batch_id = %(batch_id)s::bigint AND state = 'done' AND position = unit ORDER BY position
    """,
    tables="import_row",
    scope="system",
    fact=MadeFact,
)
EVENT_OF = statement(
    "imports.event_of",
    """
    SELECT event.id FROM import_batch AS batch JOIN outbox_event AS event ON event.id = event_id
     WHERE batch.id = %(batch_id)s::bigint AND batch.state IN ('checking', 'running', 'undoing') AND NOT is_paused
       AND event.state IN ('pending', 'leased')
    """,
    tables="import_batch outbox_event",
    scope="system",
)
