"""The operations on snapshots: a request's words in, the API's answer out."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ..settings import Settings
from .paging import page_of
from .reading import body_fields
from .sandboxes import Sandboxes
from .snapshots import Snapshot, Snapshots
from .web import read_json


class Keeping:
    """The handlers of /v1/snapshots and of a sandbox's own."""

    def __init__(self, settings: Settings, sandboxes: Sandboxes, snapshots: Snapshots) -> None:
        self._settings = settings
        self._sandboxes = sandboxes
        self._snapshots = snapshots

    def routes(self) -> list[Route]:
        """The routes, below the base path."""
        return [
            Route("/sandboxes/{sandbox_id}/snapshots", self.create_snapshot, methods=["POST"]),
            Route("/snapshots", self.list_snapshots, methods=["GET"]),
            Route("/snapshots/{snapshot_id}", self.get_snapshot, methods=["GET"]),
            Route("/snapshots/{snapshot_id}", self.delete_snapshot, methods=["DELETE"]),
        ]

    async def create_snapshot(self, request: Request) -> Response:
        sandbox_id = self._sandboxes.roll.get(request.path_params["sandbox_id"]).id
        body = await read_json(request, self._settings.max_body)
        fields = body_fields({} if body is None else body)
        name = fields.text("name", least=1)
        fields.finish()
        snapshot = await self._snapshots.create(sandbox_id, name)
        return JSONResponse(snapshot.answer(), status_code=202)

    async def get_snapshot(self, request: Request) -> Response:
        return JSONResponse(self._snapshots.get(request.path_params["snapshot_id"]).answer())

    async def list_snapshots(self, request: Request) -> Response:
        return page_of(_selected(self._snapshots.list(), request), request, Snapshot.answer)

    async def delete_snapshot(self, request: Request) -> Response:
        await self._snapshots.delete(request.path_params["snapshot_id"])
        return Response(status_code=204)


def _selected(snapshots: list[Snapshot], request: Request) -> list[Snapshot]:
    query = request.query_params
    states = {state.lower() for state in query.getlist("state")}
    return [
        snapshot
        for snapshot in snapshots
        if (not states or snapshot.state.lower() in states)
        and query.get("sandboxId") in (None, snapshot.sandbox_id)
        and query.get("name") in (None, snapshot.name)
    ]
