"""One-machine mode: one process that starts database, web and worker, starts again what dies, and stops what it
started.

It does nothing else, so that it has no reason to die itself. Children lead process groups of their own; should the
supervisor be killed with -9, the kernel tells them to stop (on Linux).
"""

import ctypes
import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from core.config import CHECKOUT, Settings
from core.embedded import EmbeddedDatabase, EmbeddedDatabaseError

logger = structlog.get_logger(__name__)

POLL_SECONDS = 0.2
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 30.0
HEALTHY_SECONDS = 30.0  # a child that lived this long starts again at once
STOP_SECONDS = 20.0
TRIES_BEFORE_READY = 3
BLOCKING_THREADS = 4
PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG


class SupervisionError(Exception):
    """What was to be served never came up; the message is a sentence."""


@dataclass
class Child:
    """One program to keep running. `restarts` counts deaths, `next_start` is on the monotonic clock."""

    name: str
    arguments: Sequence[str]
    environment: dict[str, str] = field(repr=False)
    process: "subprocess.Popen[bytes] | None" = None
    restarts: int = 0
    failures_in_row: int = 0
    started: float = 0.0
    next_start: float = 0.0

    def start(self) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self.arguments,
            env=self.environment,
            cwd=CHECKOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )

    def signal_group(self, number: int) -> None:
        """Send a signal to the child and everything it started."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                return

    def pause(self) -> float:
        """Seconds to wait before the next start: doubled with each failure in a row."""
        return min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** max(0, self.failures_in_row - 1))


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGTERM)


@dataclass
class Supervisor:
    """Keeps `children` and the embedded database running until SIGTERM or SIGINT.

    `ready` tells whether the web answers; `announce` is called once when it first does. The database stays the
    caller's to stop.
    """

    children: list[Child]
    database: EmbeddedDatabase | None
    ready: Callable[[], bool]
    announce: Callable[[], None]
    _stop: threading.Event = field(default_factory=threading.Event)
    _announced: bool = False

    def run(self) -> None:
        """Watch until told to stop. Raises SupervisionError when a child keeps dying before the web ever answered."""
        previous = {number: signal.signal(number, self._on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            while not self._stop.is_set():
                self._watch_database()
                for child in self.children:
                    self._watch(child)
                if not self._announced and self.ready():
                    self._announced = True
                    self.announce()
                self._stop.wait(POLL_SECONDS if self._announced else POLL_SECONDS / 4)
        finally:
            self._stop_children()
            for number, handler in previous.items():
                signal.signal(number, handler)

    def _on_signal(self, *_: object) -> None:
        self._stop.set()

    def _watch(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.next_start:
                child.start()
            return
        status = child.process.poll()
        if status is None:
            return
        child.signal_group(signal.SIGKILL)  # what it left behind would keep the port
        child.process = None
        child.restarts += 1
        child.failures_in_row = 1 if now - child.started >= HEALTHY_SECONDS else child.failures_in_row + 1
        child.next_start = now + child.pause()
        logger.warning("child_died", name=child.name, status=status, restart_in_seconds=child.pause())
        if not self._announced and child.failures_in_row >= TRIES_BEFORE_READY:
            raise SupervisionError(
                f"The {child.name} process ended {TRIES_BEFORE_READY} times before anything was served; see above."
            )

    def _watch_database(self) -> None:
        if self.database is None or self.database.is_running():
            return
        logger.warning("database_died")
        try:
            self.database.ensure_running()
        except EmbeddedDatabaseError as error:
            logger.error("database_not_started", reason=str(error))
            self._stop.wait(1.0)
        else:
            logger.info("database_started_again")

    def _stop_children(self) -> None:
        """SIGTERM to all, then SIGKILL to what is still there after STOP_SECONDS."""
        running = [child for child in self.children if child.process is not None]
        for child in running:
            if child.process is not None:
                child.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for child in running:
            if child.process is not None:
                try:
                    child.process.wait(max(0.1, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    logger.warning("child_killed", name=child.name)
                child.signal_group(signal.SIGKILL)
                child.process.wait()
                child.process = None


def web_child(settings: Settings) -> Child:
    """The web server: WSGI, WEB_WORKERS processes with BLOCKING_THREADS threads each."""
    options = {
        "--interface": "wsgi",
        "--host": settings.host,
        "--port": str(settings.port),
        "--workers": str(settings.web_workers),
        "--blocking-threads": str(BLOCKING_THREADS),
        "--respawn-interval": "0.2",
        "--workers-kill-timeout": "10",
        "--log-level": "warning",
    }
    arguments = [sys.executable, "-P", "-m", "granian", "--respawn-failed-workers", "--no-ws"]
    arguments += [part for pair in options.items() for part in pair]
    return Child("web", [*arguments, "web.wsgi:app"], child_environment(settings))


def worker_child(settings: Settings) -> Child:
    """The worker for background jobs; only it is given the role that sees every row."""
    environment = child_environment(settings)
    if settings.database_system_url:
        environment["DATABASE_SYSTEM_URL"] = settings.database_system_url
    return Child("worker", [sys.executable, "-P", "-m", "web.cli", "worker"], environment)


def child_environment(settings: Settings) -> dict[str, str]:
    """The environment of a child: the settings in use, without the addresses of roles it has no business with."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_ADMIN_URL", "DATABASE_SYSTEM_URL") and not name.startswith("GRANIAN_")
    }
    environment |= {
        "PYTHONPATH": str(CHECKOUT),
        "COUNTINGHOUSE_HOME": str(settings.home),
        "COUNTINGHOUSE_ENV": settings.environment,
        "DATABASE_URL": settings.database_url or "",
        "BROKER_URL": settings.broker_url,
        "HOST": settings.host,
        "PORT": str(settings.port),
    }
    return environment


def answers(host: str, port: int) -> bool:
    """Whether the web server answers /healthz."""
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    connection = http.client.HTTPConnection(target, port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
