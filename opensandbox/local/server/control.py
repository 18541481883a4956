"""Talking to a sandbox's daemon over its control socket.

- One connection for each request: one line of JSON there, one line back. Blocking; the server calls
  it in a thread.
- The socket file exists before the daemon does: a request waits in its backlog until the daemon is
  up, so the first answer means that it is ready.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ..execd.passing import receive
from .values import JSON

_LONGEST_ANSWER = 1024 * 1024


class ControlError(Exception):
    """The daemon did not answer, or answered that it failed; the text says which."""


def request(
    path: Path, message: Mapping[str, JSON], *, timeout: float, descriptor: int | None = None
) -> Mapping[str, JSON]:
    """Sends `message`, with a descriptor if one is given, and returns the daemon's answer.

    `timeout` is in seconds, for each step. Raises ControlError.
    """
    operation = message.get("op")
    line = json.dumps(message).encode() + b"\n"
    try:
        with _connected(path, timeout) as connection:
            if descriptor is None:
                connection.sendall(line)
            else:
                socket.send_fds(connection, [line], [descriptor])
            answer = _read_line(connection)
    except TimeoutError:
        raise ControlError(f"the daemon gave no answer to {operation!r} in {timeout:g} s") from None
    except OSError as error:
        raise ControlError(f"the daemon is gone ({operation!r}: {error})") from error
    return _checked(operation, answer)


def _connected(path: Path, timeout: float) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        # The path may be longer than the 107 bytes an address holds; a relative one is not.
        with _directory(path.parent) as parent:
            connection.connect(f"/proc/self/fd/{parent}/{path.name}")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _directory(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _read_line(connection: socket.socket) -> bytes:
    received = bytearray()
    while not received.endswith(b"\n"):
        piece = connection.recv(65536)
        if not piece:
            break
        received += piece
        if len(received) > _LONGEST_ANSWER:
            raise ControlError("the daemon's answer is too long")
    return bytes(received)


def _checked(operation: object, answer: bytes) -> Mapping[str, JSON]:
    if not answer:
        raise ControlError(f"the daemon closed the connection without an answer to {operation!r}")
    try:
        parsed = json.loads(answer)
    except ValueError:
        raise ControlError(f"the daemon's answer to {operation!r} is not JSON") from None
    if not isinstance(parsed, dict):
        raise ControlError(f"the daemon's answer to {operation!r} is no object")
    if parsed.get("ok") is not True:
        raise ControlError(f"the daemon refused {operation!r}: {parsed.get('error')}")
    return parsed


def take_listener(path: Path, port: int, *, timeout: float = 10.0) -> socket.socket:
    """A listener on `port` of the sandbox's own loopback, served from out here.

    The daemon gives the same one again to whoever asks later. Raises ControlError.
    """
    line = json.dumps({"op": "listen", "port": port}).encode() + b"\n"
    descriptors: list[int] = []
    try:
        with _connected(path, timeout) as connection:
            connection.sendall(line)
            answer, descriptors = receive(connection, 1)
            while answer and not answer.endswith(b"\n"):
                answer += _read_line(connection)
        listeners = [socket.socket(fileno=descriptor) for descriptor in descriptors]
    except TimeoutError:
        raise ControlError(f"the daemon gave no listener in {timeout:g} s") from None
    except OSError as error:
        raise ControlError(f"the daemon is gone ('listen': {error})") from error
    try:
        _checked("listen", answer)
        return listeners.pop()
    except IndexError:
        raise ControlError("the daemon gave no listener") from None
    finally:
        for listener in listeners:
            listener.close()


def hand_over_listener(path: Path, port: int, address: str, *, timeout: float = 10.0) -> int:
    """Makes a listener on a free port of `address` and gives it to the daemon, which keeps it.

    What connects there reaches `port` in the sandbox. Raises ControlError and OSError.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # Our own copy is closed: with it open, connections to a dead sandbox would hang.
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.bind((address, 0))
        listener.listen(128)
        message: dict[str, JSON] = {"op": "expose", "port": port}
        request(path, message, timeout=timeout, descriptor=listener.fileno())
        bound: int = listener.getsockname()[1]
    return bound
