"""Code and its contexts without I/O."""

from __future__ import annotations

from typing import Any

from opensandbox_api.execd import models as api

from ..exceptions import InvalidArgumentException
from ..models.code import CodeContext
from .received import optional
from .requests import text
from .urls import path_segment

_LANGUAGE = "python"


def run_code(code: str, context: CodeContext | str | None, named: str | None) -> dict[str, Any]:
    """The body of `POST /code`."""
    own = context.language if isinstance(context, CodeContext) else None
    if named is not None and own is not None and named != own:
        raise InvalidArgumentException(
            f"the context is one of {own}: give no language, or {own!r}, got {named!r}"
        )
    where: dict[str, str] = {"language": language(named or own or _LANGUAGE)}
    if context is not None:
        where["id"] = context_id(context)
    return {"code": text(code, "code"), "context": where}


def context_id(context: CodeContext | str) -> str:
    """The id of a context."""
    found = context.id if isinstance(context, CodeContext) else context
    return path_segment(found, "context")


def language(name: str) -> str:
    """The name of a language."""
    return text(name, "language")


def context(answer: api.CodeContext) -> CodeContext:
    """A context."""
    return CodeContext(id=optional(answer.id) or "", language=answer.language)
