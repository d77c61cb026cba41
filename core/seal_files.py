"""What the audit chain keeps outside the database, in the folder `audit` of the home: keys, anchors, the last look.

`keys` holds every key the chain was ever sealed with. The one in use is derived from SECRET_KEY; when that is changed,
the next sealing adds a new key, and what was sealed before is still checked with the old one. A chain whose keys are
lost cannot be checked any more: the file belongs into the backup, beside the database and not inside it.

`DATABASE.anchors` grows by a line with every sealing and is flushed to the disk. Whoever cuts the end off the chain
and its rows inside the database cannot cut it off here too; a copy on another machine shows even that.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

FOLDER = "audit"
PURPOSE = b"countinghouse audit seal"


@dataclass(frozen=True)
class Key:
    """A key of the chain, and the name that seals know it by."""

    id: str
    secret: bytes


@dataclass(frozen=True)
class Anchor:
    """Where the chain ended after a sealing. `begins`: the first one, before which nothing is anchored."""

    run: int
    position: int
    digest: str
    begins: bool = False


@dataclass
class Anchors:
    """The anchors of a chain by run, and how many rows the append-only tables held when they were last counted."""

    by_run: dict[int, Anchor] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    unreadable: int = 0

    @property
    def first_run(self) -> int:
        """The first run that must have an anchor: the one where anchoring began, else the very first."""
        return max((anchor.run for anchor in self.by_run.values() if anchor.begins), default=1)

    @property
    def last(self) -> Anchor | None:
        return self.by_run[max(self.by_run)] if self.by_run else None


def derive_key(secret_key: str) -> Key:
    """The key that belongs to a SECRET_KEY."""
    secret = hmac.digest(secret_key.encode(), PURPOSE, "sha256")
    return Key(hashlib.sha256(secret).hexdigest()[:16], secret)


class SealFiles:
    """The files of one database's chain. `copies` are anchors kept elsewhere, read beside our own."""

    def __init__(self, home: Path, database: str, *, copies: Iterable[Path] = ()) -> None:
        self.folder = home / FOLDER
        self.keys_path = self.folder / "keys"
        self.anchors_path = self.folder / f"{database}.anchors"
        self.looked_path = self.folder / f"{database}.verified"
        self.copies = tuple(copies)

    @classmethod
    def of(cls, home: Path, url: str, *, copies: Iterable[Path] = ()) -> SealFiles:
        """Those of the database at an address."""
        return cls(home, make_url(url).database or "database", copies=copies)

    # keys -------------------------------------------------------------------------------------------------------------
    def keys(self) -> dict[str, bytes]:
        """Every key that is kept, by its name."""
        if not self.keys_path.exists():
            return {}
        pairs = (line.split() for line in self.keys_path.read_text(encoding="ascii").splitlines() if line.strip())
        return {name: bytes.fromhex(secret) for name, secret in pairs}

    def keep_key(self, key: Key) -> None:
        """Keeps the key before it is first used."""
        if key.id not in self.keys():
            self._append(self.keys_path, f"{key.id} {key.secret.hex()}")

    # anchors ----------------------------------------------------------------------------------------------------------
    def add_anchor(self, anchor: Anchor, at: datetime) -> None:
        """Writes an anchor and flushes it to the disk."""
        kind = "begin" if anchor.begins else "seal"
        self._append(
            self.anchors_path, f"{kind} {anchor.run} {anchor.position} {anchor.digest} {at.isoformat('T', 'seconds')}"
        )

    def add_counts(self, counts: Mapping[str, int], at: datetime) -> None:
        """Writes how many rows the append-only tables hold."""
        held = " ".join(f"{table}={count}" for table, count in sorted(counts.items()))
        self._append(self.anchors_path, f"counts {at.isoformat('T', 'seconds')} {held}")

    def anchors(self) -> Anchors:
        """All anchors, of our own file and of the copies."""
        found = Anchors()
        for path in (self.anchors_path, *self.copies):
            for line in _lines(path):
                try:
                    _read_line(line, found)
                except (ValueError, IndexError):
                    found.unreadable += 1
        return found

    def last_anchor(self) -> Anchor | None:
        """The newest anchor, read from the end of the file."""
        found = Anchors()
        for line in _tail(self.anchors_path):
            try:
                _read_line(line, found)
            except (ValueError, IndexError):
                continue
        return found.last

    def counted_at(self) -> str:
        """When the tables were last counted, ISO 8601 in UTC; empty for never."""
        counted = [line for line in _lines(self.anchors_path) if line.startswith("counts ")]
        return counted[-1].split()[1] if counted else ""

    # the last look ----------------------------------------------------------------------------------------------------
    def note_look(self, look: Mapping[str, Any]) -> None:
        """Keeps what the last whole verification found, for those who look at the audit trail."""
        self._make_folder()
        draft = self.looked_path.with_suffix(f".{os.getpid()}")
        draft.write_text(json.dumps(dict(look), ensure_ascii=False, default=str), encoding="utf-8")
        draft.replace(self.looked_path)

    def last_look(self) -> dict[str, Any] | None:
        """What the last whole verification found; None for none."""
        try:
            found = json.loads(self.looked_path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    # writing ----------------------------------------------------------------------------------------------------------
    def _make_folder(self) -> None:
        if not self.folder.is_dir():
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _flush_folder(self.folder.parent)

    def _append(self, path: Path, line: str) -> None:
        self._make_folder()
        is_new = not path.exists()
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            end = os.lseek(descriptor, 0, os.SEEK_END)
            # A line that a crash tore off ends here, so that it spoils no other.
            torn = bool(end) and os.pread(descriptor, 1, end - 1) != b"\n"
            os.write(descriptor, (b"\n" if torn else b"") + line.encode("ascii") + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            _flush_folder(self.folder)


def _lines(path: Path) -> Iterator[str]:
    if path.exists():
        with path.open(encoding="ascii", errors="replace") as file:
            yield from (line.strip() for line in file if line.strip())


def _tail(path: Path, size: int = 4096) -> list[str]:
    if not path.exists():
        return []
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - size))
        text = file.read().decode("ascii", "replace")
    lines = text.splitlines()
    return lines if len(text) < size else lines[1:]


def _read_line(line: str, found: Anchors) -> None:
    """Adds one line's anchor or counts. Raises ValueError or IndexError for one that cannot be read."""
    kind, *words = line.split()
    if kind == "counts":
        held = {table: int(count) for table, count in (word.split("=") for word in words[1:])}
        found.counts.update({table: max(count, found.counts.get(table, 0)) for table, count in held.items()})
    elif kind in ("begin", "seal"):
        anchor = Anchor(int(words[0]), int(words[1]), words[2], kind == "begin")
        known = found.by_run.get(anchor.run)
        # Of two that differ the first stands: the other was added to hide what was done.
        if known is None or (known.begins, known.digest) == (False, anchor.digest):
            found.by_run[anchor.run] = anchor
    else:
        raise ValueError(line)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
