"""How a running server is found, and how a second one is kept out: two files and a key.

- ``server.lock`` is held for as long as the server lives; the kernel lets go of it when it dies.
- ``server.json`` says where it listens and with which key; it is written whole or not at all.
- All are readable by their owner only.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from .values import JSON

LOCK_FILE = "server.lock"
DISCOVERY_FILE = "server.json"
REFUSAL_FILE = "refused.json"
KEY_FILE = "api-key"
LOG_FILE = "server.log"


class AlreadyRunning(Exception):
    """Another server holds the directory; the text says which."""


def prepare(directory: Path) -> None:
    """Makes the state directory. Others may pass through it, not look into it."""
    directory.mkdir(mode=0o711, parents=True, exist_ok=True)
    directory.chmod(0o711)


@contextmanager
def locked(directory: Path) -> Iterator[None]:
    """Holds the directory's lock for the length of the block. Raises AlreadyRunning."""
    lock = os.open(directory / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(_who(directory)) from None
        yield
    finally:
        os.close(lock)


def _who(directory: Path) -> str:
    try:
        known = json.loads((directory / DISCOVERY_FILE).read_bytes())
        where = f"at {known['url']}, process {known['pid']}"
    except (OSError, ValueError, KeyError, TypeError):
        where = "that is just starting"
    return f"a server {where}, already uses {directory}"


def write_private(path: Path, content: str) -> None:
    """Writes a file that only its owner can read, whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(content)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def kept_key(directory: Path) -> str:
    """The key kept in the directory; makes it the first time."""
    path = directory / KEY_FILE
    try:
        if key := path.read_text().strip():
            return key
    except FileNotFoundError:
        pass
    key = secrets.token_hex(32)  # nothing that a command line takes for an option
    write_private(path, key + "\n")
    return key


def own_start_time() -> int:
    """When this process started, in clock ticks since boot: with the pid it names one process."""
    stat = Path("/proc/self/stat").read_text()
    return int(stat.rpartition(")")[2].split()[19])


@contextmanager
def announced(directory: Path, url: str, api_key: str, version: str) -> Iterator[None]:
    """Says in ``server.json`` where the server is, for the length of the block."""
    content: Mapping[str, JSON] = {
        "url": url,
        "api_key": api_key,
        "pid": os.getpid(),
        "start_time": own_start_time(),
        "version": version,
    }
    path = directory / DISCOVERY_FILE
    (directory / REFUSAL_FILE).unlink(missing_ok=True)
    write_private(path, json.dumps(content) + "\n")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
