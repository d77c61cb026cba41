"""`./manage bench`: order to cash over HTTP against a server it starts, and the floor in the same run and database."""

from web.bench.measure import main

__all__ = ["main"]
