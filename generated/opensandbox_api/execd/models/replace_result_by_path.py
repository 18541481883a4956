from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from .. import models

if TYPE_CHECKING:
    from ..models.replace_file_content_result import ReplaceFileContentResult


class ReplaceResultByPath(dict[str, "ReplaceFileContentResult"]):
    """How often something was replaced, by path."""

    def to_dict(self) -> dict[str, Any]:
        return {key: value.to_dict() for key, value in self.items()}

    @classmethod
    def from_dict(cls, src_dict: Mapping[str, Any]) -> Self:
        return cls(
            (key, models.ReplaceFileContentResult.from_dict(value))
            for key, value in src_dict.items()
        )
