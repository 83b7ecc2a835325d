from __future__ import annotations

import pytest

from lab import blob

UUID = "8ae2549a-7b09-4787-8f25-4487d61be128"
BLOB = "0Rqv2zwGpvA=brvpQE1/AAkxrniFf9LgkOanJuSq3uPClZ5eCM6JDpRXqGcHACe6ZBWOdqiKRQTM"
PASSWORD = "Fusion@123123123123123123123123123123123123123"


def test_known_answer_reads() -> None:
    assert blob.decrypt(BLOB, UUID) == PASSWORD


def test_known_answer_writes() -> None:
    salt = bytes.fromhex("d11aafdb3c06a6f0")
    assert blob.encrypt(PASSWORD, UUID, salt) == BLOB


def test_salt_is_new_every_time() -> None:
    assert blob.encrypt(PASSWORD, UUID) != blob.encrypt(PASSWORD, UUID)


def test_another_server_cannot_read_it() -> None:
    with pytest.raises(ValueError, match=r"[Pp]adding"):
        blob.decrypt(BLOB, UUID.replace("8", "9"))


@pytest.mark.parametrize("text", ["", "None", "0Rqv2zwGpvA=", "!" * 40])
def test_what_is_no_blob(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        blob.decrypt(text, UUID)


def test_salt_of_wrong_size() -> None:
    with pytest.raises(ValueError, match="the salt has 3 bytes, 8 were wanted"):
        blob.encrypt(PASSWORD, UUID, b"abc")
