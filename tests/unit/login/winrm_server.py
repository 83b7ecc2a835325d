# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that takes logins as WinRM does, basic and NTLM, and in every mood; it has no shells."""

from __future__ import annotations

import base64
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import spnego

IDENTITY = b"<s:Envelope><s:Body><wsmid:IdentifyResponse/></s:Body></s:Envelope>"
DENIED = (
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault>'
    b'<s:Reason><s:Text xml:lang="en-US">Access is denied.</s:Text></s:Reason><s:Detail>'
    b'<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="5" Machine="h"/>'
    b"</s:Detail></s:Fault></s:Body></s:Envelope>"
)


@dataclass
class Mood:
    """How it answers. status: to one who is logged in; first: to one who is not; pause: seconds before any answer."""

    offers: tuple[str, ...] = ("Negotiate", "Basic realm=WSMAN")
    status: int = 200
    body: bytes = IDENTITY
    first: int = 401
    location: str = ""
    pause: float = 0.0
    trickles: bool = False
    user: str = "Administrator"
    password: str = "Right-Word-8"


@dataclass
class Server:
    """A running server, and the Authorization headers that it got."""

    port: int
    mood: Mood
    got: list[str] = field(default_factory=list)

    @property
    def got_password(self) -> bool:
        """Whether a password, or NTLM's proof of one, was sent to it."""
        tokens = [header.partition(" ") for header in self.got]
        return any(kind == "Basic" or b"NTLMSSP\0\x03" in base64.b64decode(token) for kind, _blank, token in tokens)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    context: Any = None
    logged_in = False
    shown: Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
        """Say nothing."""

    def do_POST(self) -> None:
        body, mood = self.rfile.read(int(self.headers.get("Content-Length", "0"))), self.shown.mood
        header = self.headers.get("Authorization", "")
        if header:
            self.shown.got.append(header)
        time.sleep(mood.pause)
        kind, _blank, token = header.partition(" ")
        if kind == "Basic":
            self.logged_in = base64.b64decode(token).decode() == f"{mood.user}:{mood.password}"
        elif kind:
            challenge = self._ntlm(base64.b64decode(token))
            if challenge:
                return self._say(401, [f"{kind} {challenge}"])
        if not header and not self.logged_in:
            return self._say(mood.first, mood.offers if mood.first == 401 else ())
        if not self.logged_in:
            return self._say(401, mood.offers)
        # To NTLM's own empty message: a fault is only for those that were asked for something.
        if not body and (mood.status == 200 or b"Fault" in mood.body):
            return self._say(200)
        return self._say(mood.status, (), mood.body)

    def _ntlm(self, token: bytes) -> str:
        self.context = self.context or spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
        try:
            answer = self.context.step(token)
        except spnego.exceptions.SpnegoError:
            return ""
        self.logged_in = self.context.complete
        return base64.b64encode(answer).decode() if answer else ""

    def _say(self, status: int, offers: Any = (), body: bytes = b"") -> None:
        kind = "application/soap+xml;charset=UTF-8"
        if body and self.context and self.context.complete and not isinstance(self.connection, ssl.SSLSocket):
            kind, body = self._wrapped(body)
        self.send_response(status)
        for offer in offers:
            self.send_header("WWW-Authenticate", offer)
        if self.shown.mood.location:
            self.send_header("Location", self.shown.mood.location)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body) + (60 if self.shown.mood.trickles else 0)))
        self.end_headers()
        self.wfile.write(body)
        for _second in range(60 if self.shown.mood.trickles else 0):
            self.wfile.write(b" ")
            self.wfile.flush()
            time.sleep(0.1)

    def _wrapped(self, body: bytes) -> tuple[str, bytes]:
        sealed = self.context.wrap_winrm(body)
        boundary, protocol = b"--Encrypted Boundary", "application/HTTP-SPNEGO-session-encrypted"
        data = b"\r\n".join([
            boundary,
            f"\tContent-Type: {protocol}".encode(),
            b"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=%d" % len(body),
            boundary,
            b"\tContent-Type: application/octet-stream",
            len(sealed.header).to_bytes(4, "little") + sealed.header + sealed.data + boundary + b"--",
            b"",
        ])  # fmt: skip
        return f'multipart/encrypted;protocol="{protocol}";boundary="Encrypted Boundary"', data


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up."""


@contextmanager
def serving(mood: Mood, certificate: Path | None = None) -> Iterator[Server]:
    """Run it on a free port of loopback, over https with a certificate and its key in one file."""
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {}))
    shown = Server(server.server_address[1], mood)
    server.RequestHandlerClass.shown = shown  # type: ignore[attr-defined]
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=[0.02], daemon=True)
    thread.start()
    try:
        yield shown
    finally:
        server.shutdown()
        server.server_close()
