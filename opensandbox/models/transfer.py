"""Whole directories on their way into a sandbox or out of one."""

from __future__ import annotations

from ._model import Model, field, model


@model(received=True)
class TransferProgress(Model):
    """How far it has come."""

    #: The file that a piece of was just carried, below the directory.
    path: str
    #: Of that file, and of all files so far.
    file_bytes: int
    total_bytes: int
    #: How many files are complete.
    files: int


@model(received=True)
class Transfer(Model):
    """What was carried."""

    files: int
    directories: int
    total_bytes: int
    #: What was left where it is, with the reason: links that lead outside, sockets, devices.
    skipped: dict[str, str] = field(factory=dict)


__all__ = ["Transfer", "TransferProgress"]
