"""The package bucket: an HTTPS server with the vendor's layout (facts/huawei-cloud.md 1.1 and 1.2).

    /{variant}/reset_pwd_agent/CloudResetPwdAgent.zip      and .zip.sha256
    /{region}/{variant}/reset_pwd_agent/...                the same, for base URLs with a region in them

The control API on DIR/bucket.sock is for tests (`lab.bucket_client`).

    python -m lab.bucket --state DIR [--host 10.213.0.2 --port 443]
"""

from __future__ import annotations

import argparse
import asyncio
import re
from dataclasses import asdict
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lab import faults
from lab.bucket_answer import apply, send
from lab.bucket_content import SIDECARS, Content, Shelf
from lab.faults import FaultBook
from lab.package_options import VARIANTS, PackageOptions
from lab.serving import RequestLog, Tls, control_app, serve, until_disconnected

_PATH = re.compile(
    rf"(?:/(?!arm/)(?P<region>[a-z0-9-]+))?/(?P<variant>{'|'.join(sorted(VARIANTS, reverse=True))})"
    r"/reset_pwd_agent/CloudResetPwdAgent\.zip(?P<sidecar>\.sha256)?"
)


class Bucket:
    """The two applications around one shelf of packages."""

    def __init__(self) -> None:
        self._shelf = Shelf()
        self._book = FaultBook()
        self._log = RequestLog()
        self.app = Starlette(routes=[Route("/{path:path}", self._answer, methods=["GET"])])
        self.control = control_app(
            [
                Route("/package", self._serve_package, methods=["PUT"]),
                Route("/package/{variant:path}", self._show_package),
                Route("/sidecar", self._set_sidecar, methods=["PUT"]),
                Route("/faults", self._set_faults, methods=["PUT"]),
                Route("/requests", self._requests),
                Route("/requests", self._clear_requests, methods=["DELETE"]),
                Route("/", self._reset, methods=["DELETE"]),
            ]
        )

    # What the world sees

    async def _answer(self, request: Request) -> Response:
        number = self._log.begin(request)
        struck = self._book.strike(request.method, request.url.path)
        for fault in struck:
            match fault:
                case faults.Hang():
                    self._log.answered(number, 0, 0)
                    return await until_disconnected(request)
                case faults.Late(seconds=seconds):
                    await asyncio.sleep(seconds)
        answer = apply(struck, request, await self._content(request.url.path))
        return send(answer, request.method, lambda sent: self._log.answered(number, answer.status, sent))

    async def _content(self, path: str) -> Content | None:
        found = _PATH.fullmatch(path)
        if found is None:
            return None
        package = await self._shelf.package(found["variant"])
        return self._shelf.sidecar(path, package) if found["sidecar"] else package

    # What tests see

    async def _serve_package(self, request: Request) -> Response:
        options = PackageOptions(**await request.json())
        self._shelf.put(options)
        return await self._describe(options.variant)

    async def _show_package(self, request: Request) -> Response:
        return await self._describe(request.path_params["variant"])

    async def _describe(self, variant: str) -> Response:
        content = await self._shelf.package(variant)
        return JSONResponse(
            {
                "options": asdict(self._shelf.options(variant)),
                "sha256": content.sha256,
                "size": len(content.data),
            }
        )

    async def _set_sidecar(self, request: Request) -> Response:
        wanted = await request.json()
        if wanted["format"] not in SIDECARS:
            raise HTTPException(400, f"there is no sidecar format {wanted['format']}")
        self._shelf.set_sidecar(wanted["path"], wanted["format"])
        return JSONResponse(True)

    async def _set_faults(self, request: Request) -> Response:
        self._book.declare(faults.decode(await request.json()))
        return JSONResponse(True)

    async def _requests(self, _request: Request) -> Response:
        return JSONResponse([asdict(record) for record in self._log.records])

    async def _clear_requests(self, _request: Request) -> Response:
        self._log.records.clear()
        return JSONResponse(True)

    async def _reset(self, _request: Request) -> Response:
        self._shelf.clear()
        self._book.declare([])
        self._log.records.clear()
        return JSONResponse(True)


def main() -> None:
    """Run the bucket until it is told to end."""
    parser = argparse.ArgumentParser(prog="lab.bucket", description="the lab's package bucket")
    parser.add_argument("--state", type=Path, required=True, help="the lab's state directory, with tls/ in it")
    parser.add_argument("--host", default="10.213.0.2")
    parser.add_argument("--port", type=int, default=443)
    options = parser.parse_args()
    bucket = Bucket()
    tls = Tls(options.state / "tls" / "server.pem", options.state / "tls" / "server.key")
    serve(bucket.app, bucket.control, options.host, options.port, options.state / "bucket.sock", tls)


if __name__ == "__main__":
    main()
