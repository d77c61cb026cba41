"""Where the rows of a large company come from: every row of a loaded one again, many times, with another customer.

`full` copies are made of all that happens, `deals` (fewer) of what comes before an order. Products are copied less
often still, into `worlds`: the goods of several copies move one after the other over the levels of one world, so that
its figures are the original's times their number. Within a series, copies of a document are numbered right behind it,
and bear its dates: numbers stay gapless and in order of recording.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Column, Table

from core.models_registry import import_all_models
from web.drill.grow import copied_tables

DEALS = frozenset(("opportunity", "stage_change", "quotation", "quotation_line", "activity"))
WORLDS = frozenset(("product", "stock_level", "product_valuation", "reorder_point", "stock_alert"))
# Nothing of these is copied: customers are made anew, and what was done to the original is not done to the copies.
LEFT_OUT = frozenset(("audit_row", "customer"))
NUMBERED = frozenset(("number", "origin", "document", "memo", "reference"))
DEAL_SERIES = ("QT", "OPP")
MOST_WORLDS = 100
# What a world's figures are multiples of.
_MULTIPLIED = {
    "stock_level": ("on_hand", "reserved", "back_ordered", "move_count"),
    "product_valuation": ("quantity", "value"),
    "reorder_point": ("quantity",),
    "stock_alert": ("available", "reorder_point"),
}


@dataclass(frozen=True)
class Shape:
    """How often what is copied. `stride` is the distance between the ids that an id's copies begin at; rows with ids up
    to `last` are the original; ids of what is made anew lie above `beyond`."""

    full: int
    stride: int
    last: int

    @property
    def deals(self) -> int:
        return max(self.full // 3, 1)

    @property
    def worlds(self) -> int:
        return min(self.full, MOST_WORLDS)

    @property
    def beyond(self) -> int:
        return (self.last + 1) * self.stride

    def copies_of(self, table: str) -> int:
        """How many copies of a table's rows are made."""
        return self.deals if table in DEALS else self.worlds if table in WORLDS else self.full


def tables() -> Iterator[Table]:
    """The tables whose rows are copied, referred ones first."""
    import_all_models()
    return (table for table in copied_tables() if table.name not in LEFT_OUT)


def key_of(table: Table) -> str:
    """The name of the column that the rows of a table are known by."""
    [column] = table.primary_key
    return column.name


def copy_statement(table: Table, shape: Shape) -> str:
    """The INSERT of all copies of a table's rows, in the order of the original's keys."""
    columns = [column for column in table.columns if column.computed is None]
    key = key_of(table)
    split = "".join(
        f""", substring(t.{column.name} FROM '^[A-Z]+-[0-9]{{4}}-') AS {column.name}_head,
              substring(t.{column.name} FROM '^[A-Z]+-[0-9]{{4}}-([0-9]+)')::bigint AS {column.name}_value,
              substring(t.{column.name} FROM '^[A-Z]+-[0-9]{{4}}-[0-9]+(.*)$') AS {column.name}_tail"""
        for column in columns
        if column.name in NUMBERED
    )
    beside, join = "", ""
    if table.name == "stock_move":
        beside = ", level.move_count AS level_moves, level.on_hand AS level_on_hand"
        join = "JOIN stock_level AS level ON level.id = t.level_id"
    names = ", ".join(column.name for column in columns)
    values = ", ".join(_copied(column, shape) for column in columns)
    return f"""
        WITH original AS MATERIALIZED (
            SELECT t.*{split}{beside} FROM {table.name} AS t {join} WHERE t.{key} <= {shape.last} ORDER BY t.{key})
        INSERT INTO {table.name} ({names})
        SELECT {values} FROM original AS t CROSS JOIN LATERAL generate_series(1, {shape.copies_of(table.name)}) AS k
    """


def _copied(column: Column[object], shape: Shape) -> str:
    """A column's value in copy `k` of the row `t`."""
    table, name = column.table.name, f"t.{column.name}"
    referred = {key.column.table.name for key in column.foreign_keys if key.column.primary_key}
    if column.name in ("owner_id", "salesperson_id") or (table, column.name) == ("customer_ownership", "user_id"):
        return f"drill.owner_of(t.customer_id * {shape.stride} + k)" if _has_customer(column.table) else name
    if (column.primary_key and not referred) or "customer" in referred:
        return f"{name} * {shape.stride} + k"
    if referred:
        return _reference(name, table, referred.pop(), shape)
    if column.name in NUMBERED:
        return (
            f"CASE WHEN {name}_value IS NULL THEN {name} ELSE "
            f"{name}_head || to_char({name}_value + k, 'FM99999900000') || {name}_tail END"
        )
    if column.name in _MULTIPLIED.get(table, ()):
        return f"{name} * {_replays(shape)}"
    if table == "stock_move" and column.name in ("ordinal", "on_hand_after"):
        each = "t.level_moves" if column.name == "ordinal" else "t.level_on_hand"
        return f"{name} + (k - 1) / {shape.worlds} * {each}"
    if table == "product" and column.name in ("sku", "barcode"):
        return f"{name} || '-' || k"
    if table == "product" and column.name in ("name", "search_text"):
        return f"{name} || ' ' || k"
    return name


def _has_customer(table: Table) -> bool:
    return "customer_id" in table.columns


def _reference(name: str, table: str, referred: str, shape: Shape) -> str:
    if referred in {found.name for found in copied_tables()}:
        if referred in WORLDS and table not in WORLDS:
            return f"{name} * {shape.stride} + (k - 1) % {shape.worlds} + 1"
        if referred in DEALS and table not in DEALS:
            return f"CASE WHEN k <= {shape.deals} THEN {name} * {shape.stride} + k END"
        return f"{name} * {shape.stride} + k"
    return name


def _replays(shape: Shape) -> str:
    """Into how many copies' goods the figures of world `k` go."""
    return f"(({shape.full} - k) / {shape.worlds} + 1)"


def renumber_statements(shape: Shape) -> Iterator[str]:
    """Makes room for the copies behind each number of the original."""
    yield f"""
        CREATE FUNCTION drill.spread(found text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
            SELECT coalesce((SELECT part[1] || '-' || part[2] || '-' || to_char((part[3]::bigint - 1) * (1 +
                             CASE WHEN part[1] IN ({", ".join(f"'{kind}'" for kind in DEAL_SERIES)}) THEN {shape.deals}
                                  ELSE {shape.full} END) + 1, 'FM99999900000') || part[4]
                   FROM regexp_match(found, '^([A-Z]+)-([0-9]{{4}})-([0-9]+)(.*)$') AS part), found) $$
    """
    for table in tables():
        names = [column.name for column in table.columns if column.name in NUMBERED]
        if names:
            changes = ", ".join(f"{name} = drill.spread({name})" for name in names)
            yield f"UPDATE {table.name} SET {changes} WHERE {key_of(table)} <= {shape.last}"
    yield f"""
        UPDATE number_series SET last_value = last_value * (1 + CASE WHEN kind IN
            ({", ".join(f"'{kind}'" for kind in DEAL_SERIES)}) THEN {shape.deals} ELSE {shape.full} END)
         WHERE kind <> 'CUS'
    """
