"""One page of a list, as every listing of the API answers it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .reading import Fields
from .values import JSON

T = TypeVar("T")

_LARGEST_PAGE = 1000
_USUAL_SIZE = 20


def page_of(
    items: Sequence[T], request: Request, shown: Callable[[T], dict[str, JSON]]
) -> Response:
    """The page of `items` that the query asks for. Raises Malformed."""
    fields = Fields(dict(request.query_params), ("query",), [])
    page = fields.integer("page", least=1) or 1
    size = fields.integer("pageSize", least=1, most=_LARGEST_PAGE) or _USUAL_SIZE
    fields.finish()
    pages = -(-len(items) // size)
    pagination: dict[str, JSON] = {
        "page": page,
        "pageSize": size,
        "totalItems": len(items),
        "totalPages": pages,
        "hasNextPage": page < pages,
    }
    answers = [shown(item) for item in items[(page - 1) * size : page * size]]
    return JSONResponse({"items": answers, "pagination": pagination})
