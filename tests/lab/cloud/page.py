"""A page for people who rehearse: it shows the cloud's state and changes it. No password is on it.

Only the machine's own namespace sees it: guests are turned away by their address, and so are forms of other pages that
a browser has open, by their origin.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, replace
from html import escape
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from lab.cloud.api_request import ApiRefusalError
from lab.cloud.faults import NAMED
from lab.cloud.machines import MachineError
from lab.cloud.servers import Server, refuse_unfit
from lab.cloud.view import ServerView, views
from lab.cloud.world import World
from lab.faults import Fault
from lab.network import PAGE_PORT

_TEMPLATE = Template(Path(__file__).with_name("page.html").read_text("utf-8"))
_LAST_REQUESTS = 30
_ANY_STATUS = frozenset({"ACTIVE", "SHUTOFF", "ERROR"})
_SERVER_COLUMNS = ("name", "id", "status", "task", "flag", "pending", "egress", "dhcp")
_FAULT_COLUMNS = ("path", "method", "skip", "times")

Button = Callable[[Server], Awaitable[None]]


class Page:
    """The application. `address` is where it is served, `peer` the only one that it answers."""

    def __init__(self, world: World, address: str, peer: str) -> None:
        self._world = world
        self._authority = f"{address}:{PAGE_PORT}"
        self._peer = peer
        self._buttons: dict[str, Button] = {
            "start": lambda server: self._switch(server, "start"),
            "stop": lambda server: self._switch(server, "stop"),
            "reboot": lambda server: self._switch(server, "reboot"),
            "power cut": lambda server: self._switch(server, "stop", hard=True),
            "rebuild": self._rebuild,
            "DHCP on/off": self._turn_dhcp,
        }
        self.app = Starlette(
            routes=[
                Route("/", self._guarded(self._show)),
                Route("/servers/{id}", self._guarded(self._press), methods=["POST"]),
                Route("/faults", self._guarded(self._declare), methods=["POST"]),
            ]
        )

    def _guarded(self, endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            ours = request.method == "GET" or request.headers.get("origin") == f"http://{self._authority}"
            peer = request.client.host if request.client else ""
            if peer != self._peer or request.headers.get("host") != self._authority or not ours:
                return PlainTextResponse("This page is for the lab's own machine.\n", 403)
            try:
                return await endpoint(request)
            except (MachineError, ApiRefusalError, KeyError, ValueError) as error:
                return PlainTextResponse(f"That was not done: {error}\n", 409)

        return answer

    async def _show(self, _request: Request) -> Response:
        await self._world.follow()
        requests = [
            {**asdict(record), "time": time.strftime("%H:%M:%S", time.localtime(record.time))}
            for record in self._world.log[: -_LAST_REQUESTS - 1 : -1]
        ]
        columns = ("time", "method", "path", "query", "status", "code", "access_key")
        page = _TEMPLATE.substitute(
            servers="".join(map(self._server_row, await views(self._world))),
            faults=_rows(("kind", *_FAULT_COLUMNS), map(_told, self._world.book.faults)),
            choices="".join(f"<option>{escape(name)}</option>" for name in NAMED),
            requests=_rows(columns, requests),
        )
        return HTMLResponse(page, headers={"cache-control": "no-store", "content-security-policy": _POLICY})

    def _server_row(self, view: ServerView) -> str:
        buttons = "".join(f'<button name="do" value="{name}">{name}</button>' for name in self._buttons)
        form = f'<form method="post" action="/servers/{escape(view.id)}">{buttons}</form>'
        return f"<tr>{_cells(_SERVER_COLUMNS, asdict(view))}<td>{form}</td></tr>"

    async def _press(self, request: Request) -> Response:
        await self._world.follow()
        server = self._world.fleet.known(request.path_params["id"])
        await self._buttons[(await _form(request))["do"]](server)
        return _back()

    async def _declare(self, request: Request) -> Response:
        form = await _form(request)
        declared = [] if form["do"] == "clear" else [*self._world.book.faults, _fault(form)]
        self._world.book.declare(declared)
        return _back()

    async def _switch(self, server: Server, operation: Any, *, hard: bool = False) -> None:
        refuse_unfit(server, _ANY_STATUS)
        self._world.works.begin(operation, [server], hard=hard)

    async def _rebuild(self, server: Server) -> None:
        refuse_unfit(server, _ANY_STATUS)
        await self._world.api.rebuild(server.id)

    async def _turn_dhcp(self, server: Server) -> None:
        subnet = self._world.api.network.subnets[server.subnet]
        subnet.dhcp_enable = not subnet.dhcp_enable
        await self._world.api.settle()


_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'"


def _back() -> Response:
    return RedirectResponse("/", 303)


async def _form(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))


def _fault(form: dict[str, str]) -> Fault:
    times = int(form["times"]) if form["times"] else None
    return replace(NAMED[form["fault"]], path=form["path"] or "*", times=times)


def _told(fault: Fault) -> dict[str, Any]:
    """A fault as the page calls it, or by its kind if it is another."""
    plain = replace(fault, **{name: getattr(Fault(), name) for name in _FAULT_COLUMNS})
    kind = next((name for name, named in NAMED.items() if named == plain), type(fault).__name__)
    return {**asdict(fault), "kind": kind}


def _rows(columns: Iterable[str], items: Iterable[dict[str, Any]]) -> str:
    columns = tuple(columns)
    return "".join(f"<tr>{_cells(columns, item)}</tr>" for item in items)


def _cells(columns: Iterable[str], item: dict[str, Any]) -> str:
    words = {True: "yes", False: "no", None: ""}
    values = (item[column] for column in columns)
    return "".join(
        f"<td>{escape(words[value] if value is None or isinstance(value, bool) else str(value))}</td>"
        for value in values
    )
