"""What a server tells for finding out why a sandbox does not work."""

from __future__ import annotations

from datetime import datetime

from ._model import Model, field, model


@model(received=True)
class DiagnosticContent(Model):
    """Logs or events of a sandbox, or where they are: `sandbox.diagnostics.read` gives the text."""

    sandbox_id: str = field(wire="sandboxId")
    #: `logs` or `events`.
    kind: str
    #: What was asked for, such as `lifecycle`.
    scope: str
    #: `inline`: `content` is there; `url`: it is at `content_url`.
    delivery: str
    content_type: str = field(wire="contentType")
    #: Whether the server left out the older part of a text that was too long.
    truncated: bool
    #: None when it is delivered by URL.
    content: str | None = None
    #: Often signed, and so not shown. None when the content is here.
    content_url: str | None = field(default=None, wire="contentUrl", secret=True)
    #: In bytes. None when it is not known.
    content_length: int | None = field(default=None, wire="contentLength")
    #: Until when `content_url` works.
    expires_at: datetime | None = field(default=None, wire="expiresAt")
    #: What may be missing, and why.
    warnings: list[str] | None = None


__all__ = ["DiagnosticContent"]
