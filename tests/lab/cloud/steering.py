"""The control API, for tests: every line is a method of `CloudControl` (client.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lab.cloud import faults
from lab.cloud.signature import Account
from lab.cloud.throttle import Throttling
from lab.cloud.view import views
from lab.cloud.world import World
from lab.serving import control_app

_DONE = True


class Steering:
    """What changes a world, behind the back of its API."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.app: Starlette = control_app(
            [
                Route("/accounts", self._set_accounts, methods=["PUT"]),
                Route("/servers", self._show_servers),
                Route("/servers", self._set_servers, methods=["PUT"]),
                Route("/servers/{id}", self._show_server),
                Route("/servers/{id}", self._change_server, methods=["PUT"]),
                Route("/servers/{id}", self._forget_server, methods=["DELETE"]),
                Route("/servers/{id}/rebuild", self._rebuild, methods=["PUT"]),
                Route("/network", self._show_network),
                Route("/network", self._set_network, methods=["PUT"]),
                Route("/batches", self._set_batches, methods=["PUT"]),
                Route("/memory", self._show_memory),
                Route("/switching", self._set_switching, methods=["PUT"]),
                Route("/clock", self._set_clock, methods=["PUT"]),
                Route("/throttle", self._set_throttle, methods=["PUT"]),
                Route("/faults", self._set_faults, methods=["PUT"]),
                Route("/requests", self._requests),
                Route("/requests", self._clear_requests, methods=["DELETE"]),
                Route("/", self._reset, methods=["DELETE"]),
            ]
        )

    async def _set_accounts(self, request: Request) -> Response:
        self._world.verifier.declare([Account(**_tuples(value)) for value in await request.json()])
        return JSONResponse(_DONE)

    async def _show_servers(self, _request: Request) -> Response:
        await self._world.follow()
        return JSONResponse([asdict(view) for view in await views(self._world)])

    async def _set_servers(self, request: Request) -> Response:
        self._world.works.clear()
        self._world.fleet.declare(await request.json())
        await self._world.follow()
        await self._world.api.settle()
        return JSONResponse(_DONE)

    async def _show_server(self, request: Request) -> Response:
        await self._world.follow()
        return JSONResponse(asdict(self._world.fleet.servers[request.path_params["id"]]))

    async def _change_server(self, request: Request) -> Response:
        await self._world.follow()
        server = self._world.fleet.change(request.path_params["id"], await request.json())
        await self._world.api.settle()
        return JSONResponse(asdict(server))

    async def _forget_server(self, request: Request) -> Response:
        await self._world.forget(request.path_params["id"])
        return JSONResponse(_DONE)

    async def _rebuild(self, request: Request) -> Response:
        await self._world.follow()
        return JSONResponse(asdict(await self._world.api.rebuild(request.path_params["id"], await request.json())))

    async def _show_network(self, _request: Request) -> Response:
        await self._world.follow()
        return JSONResponse(self._world.api.network.shown())

    async def _set_network(self, request: Request) -> Response:
        self._world.api.network.declare(await request.json())
        await self._world.follow()
        await self._world.api.settle()
        return JSONResponse(_DONE)

    async def _set_batches(self, request: Request) -> Response:
        self._world.api.resets.shape = await request.json()
        return JSONResponse(_DONE)

    async def _show_memory(self, _request: Request) -> Response:
        return JSONResponse(vars(self._world.memory))

    async def _set_switching(self, request: Request) -> Response:
        self._world.memory.seconds = float(await request.json())
        return JSONResponse(_DONE)

    async def _set_clock(self, request: Request) -> Response:
        self._world.skew = timedelta(seconds=float(await request.json()))
        return JSONResponse(_DONE)

    async def _set_throttle(self, request: Request) -> Response:
        self._world.throttle.declare(Throttling(**await request.json()))
        return JSONResponse(_DONE)

    async def _set_faults(self, request: Request) -> Response:
        self._world.book.declare(faults.decode(await request.json()))
        return JSONResponse(_DONE)

    async def _requests(self, _request: Request) -> Response:
        return JSONResponse([asdict(record) for record in self._world.log])

    async def _clear_requests(self, _request: Request) -> Response:
        self._world.log.clear()
        return JSONResponse(_DONE)

    async def _reset(self, _request: Request) -> Response:
        await self._world.reset()
        return JSONResponse(_DONE)


def _tuples(value: Mapping[str, Any]) -> dict[str, Any]:
    """JSON knows no tuples."""
    return {key: tuple(item) if isinstance(item, list) else item for key, item in value.items()}
