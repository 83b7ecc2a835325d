# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private to the collection: one request for a package or a checksum file, and what its failure means."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urljoin, urlsplit

from ansible.module_utils.urls import open_url

from .errors import FetchError, OptionError, PackageError, TransientError, UnavailableError
from .source import shown

_open: Callable[..., Any] = open_url

MAX_REDIRECTS = 5
LONGEST_RETRY_AFTER = 30.0
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({408, 425, 429})
_AGENT = "cloudreset.huaweicloud (Ansible collection)"


class RangeRefusedError(FetchError):
    """The server will not go on where a broken download ended: what there is of it is of no use."""


@dataclass(frozen=True)
class Wire:
    """How to speak to a server. `timeout` is in seconds without progress."""

    ca_path: str | None
    validate_certs: bool
    timeout: int

    def __post_init__(self) -> None:
        """Raises OptionError for a `ca_path` that is no file."""
        if self.ca_path is not None and not Path(self.ca_path).expanduser().is_file():
            raise OptionError(
                f"ca_path is '{self.ca_path}', which is no file; wanted a file of CA certificates in PEM."
            )


@contextmanager
def answer(wire: Wire, url: str, headers: dict[str, str] | None = None) -> Iterator[http.client.HTTPResponse]:
    """The answer to a GET, redirects followed but never from https to http; its body is read inside the block.

    Raises UnavailableError (this address has nothing for us), TransientError (worth another try; a connection that
    breaks inside the block included), or FetchError (nothing will help but another setting).
    """
    with _explained(url):
        response = _follow(wire, url, headers or {})
        with response:
            yield response


def _follow(wire: Wire, url: str, headers: dict[str, str]) -> http.client.HTTPResponse:
    here = url
    for _any in range(MAX_REDIRECTS + 1):
        try:
            response: http.client.HTTPResponse = _open(
                here,
                headers=headers,
                timeout=wire.timeout,
                validate_certs=wire.validate_certs,
                ca_path=str(Path(wire.ca_path).expanduser()) if wire.ca_path else None,
                follow_redirects="none",
                decompress=False,
                http_agent=_AGENT,
            )
        except HTTPError as error:  # noqa: PERF203 - a network is slower than a try
            with error:
                here = _next_hop(here, error)
        else:
            return response
    raise FetchError(
        f"{shown(url)} redirects more than {MAX_REDIRECTS} times; set base_url or package to where it ends."
    )


def _next_hop(here: str, error: HTTPError) -> str:
    location = error.headers.get("Location") if error.code in _REDIRECTS else None
    if location is None:
        raise _refusal(here, error)
    there = urljoin(here, location)
    scheme = urlsplit(there).scheme
    if scheme != "https" and scheme != urlsplit(here).scheme:
        raise FetchError(
            f"{shown(here)} redirects to {shown(there)}, away from https, and that is not followed; set base_url or "
            "package to an https address."
        )
    return there


def _refusal(url: str, error: HTTPError) -> PackageError:
    text = f"{shown(url)} answered {error.code} {error.reason}"
    if error.code in _BUSY or error.code >= 500:
        return TransientError(text, _seconds(error.headers.get("Retry-After")))
    if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        return RangeRefusedError(text)
    if error.code >= 400:
        return UnavailableError(text)
    return FetchError(f"{text}, which is no answer to a download; set base_url or package to another address.")


def _seconds(retry_after: str | None) -> float:
    text = (retry_after or "").strip()
    return min(float(text), LONGEST_RETRY_AFTER) if text.isascii() and text.isdigit() else 0.0


@contextmanager
def _explained(url: str) -> Iterator[None]:
    """Turns whatever urllib, http.client, ssl and socket raise into one of ours."""
    try:
        yield
    except URLError as error:
        reason = error.reason if isinstance(error.reason, Exception) else error
        raise _fault(url, reason) from error
    except (http.client.HTTPException, OSError, ValueError) as error:
        raise _fault(url, error) from error


def _fault(url: str, error: Exception) -> PackageError:
    if isinstance(error, ssl.SSLCertVerificationError):
        return FetchError(
            f"The certificate of {shown(url)} could not be verified ({error.verify_message}); set ca_path to the file "
            "of the CA that signed it."
        )
    if isinstance(error, socket.gaierror) and error.errno != socket.EAI_AGAIN:
        return UnavailableError(f"the host name in {shown(url)} is not known")
    if isinstance(error, TimeoutError):
        return TransientError(f"{shown(url)} did not answer in time")
    if isinstance(error, http.client.InvalidURL | ValueError):
        return FetchError(f"{shown(url)} cannot be asked for ({error}); set base_url or package to another address.")
    what = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return TransientError(f"the connection to {shown(url)} failed ({what})")
