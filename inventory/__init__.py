"""Warehouses, stock levels, moves, reservations, shipments, valuation, replenishment. Posts through finance."""
