"""The reference that lists of stock have beside those of every module: warehouses."""

from __future__ import annotations

from sqlalchemy import select

from core.lists.references import Reference, refer
from inventory.models import Warehouse

refer(
    "warehouse",
    Reference(
        lambda: select(Warehouse.id, Warehouse.name),
        Warehouse.id,
        Warehouse.name,
        current=lambda: Warehouse.is_active,
    ),
)
