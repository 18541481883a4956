"""Turns arguments into request bodies, and refuses what no server could accept.

Rules:
* What is wrong is found here, before anything is sent: each check names its argument.
* Seconds come in, milliseconds go out, and a limit never becomes 0: that would mean none.
* What was not given is left out, not sent as null.
"""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from ..exceptions import InvalidArgumentException
from ..models._time import Seconds, seconds

T = TypeVar("T")


def run_command(
    command: str | Sequence[str],
    *,
    background: bool = False,
    working_directory: str | None = None,
    timeout: Seconds | None = None,
    uid: int | None = None,
    gid: int | None = None,
    envs: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The body of `POST /command`: a shell line as `command`, a list of words as `argv`."""
    body: dict[str, Any]
    if isinstance(command, str):
        body = {"command": _line(command, "command")}
    else:
        body = {"argv": _words(command)}
    if working_directory is not None:
        body["cwd"] = text(working_directory, "working_directory")
    if background:
        body["background"] = True
    if timeout is not None:
        body["timeout"] = milliseconds(timeout, "timeout")
    if gid is not None and uid is None:
        raise InvalidArgumentException("gid needs uid as well")
    if uid is not None:
        body["uid"] = _number(uid, "uid")
    if gid is not None:
        body["gid"] = _number(gid, "gid")
    if envs is not None:
        body["envs"] = environment(envs)
    return body


def run_in_session(
    command: str, *, working_directory: str | None = None, timeout: Seconds | None = None
) -> dict[str, Any]:
    """The body of `POST /session/{id}/run`."""
    body: dict[str, Any] = {"command": _line(command, "command")}
    if working_directory is not None:
        body["cwd"] = text(working_directory, "working_directory")
    if timeout is not None:
        body["timeout"] = milliseconds(timeout, "timeout")
    return body


def set_env(key: str, value: str) -> str:
    """The shell line that keeps a variable for the commands that follow; see `variables`."""
    from . import variables  # here: what reads such a file takes a while to load

    if not isinstance(key, str) or not variables.is_name(key):
        raise InvalidArgumentException(
            f"a variable's name is letters, digits and _, no digit first; got {key!r}"
        )
    line = variables.assignment(key, text(value, "value", empty=True))
    return (
        'if [ -z "${EXECD_ENVS-}" ]; then'
        " echo 'this sandbox keeps no variables: EXECD_ENVS is not set' >&2; exit 1; fi; "
        'mkdir -p -- "$(dirname -- "$EXECD_ENVS")" && '
        f"printf '%s\\n' {shlex.quote(line)} >> \"$EXECD_ENVS\""
    )


def max_output(value: int | None) -> int | None:
    """How many characters of output are kept; None for all."""
    return None if value is None else positive(value, "max_output")


def milliseconds(value: Seconds, name: str) -> int:
    """A duration above 0 in whole milliseconds, rounded up."""
    return max(1, math.ceil(round(seconds(value, name) * 1000, 6)))


def text(value: str, name: str, *, empty: bool = False) -> str:
    """`value` if it is text that can be sent; not empty unless `empty`."""
    if not isinstance(value, str):
        raise InvalidArgumentException(f"{name} must be a string, got {type(value).__name__}")
    if not value and not empty:
        raise InvalidArgumentException(f"{name} must not be empty")
    if "\0" in value:
        raise InvalidArgumentException(f"{name} must not hold a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError as problem:
        raise InvalidArgumentException(
            f"{name} holds half a surrogate pair at character {problem.start}", problem
        ) from problem
    return value


def texts(values: Sequence[str], name: str) -> list[str]:
    """A list of texts, each checked; a single string is refused, being a list of characters."""
    if isinstance(values, str | bytes) or not isinstance(values, Sequence):
        raise InvalidArgumentException(
            f"{name} must be a list of strings, got {type(values).__name__}"
        )
    return [text(value, f"{name}[{index}]") for index, value in enumerate(values)]


def environment(envs: Mapping[str, str]) -> dict[str, str]:
    """Variables with names that can be one."""
    if not isinstance(envs, Mapping):
        raise InvalidArgumentException(f"envs must be a mapping, got {type(envs).__name__}")
    checked = {}
    for key, value in envs.items():
        if "=" in text(key, "a name in envs"):
            raise InvalidArgumentException(f"a name in envs must not hold '=', got {key!r}")
        checked[key] = text(value, f"envs[{key!r}]", empty=True)
    return checked


def _line(command: str, name: str) -> str:
    if isinstance(command, str) and not command.strip():
        raise InvalidArgumentException(f"{name} must not be empty")
    return text(command, name)


def _words(command: Sequence[str]) -> list[str]:
    if isinstance(command, bytes) or not isinstance(command, Sequence):
        raise InvalidArgumentException(
            f"command must be a shell line or a list of words, got {type(command).__name__}"
        )
    if not command:
        raise InvalidArgumentException("command must not be empty")
    first = text(command[0], "command[0]")
    rest = enumerate(command[1:], 1)
    return [first, *(text(word, f"command[{index}]", empty=True) for index, word in rest)]


def _number(value: int, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidArgumentException(f"{name} must be an integer, got {value!r}")
    if not 0 <= value < 2**32 - 1:
        raise InvalidArgumentException(f"{name} must be between 0 and 4294967294, got {value}")
    return value


def cursor(value: int | None) -> int | None:
    """A position in the output of a background command."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise InvalidArgumentException(f"cursor must be a number of bytes, got {value!r}")
    return value


def positive(value: int, name: str) -> int:
    """A whole number above 0."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidArgumentException(f"{name} must be a whole number above 0, got {value!r}")
    return value


def instance(value: T, kind: type[T], name: str) -> T:
    """`value` if it is of this kind."""
    if not isinstance(value, kind):
        raise InvalidArgumentException(
            f"{name} must be a {kind.__name__}, got {type(value).__name__}"
        )
    return value


def instances(entries: Sequence[T], kind: type[T], name: str) -> Sequence[T]:
    """A list whose entries are all of this kind."""
    if isinstance(entries, str | bytes) or not isinstance(entries, Sequence):
        raise InvalidArgumentException(
            f"{name} must be a list of {kind.__name__}, got {type(entries).__name__}"
        )
    for index, entry in enumerate(entries):
        instance(entry, kind, f"{name}[{index}]")
    return entries
