"""The password blob that the cloud leaves in a server's metadata (facts/agent-protocol.md, step 4).

12 characters base64 (8 bytes of salt), then base64 ciphertext; key = PBKDF2-HMAC-SHA1(uuid, salt, 5000 rounds,
16 bytes); AES-128-CBC with PKCS#7 padding, the IV is the key.
"""

from __future__ import annotations

import base64
import binascii
import os
from hashlib import pbkdf2_hmac

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

SALT_BYTES = 8
SALT_TEXT = 12
ROUNDS = 5000
KEY_BYTES = 16


def _cipher(uuid: str, salt: bytes) -> Cipher[CBC]:
    key = pbkdf2_hmac("sha1", uuid.encode(), salt, ROUNDS, KEY_BYTES)
    return Cipher(AES(key), CBC(key))


def encrypt(password: str, uuid: str, salt: bytes | None = None) -> str:
    """The blob of a password for the server with this uuid; the salt is random unless given (8 bytes)."""
    salt = os.urandom(SALT_BYTES) if salt is None else salt
    if len(salt) != SALT_BYTES:
        raise ValueError(f"the salt has {len(salt)} bytes, {SALT_BYTES} were wanted")
    padder = PKCS7(AES.block_size).padder()
    padded = padder.update(password.encode()) + padder.finalize()
    encryptor = _cipher(uuid, salt).encryptor()
    secret = encryptor.update(padded) + encryptor.finalize()
    return base64.b64encode(salt).decode() + base64.b64encode(secret).decode()


def decrypt(blob: str, uuid: str) -> str:
    """The password in a blob. Raises ValueError if it is no blob, or not this server's."""
    try:
        salt = base64.b64decode(blob[:SALT_TEXT], validate=True)
        secret = base64.b64decode(blob[SALT_TEXT:], validate=True)
    except binascii.Error as error:
        raise ValueError("the blob is not base64") from error
    decryptor = _cipher(uuid, salt).decryptor()
    unpadder = PKCS7(AES.block_size).unpadder()
    padded = decryptor.update(secret) + decryptor.finalize()
    return (unpadder.update(padded) + unpadder.finalize()).decode()
