"""The operations that no generated function speaks for, and their paths.

Generated functions read a whole answer before they hand it out, so whatever streams stands here:
event streams, file bodies in either direction, and logs, whose cursor comes in a header. The
models of these operations are generated all the same. `scripts/generate.py` leaves out exactly
this list, and a test holds the list against the documents.
"""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote


class Route(NamedTuple):
    """How to reach one operation."""

    method: str
    template: str
    """The path as the document has it, with `{names}`."""

    def path(self, **values: str) -> str:
        """The path with every `{name}` filled in and percent-encoded."""
        return self.template.format(**{name: quote(text, safe="") for name, text in values.items()})


_EXECD = {
    "run_command": Route("POST", "/command"),
    "get_command_logs": Route("GET", "/command/{id}/logs"),
    "run_in_session": Route("POST", "/session/{session_id}/run"),
    "run_code": Route("POST", "/code"),
    "upload_files": Route("POST", "/files/upload"),
    "download_file": Route("GET", "/files/download"),
    "watch_metrics": Route("GET", "/metrics/watch"),
}
_ISOLATED = "/v1/isolated/session/{session_id}"
_ISOLATED_EXECD = {
    "run_in_isolated_session": Route("POST", f"{_ISOLATED}/run"),
    "get_isolated_run_logs": Route("GET", f"{_ISOLATED}/runs/{{run_id}}/logs"),
    "isolated_upload_files": Route("POST", f"{_ISOLATED}/files/upload"),
    "isolated_download_file": Route("GET", f"{_ISOLATED}/files/download"),
}

STREAMED: Mapping[str, Route] = {**_EXECD, **_ISOLATED_EXECD}
"""operationId -> route. All are execd's."""
