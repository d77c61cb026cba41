"""A realistic large company for measures: as many customers, orders and invoices as are asked for."""

from web.drill.size.standing import home_of, standing

__all__ = ["home_of", "standing"]
