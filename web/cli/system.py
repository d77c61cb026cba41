"""What the product needs from the operating system beside Python: Pango for PDF, Chromium for browser tests.

As root on a Debian-like system it is installed; otherwise the one line to run is printed, and the product goes on
without.
"""

import ctypes.util
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Sequence

from web.cli.messages import _
from web.cli.progress import Progress, say

PANGO_PACKAGES = ("libpango-1.0-0", "libpangoft2-1.0-0")
CHROMIUM_PACKAGES = ("chromium",)
CHROMIUM_PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def pango_present() -> bool:
    """Whether the libraries that set text for PDF can be loaded."""
    return all(_loads(name) for name in ("libpango-1.0.so.0", "libpangoft2-1.0.so.0")) or all(
        ctypes.util.find_library(name) for name in ("pango-1.0", "pangoft2-1.0")
    )


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def chromium_path() -> str | None:
    """The path of an installed Chromium, or None."""
    return next((path for name in CHROMIUM_PROGRAMS if (path := shutil.which(name))), None)


def ensure_pango() -> bool:
    """Have Pango installed where we may. Without it everything works but documents as PDF."""
    return _ensure(_("Pango (for PDF documents)"), pango_present, PANGO_PACKAGES)


def ensure_chromium() -> bool:
    """Have Chromium installed where we may. Without it browser tests cannot run."""
    return _ensure(_("Chromium (for browser tests)"), lambda: chromium_path() is not None, CHROMIUM_PACKAGES)


def install_line(packages: Sequence[str]) -> str:
    """The one line that installs the packages."""
    return f"apt-get update && apt-get install -y --no-install-recommends {' '.join(packages)}"


def _ensure(name: str, present: Callable[[], bool], packages: Sequence[str]) -> bool:
    if present():
        return True
    if os.geteuid() == 0 and shutil.which("apt-get"):
        _install(name, packages)
        if present():
            return True
    say(_("%(name)s is missing. As root, run: %(line)s") % {"name": name, "line": install_line(packages)})
    return False


def _install(name: str, packages: Sequence[str]) -> None:
    """Run apt-get, showing that it goes on; a failure is told by the caller, who looks whether the thing is there."""
    finished = threading.Event()
    with Progress(0, _("Installing %(name)s…") % {"name": name}) as progress:
        ticker = threading.Thread(target=_tick, args=(progress, finished), daemon=True)
        ticker.start()
        try:
            result = subprocess.run(
                ["sh", "-c", install_line(packages)],
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
