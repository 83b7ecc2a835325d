"""SSH keys and the lab's certificate authority."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lab.paths import Paths, write_atomically

_PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class KeyPair:
    """An SSH key as OpenSSH writes it to files."""

    private: str
    public: str


def new_key_pair() -> KeyPair:
    """A new Ed25519 key."""
    key = ed25519.Ed25519PrivateKey.generate()
    private = key.private_bytes(_PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return KeyPair(private.decode(), public.decode() + "\n")


def write_login_key(paths: Paths) -> None:
    """Make the key with which everybody logs in to the lab's hosts."""
    pair = new_key_pair()
    write_atomically(paths.key, pair.private, mode=0o600)
    write_atomically(paths.public_key, pair.public)


def write_authority(paths: Paths, names: tuple[str, ...], addresses: tuple[str, ...]) -> None:
    """Make a certificate authority, and its certificate for the services, which have these names and addresses."""
    paths.tls.mkdir(mode=0o700, exist_ok=True)
    key = ec.generate_private_key(ec.SECP256R1())
    ca = _certificate(_AUTHORITY, _AUTHORITY, key.public_key()).add_extension(x509.BasicConstraints(True, 0), True)
    ca = ca.add_extension(_usage(signs_certificates=True), True)
    ca = ca.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    write_atomically(paths.ca, ca.sign(key, hashes.SHA256()).public_bytes(_PEM).decode())
    write_atomically(paths.tls / "ca.key", _private(key), mode=0o600)
    write_certificate(paths, "server", names, addresses)


def write_certificate(paths: Paths, stem: str, names: tuple[str, ...], addresses: tuple[str, ...]) -> None:
    """Make a server's certificate for these names and addresses, STEM.pem, and its key, STEM.key."""
    authority = serialization.load_pem_private_key((paths.tls / "ca.key").read_bytes(), None)
    assert isinstance(authority, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    alternatives: list[x509.GeneralName] = [x509.DNSName(name) for name in names]
    alternatives += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
    server = _certificate(_name(names[0]), _AUTHORITY, key.public_key())
    server = server.add_extension(x509.SubjectAlternativeName(alternatives), False)
    server = server.add_extension(x509.BasicConstraints(False, None), True)
    server = server.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
    server = server.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.public_key()), False)
    signed = server.sign(authority, hashes.SHA256()).public_bytes(_PEM).decode()
    write_atomically(paths.tls / f"{stem}.pem", signed)
    write_atomically(paths.tls / f"{stem}.key", _private(key), mode=0o600)


def _private(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


_AUTHORITY = _name("cloudreset lab CA")


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number())
    day = datetime.timedelta(days=1)
    return builder.not_valid_before(now - day).not_valid_after(now + 30 * day)


def _usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
