"""The worker process: Celery's worker with the outbox relay, the sealer of the audit chain and its daily
verification beside it, stopped together by SIGTERM."""

from __future__ import annotations

import warnings

from celery.platforms import SecurityWarning
from celery.signals import worker_ready, worker_shutting_down

from core import database as db
from core import mail
from core.command import run
from core.config import load_settings
from core.context import Context
from core.digest import Daily
from core.embedded import open_database
from core.garbage import collect_less
from core.jobs import Relay, load_consumers, make_celery
from core.logging import configure_logging
from core.seal import Sealer
from core.seal_check import Verifier
from core.seal_files import SealFiles, derive_key
from web.consumers import CONSUMER_MODULES

CONCURRENCY = 2


def main() -> None:
    """Runs until it is told to stop. Works on the database as the role for jobs."""
    settings, embedded = open_database(load_settings())
    configure_logging(settings.log_level, settings.log_format)
    url = settings.database_system_url or ""
    db.configure(db.Database(url, pool_size=CONCURRENCY + 5, application_name="worker"))
    load_consumers(CONSUMER_MODULES)
    collect_less()
    mail.configure(settings)
    if mail.current().can_send:
        run(mail.queue_waiting, context=Context(route="worker"))
    # Said of a root worker that takes pickled tasks; ours are JSON, and each names a row of our own database.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    app = make_celery(settings.broker_url)
    files, key = SealFiles.of(settings.home, url), derive_key(settings.secret_key)
    beside = (Relay(app), Sealer(files, key), Verifier(files, key), Daily())
    worker_ready.connect(lambda **_: [each.start() for each in beside], weak=False)
    worker_shutting_down.connect(lambda **_: [each.stop() for each in beside], weak=False)
    try:
        worker = app.Worker(
            pool="threads",
            concurrency=CONCURRENCY,
            loglevel="WARNING",
            quiet=True,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
        )
        worker.start()
    finally:
        for each in beside:
            each.stop()
        db.current().dispose()
        if embedded is not None:
            embedded.stop()
