"""What the product needs from the operating system beside Python: Pango for PDF; Chromium and Poppler for its tests.

As root on a Debian-like system it is installed; otherwise the one line to run is printed, and the product goes on
without.
"""

import ctypes
import ctypes.util
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from web.cli.messages import _
from web.cli.progress import Progress, say
from web.documents import DEBIAN_PACKAGES

CHROMIUM_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True)
class Need:
    """A thing of the operating system: its name for people, how to see that it is there, Debian's packages of it."""

    name: str
    present: Callable[[], bool]
    packages: Sequence[str]


def chromium_path() -> str | None:
    """The path of an installed Chromium, or None."""
    return next((path for name in CHROMIUM_PROGRAMS if (path := shutil.which(name))), None)


def _pango_present() -> bool:
    # The last one writes the part of a font that a document uses; WeasyPrint does without, more slowly.
    names = ("pango-1.0", "pangoft2-1.0", "harfbuzz-subset")
    return all(_loads(f"lib{name}.so.0") or ctypes.util.find_library(name) for name in names)


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


PANGO = Need(
    _("Pango (for PDF documents)"),
    _pango_present,
    DEBIAN_PACKAGES,
)
CHROMIUM = Need(_("Chromium (for browser tests)"), lambda: chromium_path() is not None, ("chromium",))
POPPLER = Need(
    _("Poppler (for tests that read PDF documents)"),
    lambda: all(map(shutil.which, ("pdftotext", "pdffonts"))),
    ("poppler-utils",),
)


def ensure(*needs: Need) -> bool:
    """Has what is missing installed where we may, else prints the one line to run. Without it, all else works."""
    missing = [need for need in needs if not need.present()]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        _install(missing)
        missing = [need for need in needs if not need.present()]
    if missing:
        say(_("%(name)s is missing. As root, run: %(line)s") % {"name": names(missing), "line": install_line(*missing)})
    return not missing


def names(needs: Sequence[Need]) -> str:
    """The names of the needs, for people."""
    return ", ".join(need.name for need in needs)


def install_line(*needs: Need) -> str:
    """The one line that installs them."""
    packages = " ".join(package for need in needs for package in need.packages)
    return f"apt-get update && apt-get install -y --no-install-recommends {packages}"


def _install(needs: Sequence[Need]) -> None:
    """Run apt-get, showing that it goes on; a failure is told by the caller, who looks whether the things are there."""
    finished = threading.Event()
    with Progress(0, _("Installing %(name)s…") % {"name": names(needs)}) as progress:
        ticker = threading.Thread(target=_tick, args=(progress, finished), daemon=True)
        ticker.start()
        try:
            result = subprocess.run(
                ["sh", "-c", install_line(*needs)],
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
        finally:
            finished.set()
            ticker.join()
    if result.returncode:
        say(result.stderr.strip()[-500:])


def _tick(progress: Progress, finished: threading.Event) -> None:
    while not finished.wait(1):
        progress.advance()
