"""A home of one's own for tests that start, kill and stop servers."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.config import SYSTEM_STATE_FOLDER
from core.embedded import stop_unused


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty home whose parents the server's user may pass; what still runs in it is stopped at the end."""
    base = SYSTEM_STATE_FOLDER if os.geteuid() == 0 else Path(tempfile.gettempdir())
    base.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"test-{os.getpid()}-home-", dir=base)).resolve()
    folder.chmod(0o711)
    yield folder
    if (folder / "postgres").exists():
        assert stop_unused(folder), "a process still holds the embedded server"
    shutil.rmtree(folder)
