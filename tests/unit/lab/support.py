"""Starting a service of the lab for real, on loopback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lab.bucket_client import BucketControl
from lab.metadata_client import MetadataControl

TESTS = Path(__file__).parents[2]
UUID = "8ae2549a-7b09-4787-8f25-4487d61be128"
HOSTS = [
    {"name": "alpha", "address": "127.0.0.1", "uuid": UUID, "flavour": "debian12", "extra": "ignored"},
    {"name": "beta", "address": "127.0.0.2", "uuid": "11111111-2222-3333-4444-555555555555", "flavour": "sysv"},
]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def running(module: str, state: Path, ready: Callable[[], bool], port: int) -> Iterator[None]:
    environment = {**os.environ, "PYTHONPATH": str(TESTS), "CLOUDRESET_LAB_CACHE": str(state / "cache")}
    command = [sys.executable, "-m", module, "--state", str(state), "--host", "127.0.0.1", "--port", str(port)]
    with (state / f"{module}.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 20
            while not ready():
                assert process.poll() is None, (state / f"{module}.log").read_text()
                assert time.monotonic() < deadline, "not ready in time"
                time.sleep(0.02)
            yield
        finally:
            process.terminate()
            process.wait(10)
    assert "Traceback" not in (state / f"{module}.log").read_text()


@dataclass(frozen=True)
class Metadata:
    port: int
    state: Path
    control: MetadataControl


@dataclass(frozen=True)
class BucketUnderTest:
    port: int
    ca: Path
    control: BucketControl


def make_certificate(folder: Path) -> None:
    folder.mkdir()
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a throw-away server")])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    (folder / "ca.pem").write_bytes(pem)
    (folder / "server.pem").write_bytes(pem)
    (folder / "server.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
