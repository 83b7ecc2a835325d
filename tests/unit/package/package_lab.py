# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real archives and a real bucket for the tests of the package: HTTP or HTTPS, with faults on order."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import io
import random
import re
import ssl
import threading
import time
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TOP = "CloudResetPwdAgent/CloudResetPwdAgent.Linux/"
AGENT = TOP + "CloudrResetPwdAgent/"
FILES = {
    "bin/cloudResetPwdAgent.script": b"#!/bin/sh\r\necho script\n",
    "bin/wrapper": b"\x7fELF wrapper",
    "conf/wrapper.conf": b"wrapper.backend.type=PIPE\n",
    "lib/wrapper.jar": b"jar" * 1000,
}
ZIP = "/linux/64/reset_pwd_agent/CloudResetPwdAgent.zip"
SIDECAR = ZIP + ".sha256"


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def zip_of(entries: dict[str, bytes], modes: dict[str, int] | None = None) -> bytes:
    """An archive with these entries, in this order; a name that ends in / is a folder."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            info = zipfile.ZipInfo(name, (2024, 1, 1, 0, 0, 0))
            default = 0o40755 if name.endswith("/") else 0o100644
            info.external_attr = (modes or {}).get(name, default) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return made.getvalue()


def linux_entries() -> dict[str, bytes]:
    return {
        "CloudResetPwdAgent/": b"",
        TOP: b"",
        TOP + "setup.sh": b"#!/bin/sh\necho setup\n",
        **{AGENT + name: data for name, data in FILES.items()},
        AGENT + "depend/": b"",
        AGENT + "logs/": b"",
    }


def windows_entries() -> dict[str, bytes]:
    top = "CloudResetPwdAgent/CloudResetPwdAgent.Windows/"
    return {top + "setup.bat": b"pause\r\n", **{f"{top}cloudResetPwdAgent/{n}": d for n, d in FILES.items()}}


def linux_zip(padding: int = 0) -> bytes:
    """A package of the vendor's layout; `padding` bytes that do not compress make it as large as a test wants."""
    entries = linux_entries()
    if padding:
        entries[AGENT + "lib/big.jar"] = random.Random(7).randbytes(padding)  # noqa: S311 - the same bytes every time
    return zip_of(entries)


@dataclass
class Order:
    """How one path is answered; `faults` are used up one a request, the last plain answer stays."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    etag: str | None = '"one"'
    ranges: bool = True
    faults: list[Fault] = field(default_factory=list)


@dataclass
class Fault:
    """`cut`: the body's bytes before the connection breaks. `status`: answered instead. `pause`: seconds a 64 KiB
    block. `hang`: seconds of silence first. `wrong_range`: a 206 that starts elsewhere."""

    cut: int | None = None
    status: int | None = None
    pause: float = 0.0
    hang: float = 0.0
    wrong_range: bool = False
    headers: dict[str, str] = field(default_factory=dict)


class Bucket:
    """A server in a thread. `asked` lists (path, Range header or None) in order."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self.orders: dict[str, Order] = {}
        self.asked: list[tuple[str, str | None]] = []
        bucket = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                bucket.answer(self)

            def log_message(self, *_args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, *_args: object) -> None:
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://localhost:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def publish(self, package: bytes, sidecar: bytes | None = None, prefix: str = "") -> str:
        """Puts a package and its checksum file where the vendor has them; returns the digest."""
        digest = sha(package)
        self.orders[prefix + ZIP] = Order(package)
        self.orders[prefix + SIDECAR] = Order(sidecar if sidecar is not None else f"{digest}\n".encode())
        return digest

    def count(self, path: str) -> int:
        return sum(asked == path for asked, _range in list(self.asked))

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path.partition("?")[0]
        self.asked.append((path, handler.headers.get("Range")))
        order = self.orders.get(path, Order(b"<Error>NoSuchKey</Error>", 404))
        fault = order.faults.pop(0) if order.faults else Fault()
        time.sleep(fault.hang)
        if fault.status is not None:
            order = Order(b"no", fault.status, fault.headers, etag=None)
        with contextlib.suppress(OSError):
            self._send(handler, order, fault)

    def _send(self, handler: BaseHTTPRequestHandler, order: Order, fault: Fault) -> None:
        start = self._start(handler, order)
        if start is not None and start >= len(order.body):
            handler.send_response(416)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        body = order.body[start or 0 :]
        handler.send_response(206 if start is not None else order.status)
        if start is not None:
            claimed = start + 1 if fault.wrong_range else start
            handler.send_header("Content-Range", f"bytes {claimed}-{len(order.body) - 1}/{len(order.body)}")
        if order.etag:
            handler.send_header("ETag", order.etag)
        for name, value in order.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        sent = body if fault.cut is None else body[: fault.cut]
        for at in range(0, len(sent), 65536):
            time.sleep(fault.pause)
            handler.wfile.write(sent[at : at + 65536])
        if fault.cut is not None:
            handler.wfile.flush()
            handler.close_connection = True

    def _start(self, handler: BaseHTTPRequestHandler, order: Order) -> int | None:
        asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        if asked is None or not order.ranges or handler.headers.get("If-Range") != order.etag:
            return None
        return int(asked[1])


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a certificate for localhost, and the CA file that verifies it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName("localhost")]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=True,
                crl_sign=True,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    ca = folder / "ca.pem"
    ca.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = folder / "key.pem"
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca, private)
    return context, ca
