"""Reading requests: bodies with a limit, parameters with a sentence when they are wrong."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

from .errors import INVALID_REQUEST, MISSING_QUERY, Refusal, invalid
from .files import check_path
from .work import Identity

LARGEST_BODY = 128 * 1024 * 1024
_LARGEST_ID = 2**32 - 2


async def read_json(request: Request) -> Any:
    """The body as JSON; None for an empty one. Raises Refusal."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST_BODY:
            raise Refusal(413, INVALID_REQUEST, f"a body has at most {LARGEST_BODY} bytes")
    if not body:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise invalid(f"the body is not valid JSON: {error}") from None


async def read_object(request: Request) -> dict[str, Any]:
    """The body as a JSON object. Raises Refusal for anything else."""
    body = await read_json(request)
    if not isinstance(body, dict):
        raise invalid("the body must be a JSON object")
    return body


def query_text(request: Request, name: str) -> str:
    """A parameter that has to be there. Raises Refusal."""
    value = request.query_params.get(name)
    if not value:
        raise Refusal(400, MISSING_QUERY, f"the query parameter {name!r} is missing")
    return value


def query_path(request: Request) -> str:
    """The parameter "path". Raises Refusal."""
    return check_path(query_text(request, "path"))


def query_paths(request: Request) -> list[str]:
    """Every "path" of the query, one at least. Raises Refusal."""
    values = request.query_params.getlist("path")
    if not values:
        raise Refusal(400, MISSING_QUERY, "the query parameter 'path' is missing")
    return [check_path(value) for value in values]


def query_number(request: Request, name: str, *, least: int) -> int | None:
    """A whole number of at least `least`, None where it is absent. Raises Refusal."""
    value = request.query_params.get(name)
    if value is None or value == "":
        return None
    if len(value) > 18 or not value.removeprefix("-").isascii() or not _is_number(value):
        raise invalid(f"{name} must be a whole number, not {value[:40]!r}")
    if int(value) < least:
        raise invalid(f"{name} must be at least {least}")
    return int(value)


def _is_number(value: str) -> bool:
    return value.removeprefix("-").isdecimal()


def identity(request: Request) -> Identity | None:
    """Whom the path says to act as; None for the daemon's own user. Raises Refusal."""
    if "uid" not in request.path_params:
        return None
    uid, gid = request.path_params["uid"], request.path_params["gid"]
    if uid > _LARGEST_ID or gid > _LARGEST_ID:
        raise invalid(f"uid and gid are at most {_LARGEST_ID}")
    return Identity(uid, gid)
