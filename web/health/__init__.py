"""For supervisors and load balancers: alive, and ready to serve."""

from __future__ import annotations

from functools import lru_cache

import psycopg
import structlog
from flask import jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy import exc, text

from core import database as db
from web.cli.migrate import newest_revisions
from web.permissions import PUBLIC, Area

area = Area("health", __name__)
logger = structlog.get_logger()


@area.route("/healthz", permission=PUBLIC)
def healthz() -> ResponseReturnValue:
    """The process answers. Asks nothing of the database, so that a slow one does not get this process killed."""
    return jsonify(status="alive")


@area.route("/readyz", permission=PUBLIC)
def readyz() -> ResponseReturnValue:
    """The database answers and its schema is the one this code was written for; 503 otherwise."""
    try:
        with db.current().autocommit() as connection:
            reached = set(connection.execute(text("SELECT version_num FROM alembic_version")).scalars())
    except (RuntimeError, exc.SQLAlchemyError, psycopg.Error) as error:
        logger.warning("not_ready", cause=type(error).__name__)
        return jsonify(status="database_unavailable"), 503
    if reached != _newest():
        return jsonify(status="schema_behind"), 503
    return jsonify(status="ready")


@lru_cache(maxsize=1)
def _newest() -> frozenset[str]:
    return frozenset(newest_revisions())
