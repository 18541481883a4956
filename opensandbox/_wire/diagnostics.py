"""The diagnostics API without I/O: what a server tells, and how a text of it is read."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urljoin, urlsplit

from opensandbox_api.diagnostics import models as api

from ..exceptions import InvalidArgumentException, SandboxInternalException
from ..models.diagnostics import DiagnosticContent
from .received import received
from .urls import protocol_and_host

_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.I)


def content(answer: api.DiagnosticContentResponse) -> DiagnosticContent:
    """Logs or events of a sandbox, or where they are."""
    return received(DiagnosticContent, answer)


def content_place(content: DiagnosticContent, server: str) -> tuple[str, str]:
    """Where the text is fetched: the address of a server, and path and query there.

    A place that is named without a server is at `server`.
    """
    if not content.content_url:
        raise InvalidArgumentException(
            f"the {content.kind} of sandbox {content.sandbox_id} hold neither a text nor its URL"
        )
    parts = _split(content.content_url, server)
    if parts is None:
        raise no_place(content)
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}", (parts.path or "/") + query


def no_place(content: DiagnosticContent) -> SandboxInternalException:
    """What to raise for a URL that is none. It may be signed, and so is not shown."""
    return SandboxInternalException(
        "the server named a contentUrl that is no http or https URL",
        sandbox_id=content.sandbox_id,
    )


def _split(url: str, server: str) -> SplitResult | None:
    try:
        parts = urlsplit(urljoin(f"{server}/", url))
        protocol_and_host(f"{parts.scheme}://{parts.netloc}")
    except (ValueError, InvalidArgumentException):
        return None
    return parts


def text(body: bytes, content_type: str | None) -> str:
    """The text in its charset (UTF-8 when none is named); what is none in it is replaced."""
    named = _CHARSET.search(content_type or "")
    try:
        return body.decode(named[1] if named else "utf-8", "replace")
    except LookupError:
        return body.decode("utf-8", "replace")
