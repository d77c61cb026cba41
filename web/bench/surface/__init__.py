"""`./manage bench surface`: how quickly people find, list and open, at two sizes of company."""

from web.bench.surface.measure import measure_surface

__all__ = ["measure_surface"]
