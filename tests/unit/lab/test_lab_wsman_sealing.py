from __future__ import annotations

import base64
from pathlib import Path

import pytest
import spnego
from spnego import ContextProxy

from lab import accounts
from lab.wsman import sealing
from lab.wsman.authentication import Authentication


@pytest.fixture
def contexts(tmp_path: Path) -> tuple[ContextProxy, ContextProxy]:
    """Client's and server's, after a login."""
    file = tmp_path / "accounts"
    accounts.create(file)
    server = Authentication(file)
    client = spnego.client("Administrator", "Lab-Admin-1", protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)
    token = client.step()
    while token:
        decision = server.decide(f"Negotiate {base64.b64encode(token).decode()}")
        answer = decision.challenges[0].partition(" ")[2] if decision.challenges else ""
        token = client.step(base64.b64decode(answer)) if answer else None
    assert server.context is not None
    return client, server.context


def test_both_ways(contexts: tuple[ContextProxy, ContextProxy]) -> None:
    client, server = contexts
    for message in (b"<a/>", b"", bytes(range(256)) * 300):
        assert sealing.unseal(server, sealing.seal(client, message)) == message
        assert sealing.unseal(client, sealing.seal(server, message)) == message


def test_message_is_not_readable(contexts: tuple[ContextProxy, ContextProxy]) -> None:
    assert b"<secret/>" not in sealing.seal(contexts[0], b"<secret/>")


def test_changed_message_is_refused(contexts: tuple[ContextProxy, ContextProxy]) -> None:
    sealed = bytearray(sealing.seal(contexts[0], b"<a/>"))
    sealed[sealed.index(b"octet-stream\r\n") + 14 + 4 + 16] ^= 1
    with pytest.raises(ValueError, match="Integrity"):
        sealing.unseal(contexts[1], bytes(sealed))


def test_wrong_length_is_refused(contexts: tuple[ContextProxy, ContextProxy]) -> None:
    sealed = sealing.seal(contexts[0], b"<a/>").replace(b"Length=4", b"Length=5")
    with pytest.raises(ValueError, match="it says 5 bytes and has 4"):
        sealing.unseal(contexts[1], sealed)


@pytest.mark.parametrize("message", [b"", b"<a/>", b"--Encrypted Boundary\r\n", b"--Encrypted Boundary--\r\n"])
def test_what_is_no_sealed_message(contexts: tuple[ContextProxy, ContextProxy], message: bytes) -> None:
    with pytest.raises(ValueError, match="not one message in two parts"):
        sealing.unseal(contexts[1], message)
