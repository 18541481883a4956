"""Where an answer sends on to.

Rules:

* No key goes to another place: to none but the scheme, host and port that it was meant for.
* What has been sent in pieces cannot be sent once more; httpx says so when it is tried.
"""

from __future__ import annotations

import httpx

from .._wire import headers as names

_SECRETS = (
    "Authorization",
    "Cookie",
    names.API_KEY,
    names.EXECD_ACCESS_TOKEN,
    names.SECURE_ACCESS,
    names.EGRESS_AUTH,
)


def redirected(request: httpx.Request, answer: httpx.Response) -> httpx.Request | None:
    """The request that the answer to one asks for; None when it asks for none.

    Raises httpx.RemoteProtocolError for a place that there cannot be.
    """
    if not answer.has_redirect_location:
        return None
    url = _place(request, answer)
    method, headers = request.method, httpx.Headers(request.headers)
    headers["Host"] = url.netloc.decode("ascii")
    if (url.scheme, url.host, url.port) != _origin(request.url):
        for name in _SECRETS:
            headers.pop(name, None)
    stream = request.stream
    # As browsers and httpx do: what was sent here is asked for elsewhere.
    turned = answer.status_code in (302, 303) and method not in ("GET", "HEAD")
    if turned or (answer.status_code == 301 and method == "POST"):
        method = "GET"
        for name in ("Content-Length", "Content-Type", "Transfer-Encoding"):
            headers.pop(name, None)
        stream = httpx.ByteStream(b"")
    following = httpx.Request(
        method, url, headers=headers, stream=stream, extensions=request.extensions
    )
    if isinstance(stream, httpx.ByteStream):
        following.read()  # for hooks that look at the content
    return following


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _place(request: httpx.Request, answer: httpx.Response) -> httpx.URL:
    location = answer.headers["Location"]
    try:
        return request.url.join(location).copy_with(fragment=None)
    except httpx.InvalidURL as error:
        raise httpx.RemoteProtocolError(
            f"it sends on to what is no URL: {location!r}", request=request
        ) from error
