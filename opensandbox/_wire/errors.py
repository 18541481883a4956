"""Turns an error answer into the exception that says what was tried, what came back, what to do.

Rules:
* Every status gives an exception with status, code, message, request id and body, whatever the body
  is: the API's own forms, a proxy's page, nothing at all, a status outside the registry.
* A message holds the method and the path, never a query, a header or the value that was refused:
  those may be secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from ..exceptions import (
    SandboxApiException,
    SandboxError,
    SandboxException,
    SandboxRateLimitException,
)
from .headers import REQUEST_ID

#: Statuses after which the same request may well succeed.
RETRYABLE = frozenset({429, 502, 503})
#: The code that says of an endpoint that it is not known yet, and will be.
NOT_YET = "KUBERNETES::POD_IP_NOT_AVAILABLE"

_TEXT_LIMIT = 300


def error_from_response(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    method: str,
    url: str,
    sandbox_id: str | None = None,
) -> SandboxException:
    """The exception for an answer that is not a success, redirects included.

    `headers` may be in any case; `url` may hold a query, which is left out of the message.
    """
    named = {name.lower(): value for name, value in headers.items()}
    code, said = _read(body)
    parts = [f"{tried(method, url)}: {status}"]
    if code:
        parts.append(f" {code}")
    if said:
        parts.append(f": {said}")
    wait = retry_after(named) if status in RETRYABLE else None
    if advice := _advice(status, code, named, wait):
        parts.append(f"{'' if parts[-1].endswith('.') else '.'} {advice}")
    message = "".join(parts)
    fallback = SandboxError.RATE_LIMIT if status == 429 else SandboxError.UNEXPECTED_RESPONSE
    error = SandboxError(code or fallback, said or f"HTTP {status}")
    request_id = named.get(REQUEST_ID.lower())
    if status == 429:
        return SandboxRateLimitException(
            message,
            status_code=status,
            error=error,
            request_id=request_id,
            retry_after=None if wait is None else timedelta(seconds=wait),
            response_body=body,
            is_retryable=True,
            sandbox_id=sandbox_id,
        )
    return SandboxApiException(
        message,
        status_code=status,
        error=error,
        request_id=request_id,
        response_body=body,
        is_retryable=status in RETRYABLE,
        sandbox_id=sandbox_id,
    )


def malformed_answer(
    problem: str,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    method: str,
    url: str,
    sandbox_id: str | None = None,
) -> SandboxApiException:
    """The exception for a success whose body is not what the API promises."""
    named = {name.lower(): value for name, value in headers.items()}
    shown = _summary(body.decode("utf-8", "replace"))
    came = f": {shown}" if shown else ", with nothing in it"
    return SandboxApiException(
        f"{tried(method, url)}: {status}, but {problem}{came}",
        status_code=status,
        error=SandboxError(SandboxError.UNEXPECTED_RESPONSE, problem),
        request_id=named.get(REQUEST_ID.lower()),
        response_body=body,
        sandbox_id=sandbox_id,
    )


def is_page(headers: Mapping[str, str]) -> bool:
    """Whether a body is an HTML page to look at: a proxy's, a network's that wants a sign-in.

    The API sends none; a file of that kind comes as an attachment.
    """
    kind = headers.get("content-type", "").strip().lower()
    return kind.startswith("text/html") and "content-disposition" not in headers


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that `Retry-After` asks to wait, or None when it says nothing readable.

    `headers` have lower-case names.  A date counts from the answer's own `Date`, so that a clock
    that differs from the server's does no harm.
    """
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d*)?", value, re.ASCII):
        return float(value)
    try:
        then = parsedate_to_datetime(value)
        now = parsedate_to_datetime(headers["date"]) if "date" in headers else datetime.now(UTC)
        return max(0.0, (_aware(then) - _aware(now)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def tried(method: str, url: str) -> str:
    """What was asked, fit for a message or a log: no query, no user or password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{method.upper()} {parts.path or '/'}" + (f" at {host}" if host else "")


def _read(body: bytes) -> tuple[str | None, str]:
    """The code and the sentence of an error's body; the sentence of a page is its title."""
    text = body.decode("utf-8", "replace")
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return None, _summary(text)
    if isinstance(value, dict):
        detail = value.get("detail")
        if isinstance(detail, dict):
            value = detail
        elif isinstance(detail, list):
            return None, _short("; ".join(_fault(item) for item in detail))
        elif isinstance(detail, str):
            return None, _short(detail)
        code, message = value.get("code"), value.get("message", value.get("error"))
        if code is not None or message is not None:
            said = message if isinstance(message, str) else json.dumps(message or "")
            return (None if code is None else str(code)), _short(said.strip('"'))
    return None, _short(text)


def _fault(item: object) -> str:
    """One fault of a 422: where and why, never the value that was sent."""
    if not isinstance(item, dict):
        return str(item)
    where = item.get("loc")
    path = ".".join(str(step) for step in where) if isinstance(where, list) else ""
    why = str(item.get("msg") or item.get("type") or "refused")
    return f"{path}: {why}" if path else why


def _summary(text: str) -> str:
    """The title of an HTML page, else its first words; other text shortened."""
    if not re.search(r"<\s*(!doctype|html|head|body|title|h1)\b", text[:2000], re.IGNORECASE):
        return _short(text)
    import html  # here, for its table of entities takes longer than all of this module

    title = re.search(r"<title[^>]*>(.*?)</title", text, re.IGNORECASE | re.DOTALL)
    shown = title[1] if title and title[1].strip() else text
    shown = re.sub(r"(?s)<(script|style)\b.*?</\1>|<[^>]*>", " ", shown)
    return f'an HTML page, "{_short(html.unescape(shown))}"'


def _short(text: str) -> str:
    line = " ".join(text[: 4 * _TEXT_LIMIT].split())
    return line if len(line) <= _TEXT_LIMIT else line[:_TEXT_LIMIT] + "…"


def _advice(
    status: int, code: str | None, headers: Mapping[str, str], wait: float | None
) -> str | None:
    if 300 <= status < 400:
        return (
            f"Redirects are not followed; use the address it names: {_target(headers)}."
            if "location" in headers
            else "Redirects are not followed."
        )
    if status == 401 or (status == 403 and (code is None or "KEY" in code)):
        return (
            "Check the key: ConnectionConfig(api_key=...), else the environment variable"
            " OPEN_SANDBOX_API_KEY."
        )
    if status == 404 and code and code.endswith("SANDBOX_NOT_FOUND"):
        return "It may have expired or been killed."
    if status == 404 and code is None:
        return (
            "Nothing is served at this path: is it the address of an OpenSandbox server,"
            " and is that server new enough?"
        )
    if status == 407:
        return "The proxy between here and the server wants a key of its own: proxy=."
    if status in RETRYABLE:
        return "Try again later." if wait is None else f"Try again in {wait:g} s."
    if status >= 500 and code is None:
        return "This is not the API's own answer: look at the proxy or the log of the server."
    return None


def _target(headers: Mapping[str, str]) -> str:
    parts = urlsplit(headers["location"])
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}" if host else parts.path
