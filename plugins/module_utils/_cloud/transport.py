# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: one HTTP request and its whole answer, over TLS, through a proxy where there is one."""

from __future__ import annotations

import base64
import http.client
import socket
import ssl
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

from .endpoints import Endpoint
from .errors import CloudError

_LARGEST = 64 * 1024 * 1024
_BLOCK = 64 * 1024


@dataclass(frozen=True)
class Answer:
    """A whole answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class WireError(Exception):
    """No whole answer. `sent` says whether the request may have arrived; `passing`, whether another try may help."""

    def __init__(self, message: str, *, sent: bool, passing: bool = True) -> None:
        """Takes what happened, in the words of a part of a sentence."""
        super().__init__(message)
        self.sent = sent
        self.passing = passing


@dataclass(frozen=True)
class Wire:
    """How to speak to the cloud. `timeout` is how long a connection may stand still, and a body may take, in seconds;
    `proxy` is an address, an empty one for none at all, or None for what the environment says."""

    timeout: float = 30.0
    validate_certs: bool = True
    ca_path: str | None = None
    proxy: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Raises CloudError for a ca_path or a proxy that cannot be used."""
        wrong = []
        if self.ca_path and not Path(self.ca_path).expanduser().is_file():
            wrong.append(f"ca_path is '{self.ca_path}', which is no file")
        if self.proxy and not _is_proxy(self.proxy):
            wrong.append("proxy is no address like http://proxy.example.com:3128")
        if self.timeout <= 0:
            wrong.append(f"timeout is {self.timeout:g}, and has to be more than 0")
        if wrong:
            raise CloudError("preparing the connection", "; ".join(wrong), kind="input", hint="set them right")

    def exchange(self, endpoint: Endpoint, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer, whatever its status. Raises WireError when there is no whole one. Follows no redirect."""
        connection = self._connection(endpoint)
        try:
            with _explained(endpoint, sent=False):
                connection.connect()
            with _explained(endpoint, sent=True):
                return self._talk(connection, method, target, headers, body)
        finally:
            connection.close()

    def _talk(
        self, connection: http.client.HTTPConnection, method: str, target: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        received = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, received, self._read(answer))

    def _read(self, answer: http.client.HTTPResponse) -> bytes:
        until, blocks, size = time.monotonic() + self.timeout, [], 0
        while block := answer.read1(_BLOCK):
            blocks.append(block)
            size += len(block)
            if size > _LARGEST:
                raise WireError(f"the answer is larger than {_LARGEST} bytes", sent=True, passing=False)
            if time.monotonic() > until:
                raise TimeoutError
        if answer.length:  # read1 does not mind a body that ends early
            raise http.client.IncompleteRead(b"", answer.length)
        return b"".join(blocks)

    def _connection(self, endpoint: Endpoint) -> http.client.HTTPConnection:
        host, port, timeout = endpoint.host, endpoint.port, self.timeout
        if endpoint.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=timeout)
        proxy = self._proxy_for(endpoint)
        if not proxy:
            return http.client.HTTPSConnection(host, port, timeout=timeout, context=self._tls)
        parts = urlsplit(proxy if "//" in proxy else f"http://{proxy}")
        through = http.client.HTTPSConnection(
            parts.hostname or "", parts.port or 3128, timeout=timeout, context=self._tls
        )
        through.set_tunnel(host, port, _proxy_authorization(parts.username, parts.password))
        return through

    def _proxy_for(self, endpoint: Endpoint) -> str:
        if self.proxy is not None:
            return self.proxy
        if urllib.request.proxy_bypass(f"{endpoint.host}:{endpoint.port}"):
            return ""
        return urllib.request.getproxies().get("https", "")

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        if self.ca_path:
            _load(context, Path(self.ca_path).expanduser())
        if not self.validate_certs:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def _load(context: ssl.SSLContext, path: Path) -> None:
    try:
        context.load_verify_locations(path)
    except OSError as error:
        problem = f"ca_path is '{path}', which holds no certificates in PEM"
        raise CloudError("preparing the connection", problem, kind="input", hint="set it right") from error


def _is_proxy(proxy: str) -> bool:
    try:
        parts = urlsplit(proxy if "//" in proxy else f"http://{proxy}")
        return parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _proxy_authorization(user: str | None, password: str | None) -> dict[str, str]:
    if not user:
        return {}
    pair = f"{unquote(user)}:{unquote(password or '')}".encode()
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair).decode()}"}


@contextmanager
def _explained(endpoint: Endpoint, *, sent: bool) -> Iterator[None]:
    """Turns whatever http.client, ssl and socket raise into a WireError."""
    where = endpoint.authority
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        problem = f"the certificate of {where} could not be verified ({error.verify_message}): set ca_path to its CA"
        raise WireError(problem, sent=sent, passing=False) from error
    except socket.gaierror as error:
        passing = error.errno == socket.EAI_AGAIN
        raise WireError(f"the host name {endpoint.host} is not known", sent=sent, passing=passing) from error
    except TimeoutError as error:
        raise WireError(f"{where} did not answer in time", sent=sent) from error
    except (OSError, http.client.HTTPException) as error:
        what = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
        raise WireError(f"the connection to {where} failed ({what})", sent=sent) from error
