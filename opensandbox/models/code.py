"""Where code runs."""

from __future__ import annotations

from ._model import Model, model


@model(received=True)
class CodeContext(Model):
    """An interpreter that keeps its variables and imports from one piece of code to the next."""

    id: str
    #: Such as `python`.
    language: str


__all__ = ["CodeContext"]
