"""The lifecycle operations: a request's words in, the registry's work, the API's answer out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from attrs import frozen
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.websockets import WebSocket

from opensandbox._wire import headers as names

from ..egress.api import EGRESS_PORT
from ..egress.errors import Refusal
from ..settings import EVERY_ADDRESS, Settings
from .faults import INVALID_PARAMETER, Fault, Malformed, Problem, invalid
from .orders import read_order
from .paging import page_of
from .reading import Fields, body_fields
from .records import PAUSED, PENDING, RUNNING, Record
from .roll import Sandbox
from .sandboxes import Sandboxes
from .snapshots import Snapshots
from .values import JSON, moment
from .ways import EXECD_PORT
from .web import read_json


@frozen
class Place:
    """Where a port of a sandbox is reached, and what a request to it must carry."""

    host: str
    port: int
    prefix: str
    headers: Mapping[str, str]


async def place_of(settings: Settings, sandboxes: Sandboxes, sandbox: Sandbox, port: int) -> Place:
    """The place of a port; makes its listener when there is none. Raises Fault."""
    body, record = sandbox.body, sandbox.record
    if record.state == PENDING:
        raise Fault(
            404,
            "KUBERNETES::POD_IP_NOT_AVAILABLE",
            f"Sandbox {sandbox.id} is not up yet: {record.message} Ask again.",
        )
    if body is None or record.state not in (RUNNING, PAUSED):
        raise Fault(
            409,
            "DOCKER::SANDBOX_NOT_RUNNING",
            f"Sandbox {sandbox.id} is {record.state}: it has no endpoints.",
        )
    if port == EXECD_PORT:
        return Place("127.0.0.1", body.execd_port, "", {names.EXECD_ACCESS_TOKEN: record.token})
    address = settings.reached_at
    host = "127.0.0.1" if address in EVERY_ADDRESS else address
    if port == EGRESS_PORT:
        outside, token = await sandboxes.ways.expose_egress(sandbox.id)
        return Place(host, outside, "", {names.EGRESS_AUTH: token})
    if record.secure_token is not None:
        headers = {names.SECURE_ACCESS: record.secure_token}
        return Place("127.0.0.1", body.execd_port, f"/proxy/{port}", headers)
    outside = await sandboxes.ways.expose(sandbox.id, port, address)
    return Place(host, outside, "", {})


def read_port(request: Request | WebSocket) -> int:
    """The port in the path; raises Malformed or Fault."""
    fields = Fields(request.path_params, ("path",), [])
    port = fields.integer("port")
    fields.finish()
    if port is None or not 1 <= port <= 65535:
        raise invalid(f"{port} is no port; one is 1 to 65535.", code="DOCKER::INVALID_PORT")
    return port


class Lifecycle:
    """The handlers of /v1/sandboxes, over one registry."""

    def __init__(self, settings: Settings, sandboxes: Sandboxes, snapshots: Snapshots) -> None:
        self._settings = settings
        self._sandboxes = sandboxes
        self._snapshots = snapshots

    def routes(self) -> list[Route]:
        """The routes, below the base path."""
        one = "/sandboxes/{sandbox_id}"
        policy = ["GET", "PUT", "PATCH", "DELETE"]
        return [
            Route("/sandboxes", self.create_sandbox, methods=["POST"]),
            Route("/sandboxes", self.list_sandboxes, methods=["GET"]),
            Route(one, self.get_sandbox, methods=["GET"]),
            Route(one, self.delete_sandbox, methods=["DELETE"]),
            Route(one + "/metadata", self.patch_sandbox_metadata, methods=["PATCH"]),
            Route(one + "/renew-expiration", self.renew_sandbox_expiration, methods=["POST"]),
            Route(one + "/pause", self.pause_sandbox, methods=["POST"]),
            Route(one + "/resume", self.resume_sandbox, methods=["POST"]),
            Route(one + "/endpoints/{port}", self.get_sandbox_endpoint, methods=["GET"]),
            Route(one + "/networkpolicy", self.network_policy, methods=policy),
        ]

    async def create_sandbox(self, request: Request) -> Response:
        order = read_order(await read_json(request, self._settings.max_body))
        record = await self._sandboxes.create(await self._snapshots.fill(order))
        return JSONResponse(record.answer(with_image=False), status_code=202)

    async def get_sandbox(self, request: Request) -> Response:
        record = await self._sandboxes.look_at(request.path_params["sandbox_id"])
        return JSONResponse(record.answer(with_image=True))

    async def list_sandboxes(self, request: Request) -> Response:
        records = _selected(self._sandboxes.roll.records(), request)
        return page_of(records, request, lambda record: record.answer(with_image=True))

    async def delete_sandbox(self, request: Request) -> Response:
        await self._sandboxes.kill(self._sandbox(request).id)
        return Response(status_code=204)

    async def patch_sandbox_metadata(self, request: Request) -> Response:
        sandbox = self._sandbox(request)
        patch = _metadata_patch(await read_json(request, self._settings.max_body))
        record = await self._sandboxes.patch_metadata(sandbox.id, patch)
        return JSONResponse(record.answer(with_image=True))

    async def renew_sandbox_expiration(self, request: Request) -> Response:
        sandbox = self._sandbox(request)
        fields = body_fields(await read_json(request, self._settings.max_body))
        expires_at = fields.time("expiresAt")
        fields.finish()
        if expires_at is None:
            raise invalid("expiresAt is missing.")
        await self._sandboxes.renew(sandbox.id, expires_at)
        return JSONResponse({"expiresAt": moment(expires_at)})

    async def pause_sandbox(self, request: Request) -> Response:
        await self._sandboxes.pause(self._sandbox(request).id)
        return Response(status_code=202)

    async def resume_sandbox(self, request: Request) -> Response:
        await self._sandboxes.resume(self._sandbox(request).id)
        return Response(status_code=202)

    async def get_sandbox_endpoint(self, request: Request) -> Response:
        port = read_port(request)
        fields = Fields(dict(request.query_params), ("query",), [])
        through_server = fields.flag("use_server_proxy")
        fields.finish()
        sandbox = self._sandbox(request)
        if "expires" in request.query_params:
            raise invalid(
                "This runtime has no signed endpoints.", code="SANDBOX::API_NOT_SUPPORTED"
            )
        place = await place_of(self._settings, self._sandboxes, sandbox, port)
        if through_server:
            address = f"{request.url.netloc}/v1/sandboxes/{sandbox.id}/proxy/{port}"
        else:
            address = await self._address(request, sandbox, place)
        shown: dict[str, JSON] = {"endpoint": address}
        if place.headers:
            shown["headers"] = dict(place.headers)
        return JSONResponse(shown)

    async def _address(self, request: Request, sandbox: Sandbox, place: Place) -> str:
        """Where the caller reaches a place: by the name under which it reached the server."""
        if not self._settings.beyond_loopback:
            return f"{place.host}:{place.port}{place.prefix}"
        port = place.port
        if sandbox.body is not None and port == sandbox.body.execd_port:
            port = await self._sandboxes.ways.open_door(sandbox.id)
        name = request.url.hostname or place.host
        return f"[{name}]:{port}{place.prefix}" if ":" in name else f"{name}:{port}{place.prefix}"

    async def network_policy(self, request: Request) -> Response:
        outlet = self._sandboxes.ways.outlet(self._sandbox(request).id)
        if request.method == "GET":
            return JSONResponse(outlet.status())
        body = await read_json(request, self._settings.max_body)
        change = {
            "PUT": outlet.replace_policy,
            "PATCH": outlet.add_rules,
            "DELETE": outlet.remove_rules,
        }[request.method]
        try:
            return JSONResponse(await change(body))
        except Refusal as refused:
            raise Fault(refused.status, INVALID_PARAMETER, refused.message) from None

    def _sandbox(self, request: Request) -> Sandbox:
        return self._sandboxes.roll.get(request.path_params["sandbox_id"])


def _selected(records: list[Record], request: Request) -> list[Record]:
    states = {state.lower() for state in request.query_params.getlist("state")}
    wanted = _wanted_metadata(request.query_params.get("metadata"))
    return [
        record
        for record in records
        if (not states or record.state.lower() in states)
        and all(record.metadata.get(key) == value for key, value in wanted.items())
    ]


def _wanted_metadata(query: str | None) -> dict[str, str]:
    if not query:
        return {}
    try:
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True, max_num_fields=100)
    except ValueError as error:
        raise invalid(
            f"metadata is 'key=value' pairs joined by '&', percent-encoded: {error}.",
            code="INVALID_METADATA_FORMAT",
        ) from None
    return dict(pairs)


def _metadata_patch(body: JSON) -> dict[str, str | None]:
    if not isinstance(body, Mapping):
        message = "Input should be a valid dictionary"
        raise Malformed([Problem("dict_type", ("body",), message, body)])
    wrong = [
        Problem("string_type", ("body", key), "Input should be a valid string", value)
        for key, value in body.items()
        if not (value is None or isinstance(value, str))
    ]
    if wrong:
        raise Malformed(wrong)
    values: dict[str, Any] = dict(body)
    return values
