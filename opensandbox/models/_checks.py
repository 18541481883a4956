"""What must hold for a value of the right type: each says what is wrong with it, or None.

The answers are ends of a sentence that begins with the field's name: "must not be empty".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

# Kubernetes labels, which the API keeps metadata as: a name of at most 63 characters, which may
# have a domain before it; values likewise, and they may be empty.
_LABEL = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")


def not_empty(value: str) -> str | None:
    """For text that must say something."""
    return None if value.strip() else "must not be empty"


def file_path(value: str) -> str | None:
    """For the path of a file in the sandbox."""
    if not value.strip():
        return "must not be empty"
    return "must not hold a null character" if "\0" in value else None


def absolute_path(value: str) -> str | None:
    """For a path inside the sandbox where something is mounted."""
    return None if value.startswith("/") else "must be an absolute path that starts with '/'"


def host_path(value: str) -> str | None:
    """For a path on the server's machine, which may run Windows."""
    if re.match(r"/|[A-Za-z]:[\\/]", value):
        return None
    return "must be an absolute path that starts with '/' or a drive such as 'C:\\'"


def relative_path(value: str) -> str | None:
    """For a path below another."""
    if value.startswith("/") or ".." in value.split("/"):
        return "must be a path below the volume: without '/' at its start and without '..'"
    return None


def dns_label(limit: int) -> Callable[[str], str | None]:
    """For names that become part of a Kubernetes object's name."""

    def check(value: str) -> str | None:
        if len(value) <= limit and _DNS_LABEL.fullmatch(value):
            return None
        return (
            f"must be at most {limit} lower-case letters, digits and '-',"
            " with a letter or digit at both ends"
        )

    return check


def at_least(minimum: int) -> Callable[[int], str | None]:
    """For numbers from `minimum` up."""

    def check(value: int) -> str | None:
        return None if value >= minimum else f"must be at least {minimum}"

    return check


def between(minimum: int, maximum: int) -> Callable[[int], str | None]:
    """For numbers from `minimum` to `maximum`."""

    def check(value: int) -> str | None:
        if minimum <= value <= maximum:
            return None
        return f"must be between {minimum} and {maximum}"

    return check


def some(value: Sequence[object]) -> str | None:
    """For lists that must hold something."""
    return None if value else "must not be empty"


def command(value: Sequence[str]) -> str | None:
    """For a command as a list of arguments."""
    if not value:
        return "must not be empty"
    return None if value[0].strip() else "must begin with the name of a program"


def file_mode(value: int) -> str | None:
    """For file modes, whose decimal digits are read as the octal ones: 644 is rw-r--r--."""
    if value < 0:
        return "must not be negative"
    if value > 7777 or set(str(value)) & {"8", "9"}:
        return (
            "must be the octal digits written as a decimal number, such as 644"
            f" (0o644 is the number {0o644}; oct(0o644) shows the digits)"
        )
    return None


def metadata_problem(metadata: Mapping[str, str | None], name: str = "metadata") -> str | None:
    """What the API would refuse in metadata, as a whole sentence; None for nothing."""
    for key, value in metadata.items():
        prefix, slash, label = key.rpartition("/")
        if slash and (len(prefix) > 253 or not _DOMAIN.fullmatch(prefix)):
            return f"{name} key {key!r} must have a domain name before its '/'"
        if not _LABEL.fullmatch(label):
            return f"{name} key {key!r} must be {_LABEL_RULE}"
        if value and not _LABEL.fullmatch(value):
            return f"{name} value {value!r} of {key!r} must be empty or {_LABEL_RULE}"
    return None


_LABEL_RULE = (
    "at most 63 letters, digits, '-', '_' and '.', with a letter or digit at both ends"
    " (metadata are labels; use env or a file for other text)"
)
