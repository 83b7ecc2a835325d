# Copyright (c) 2026 cloudreset contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading checksum files."""

from __future__ import annotations

import pytest

from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package.errors import ChecksumError
from ansible_collections.cloudreset.huaweicloud.plugins.plugin_utils._package.sidecar import parse_sidecar

SUM = "0123456789abcdef" * 4
OTHER = "fedcba9876543210" * 4
NAME = "CloudResetPwdAgent.zip"


@pytest.mark.parametrize(
    "data",
    [
        SUM.encode(),
        f"{SUM}\n".encode(),
        f"{SUM}\r\n".encode(),
        f"  {SUM}\t\r\n\r\n".encode(),
        SUM.upper().encode(),
        f"{SUM}  {NAME}\n".encode(),
        f"{SUM} *{NAME}\r\n".encode(),
        f"\\{SUM}  a\\\\b.zip\n".encode(),
        f"SHA256 ({NAME}) = {SUM}\n".encode(),
        f"SHA2-256({NAME})= {SUM}\n".encode(),
        f"sha256:{SUM}\n".encode(),
        b"\xef\xbb\xbf" + f"{SUM}  {NAME}\n".encode(),
        b"\xff\xfe" + f"{SUM}  {NAME}\r\n".encode("utf-16-le"),
        b"\xfe\xff" + f"{SUM}\n".encode("utf-16-be"),
        f"# made by hand, was {OTHER}\n; {OTHER}\n// {OTHER}\n\n{SUM}  {NAME}\n".encode(),
        f"{SUM}  {NAME}\n{SUM.upper()}  copy.zip\n".encode(),
        f"SHA256 hash of {NAME}:\r\n{SUM}\r\nCertUtil: -hashfile command completed successfully.\r\n".encode(),
        (" ".join(SUM[at : at + 2] for at in range(0, 64, 2)) + "\r\n").encode(),
        f"Algorithm Hash Path\n--------- ---- ----\nSHA256    {SUM.upper()} C:\\{NAME}\n".encode(),
        f"{SUM}  ".encode() + b"n\xe4me.zip\n",
    ],
)
def test_every_usual_form_is_read(data: bytes) -> None:
    assert parse_sidecar(data) == SUM


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "holds none"),
        (b"\r\n\r\n", "holds none"),
        (SUM[:-1].encode(), "holds none"),
        ((SUM + "0").encode(), "holds none"),
        ((SUM * 2).encode(), "holds none"),
        (f"# {SUM}\n".encode(), "holds none"),
        (SUM.encode("utf-16-le"), "holds none"),
        (f"{SUM}  a\n{OTHER}  b\n".encode(), "two or more"),
        (f"{SUM} {OTHER}\n".encode(), "two or more"),
        (f"<html><body>{SUM}</body></html>".encode(), "HTML"),
        (b"\xef\xbb\xbf" + f"\n <?xml version='1.0'?><Error>{SUM}</Error>".encode(), "HTML"),
        (b"\xff\xfe" + SUM.encode("utf-16-le")[:-1], "no text"),
        (f"{SUM}\n".encode() + b"\n" * 65536, "larger than"),
    ],
)
def test_what_does_not_say_one_digest_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(ChecksumError, match=why) as caught:
        parse_sidecar(data, "The checksum file https://h/x")
    assert str(caught.value).startswith("The checksum file https://h/x ")
    assert "set checksum" in str(caught.value)
