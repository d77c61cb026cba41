"""Progress on standard error: a bar that moves on a terminal, a plain line now and then elsewhere."""

import sys
import time
from types import TracebackType
from typing import TextIO

BAR_WIDTH = 30
TERMINAL_INTERVAL_SECONDS = 0.1
LINE_INTERVAL_SECONDS = 5.0


class Progress:
    """How far a task of `total` steps is. Use as a context manager; `advance` after each step.

    A total of 0 means unknown: only the count is shown. Nothing is printed for a task done within a second elsewhere
    than on a terminal, except its last line.
    """

    def __init__(self, total: int, label: str, stream: TextIO | None = None) -> None:
        self.total = total
        self.label = label
        self.done = 0
        self._stream = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._started = self._shown = time.monotonic()
        self._closed = False

    def advance(self, n: int = 1) -> None:
        """Count `n` more steps as done."""
        self.done += n
        now = time.monotonic()
        if now - self._shown >= (TERMINAL_INTERVAL_SECONDS if self._terminal else LINE_INTERVAL_SECONDS):
            self._shown = now
            self._show()

    def finish(self) -> None:
        """Show the last state and end the line. May be called twice."""
        if not self._closed:
            self._closed = True
            self._show()
            if self._terminal:
                self._stream.write("\n")
                self._stream.flush()

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish()

    def _show(self) -> None:
        seconds = time.monotonic() - self._started
        if self._terminal:
            self._stream.write(f"\r\033[K{self.label} {self._bar()}{self._count()} {seconds:.0f}s")
        else:
            self._stream.write(f"{self.label} {self._count()} {seconds:.0f}s\n")
        self._stream.flush()

    def _bar(self) -> str:
        if not self.total:
            return ""
        full = min(BAR_WIDTH, BAR_WIDTH * self.done // self.total)
        return "█" * full + "░" * (BAR_WIDTH - full) + " "

    def _count(self) -> str:
        return f"{self.done}/{self.total}" if self.total else str(self.done)


def say(sentence: str) -> None:
    """One plain line on standard error."""
    sys.stderr.write(sentence + "\n")
    sys.stderr.flush()
