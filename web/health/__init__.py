"""Whether this process lives (/healthz), and whether it can work (/readyz): the database answers and its tables are
those of this code."""

from __future__ import annotations

from functools import cache

import psycopg
import structlog
from flask import Response
from sqlalchemy import exc, text

from core import database as db
from core.encoding import dump_json
from web.cli.migrate import newest_revisions
from web.permissions import PUBLIC, Area

area = Area("health", __name__)
log = structlog.get_logger(__name__)


@area.route("/healthz", permission=PUBLIC)
def healthz() -> Response:
    """This process answers. Asks nobody else."""
    return _answer(200, status="ok")


@area.route("/readyz", permission=PUBLIC)
def readyz() -> Response:
    """Ready to take requests, or 503 with what is missing: `database` or `migrations`."""
    try:
        reached = _reached_revisions()
    except (RuntimeError, exc.SQLAlchemyError, psycopg.Error) as error:
        log.warning("not_ready", missing="database", cause=type(error).__name__)
        return _answer(503, status="not_ready", missing="database")
    if reached != _newest():
        log.warning("not_ready", missing="migrations", reached=sorted(reached))
        return _answer(503, status="not_ready", missing="migrations")
    return _answer(200, status="ready")


@cache
def _newest() -> frozenset[str]:
    return frozenset(newest_revisions())


def _reached_revisions() -> frozenset[str]:
    with db.current().autocommit() as connection:
        return frozenset(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())


def _answer(http_status: int, **data: str) -> Response:
    return Response(dump_json(data), http_status, content_type="application/json")
