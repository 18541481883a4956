"""What a terminal prints."""

from __future__ import annotations

from ._model import Model, field, model


@model(received=True)
class TerminalOutput(Model):
    """A piece of what was printed, byte for byte."""

    data: bytes = field(kw_only=False)
    #: Whether it went to stderr: known without a terminal (`pipes`), and not for what is replayed.
    is_error: bool = False
    #: Whether it was printed before, and is sent again because of `since`.
    is_replay: bool = False


__all__ = ["TerminalOutput"]
