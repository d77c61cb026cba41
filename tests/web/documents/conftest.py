"""Reading PDFs back, and WeasyPrint's log as a witness."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Callable, Iterator

import pytest


@pytest.fixture
def read_pages() -> Callable[[bytes], list[str]]:
    """The text of each page, in the order in which it is laid out."""

    def read(pdf: bytes) -> list[str]:
        run = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
        return run.stdout.decode().removesuffix("\f").split("\f")

    return read


@pytest.fixture
def weasyprint_log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """WeasyPrint's messages; its logger does not hand them on by itself."""
    logger = logging.getLogger("weasyprint")
    logger.addHandler(caplog.handler)
    caplog.set_level(logging.WARNING, logger="weasyprint")
    yield caplog
    logger.removeHandler(caplog.handler)
