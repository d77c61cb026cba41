"""A database for one measure or proof: made, migrated, current for the block, and gone with it."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core import database as db
from core.embedded import EmbeddedDatabase, start_embedded
from web.cli.migrate import migrate_database


@contextmanager
def scratch_database(name: str) -> Iterator[tuple[EmbeddedDatabase, Path]]:
    """The running server and its folder, which `name` is part of."""
    # As root the server runs as another user, who must be able to pass.
    home = Path(tempfile.mkdtemp(prefix=f"countinghouse-{name}-", dir="/var/lib" if os.geteuid() == 0 else None))
    home.chmod(0o755)
    try:
        embedded = start_embedded(home)
        try:
            migrate_database(embedded.admin_url, embedded.app_url, embedded.system_url)
            current = db.configure(db.Database(embedded.app_url))
            try:
                yield embedded, home
            finally:
                current.dispose()
        finally:
            embedded.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)
