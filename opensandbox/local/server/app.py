"""The lifecycle server's web application: which path is answered by what."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from ..settings import Settings
from .diagnostics import Diagnostics
from .faults import Fault, no_server_pools, no_templates
from .keeping import Keeping
from .lifecycle import Lifecycle
from .proxy import Proxy
from .sandboxes import Sandboxes
from .snapshots import Snapshots
from .web import EXCEPTION_HANDLERS, Activity, Gate, read_body

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_EVERY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def make_app(
    settings: Settings,
    api_key: str,
    version: str,
    sandboxes: Sandboxes,
    snapshots: Snapshots,
    activity: Activity,
) -> tuple[Starlette, Proxy]:
    """The application, and the proxy in it, which its owner closes."""
    proxy = Proxy(settings, sandboxes)

    async def get_health(request: Request) -> Response:
        return JSONResponse({"status": "healthy"})

    async def get_version(request: Request) -> Response:
        return JSONResponse({"version": version, "runtime": "local"})

    async def report_metrics_event(request: Request) -> Response:
        await read_body(request, settings.max_body)
        return Response(status_code=204)

    below_v1 = [
        Route("/health", get_health),
        Route("/version", get_version),
        Route("/metrics/events", report_metrics_event, methods=["POST"]),
        *Lifecycle(settings, sandboxes, snapshots).routes(),
        *Keeping(settings, sandboxes, snapshots).routes(),
        *Diagnostics(settings, sandboxes).routes(),
        *proxy.routes(),
        *_not_here(),
    ]
    app = Starlette(
        routes=[
            Route("/health", get_health),
            Route("/version", get_version),
            Mount("/v1", routes=below_v1),
        ],
        middleware=[Middleware(Gate, api_key=api_key, activity=activity)],
        exception_handlers=EXCEPTION_HANDLERS,
    )
    return app, proxy


def _not_here() -> list[Route]:
    """Operations of the contract that one machine has no use for."""
    pools, templates = _refuse(no_server_pools), _refuse(no_templates)
    return [
        Route("/pools", pools, methods=_EVERY_METHOD),
        Route("/pools/{pool_name}", pools, methods=_EVERY_METHOD),
        Route("/templates", templates, methods=_EVERY_METHOD),
        Route("/templates/{template_id}", templates, methods=_EVERY_METHOD),
    ]


def _refuse(why: Callable[[], Fault]) -> Handler:
    async def refuse(request: Request) -> Response:
        raise why()

    return refuse
