"""The server's state in one SQLite file, so that a server that was killed finds its sandboxes.

- All calls run in one thread of the store's own: nothing blocks the event loop, and writes keep
  their order.
- The file holds the daemons' tokens: it and its companions are readable by their owner only.
- The schema has a version; a file of a newer one is refused, not guessed at.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from attrs import frozen

from .records import Record
from .values import JSON

T = TypeVar("T")

SCHEMA_VERSION = 2
EVENTS_KEPT = 200
_SCHEMA = """
CREATE TABLE sandboxes (
    id TEXT PRIMARY KEY,
    record TEXT NOT NULL
);
CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    sandbox_id TEXT NOT NULL,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    message TEXT NOT NULL
);
CREATE INDEX events_of_sandbox ON events (sandbox_id, number);
"""
_SINCE_VERSION_2 = """
CREATE TABLE snapshots (
    id TEXT PRIMARY KEY,
    record TEXT NOT NULL
);
"""


class StoreError(Exception):
    """The file cannot be used; the text says why."""


@frozen
class Event:
    """Something that happened to a sandbox."""

    at: datetime
    kind: str
    message: str


class Store:
    """The open file. Made with `await Store.open(path)`, ended with `await store.close()`."""

    def __init__(self, connection: sqlite3.Connection, thread: ThreadPoolExecutor) -> None:
        self._connection = connection
        self._thread = thread

    @classmethod
    async def open(cls, path: Path) -> Store:
        """Opens the file, making it when it is not there. Raises StoreError."""
        thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        try:
            loop = asyncio.get_running_loop()
            connection = await loop.run_in_executor(thread, _connect, path)
        except (sqlite3.Error, OSError) as error:
            thread.shutdown(wait=False)
            raise StoreError(f"the state in {path} cannot be opened: {error}") from error
        except BaseException:
            thread.shutdown(wait=False)
            raise
        return cls(connection, thread)

    async def close(self) -> None:
        """Waits for what is being written, and closes the file."""
        await self._run(self._connection.close)
        self._thread.shutdown()

    async def load(self) -> list[Record]:
        """All records."""
        return await self._run(lambda: _load(self._connection))

    async def put(self, record: Record, *events: Event) -> None:
        """Writes a record, new or changed, and what happened to it, in one transaction."""
        await self._run(lambda: _put(self._connection, record, events))

    async def remove(self, sandbox_id: str) -> None:
        """Forgets a sandbox and its events."""
        await self._run(lambda: _remove(self._connection, sandbox_id))

    async def events(self, sandbox_id: str) -> list[Event]:
        """What happened to a sandbox, oldest first; the last `EVENTS_KEPT`."""
        return await self._run(lambda: _events(self._connection, sandbox_id))

    async def load_snapshots(self) -> list[Mapping[str, Any]]:
        """All snapshots, as they were put."""
        return await self._run(lambda: _load_snapshots(self._connection))

    async def put_snapshot(self, snapshot_id: str, record: Mapping[str, JSON]) -> None:
        """Writes a snapshot, new or changed."""
        statement = "INSERT OR REPLACE INTO snapshots (id, record) VALUES (?, ?)"
        row = (snapshot_id, json.dumps(record))
        await self._run(lambda: self._connection.execute(statement, row))

    async def remove_snapshot(self, snapshot_id: str) -> None:
        """Forgets a snapshot."""
        statement = "DELETE FROM snapshots WHERE id = ?"
        await self._run(lambda: self._connection.execute(statement, (snapshot_id,)))

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _connect(path: Path) -> sqlite3.Connection:
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    path.chmod(0o600)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        # A power cut ends the sandboxes too: surviving the server's own death is enough.
        connection.execute("PRAGMA synchronous=NORMAL")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"the state in {path} was written by a newer version (schema {version}, this one "
                f"knows {SCHEMA_VERSION}); use that version or another directory"
            )
        missing = (_SCHEMA if version < 1 else "") + (_SINCE_VERSION_2 if version < 2 else "")
        if missing:
            connection.executescript(
                f"BEGIN; {missing} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;"
            )
    except BaseException:
        connection.close()
        raise
    return connection


def _load(connection: sqlite3.Connection) -> list[Record]:
    rows = connection.execute("SELECT record FROM sandboxes")
    return [Record.from_json(json.loads(text)) for (text,) in rows]


def _load_snapshots(connection: sqlite3.Connection) -> list[Mapping[str, Any]]:
    rows = connection.execute("SELECT record FROM snapshots")
    return [json.loads(text) for (text,) in rows]


def _put(connection: sqlite3.Connection, record: Record, events: tuple[Event, ...]) -> None:
    text = json.dumps(record.to_json())
    with _transaction(connection):
        connection.execute(
            "INSERT INTO sandboxes (id, record) VALUES (?, ?)"
            " ON CONFLICT (id) DO UPDATE SET record = excluded.record",
            (record.id, text),
        )
        for event in events:
            connection.execute(
                "INSERT INTO events (sandbox_id, at, kind, message) VALUES (?, ?, ?, ?)",
                (record.id, event.at.isoformat(), event.kind, event.message),
            )
        if events:
            connection.execute(
                "DELETE FROM events WHERE sandbox_id = ? AND number <= (SELECT number FROM events"
                " WHERE sandbox_id = ? ORDER BY number DESC LIMIT 1 OFFSET ?)",
                (record.id, record.id, EVENTS_KEPT),
            )


def _remove(connection: sqlite3.Connection, sandbox_id: str) -> None:
    with _transaction(connection):
        connection.execute("DELETE FROM sandboxes WHERE id = ?", (sandbox_id,))
        connection.execute("DELETE FROM events WHERE sandbox_id = ?", (sandbox_id,))


def _events(connection: sqlite3.Connection, sandbox_id: str) -> list[Event]:
    rows = connection.execute(
        "SELECT at, kind, message FROM events WHERE sandbox_id = ? ORDER BY number", (sandbox_id,)
    )
    return [Event(datetime.fromisoformat(at), kind, message) for at, kind, message in rows]


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
