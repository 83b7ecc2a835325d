"""Message encryption of WinRM over HTTP (MS-WSMV 2.2.9.1): a SOAP envelope sealed by NTLM inside a MIME message."""

from __future__ import annotations

import re
import struct

from spnego import ContextProxy
from spnego.exceptions import SpnegoError

PROTOCOL = "application/HTTP-SPNEGO-session-encrypted"
BOUNDARY = b"--Encrypted Boundary"
CONTENT_TYPE = f'multipart/encrypted;protocol="{PROTOCOL}";boundary="Encrypted Boundary"'

_OCTETS = b"\tContent-Type: application/octet-stream\r\n"
_LENGTH = re.compile(rb";Length=(\d+)\s*$", re.IGNORECASE)


def is_sealed(content_type: str) -> bool:
    """Does a message with this Content-Type hold a sealed one?"""
    return content_type.lower().startswith("multipart/encrypted")


def seal(context: ContextProxy, message: bytes) -> bytes:
    """The MIME message."""
    sealed = context.wrap_winrm(message)
    description = f"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length={len(message)}\r\n".encode()
    parts = (
        BOUNDARY,
        b"\r\n\tContent-Type: ",
        PROTOCOL.encode(),
        b"\r\n",
        description,
        BOUNDARY,
        b"\r\n",
        _OCTETS,
        struct.pack("<i", len(sealed.header)),
        sealed.header,
        sealed.data,
        BOUNDARY,
        b"--\r\n",
    )
    return b"".join(parts)


def unseal(context: ContextProxy, message: bytes) -> bytes:
    """The envelope in a MIME message. Raises ValueError if it is no such message, or not sealed by this context."""
    description, separator, sealed = message.partition(BOUNDARY + b"\r\n" + _OCTETS)
    length = _LENGTH.search(description)
    end = BOUNDARY + b"--\r\n"
    if not separator or not length or not sealed.endswith(end) or len(sealed) < len(end) + 4:
        raise ValueError("it is not one message in two parts")
    sealed = sealed.removesuffix(end)
    (size,) = struct.unpack_from("<i", sealed)
    try:
        envelope = context.unwrap_winrm(sealed[4 : 4 + size], sealed[4 + size :])
    except SpnegoError as error:
        raise ValueError(str(error)) from error
    if len(envelope) != int(length.group(1)):
        raise ValueError(f"it says {length.group(1).decode()} bytes and has {len(envelope)}")
    return envelope
