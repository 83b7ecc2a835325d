# SPDX-FileCopyrightText: 2026 cloudreset contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The package on its way to the controller: fetched once, verified, and refused before a guest sees any of it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, get_args

from cases import ZIP, run_cases
from controller import Controller
from snapshot import snapshot

from lab import faults
from lab.bucket_client import BucketControl
from lab.bucket_content import Sidecar
from lab.client import Host
from lab.package_options import PackageOptions

BIG = PackageOptions(padding=3_000_000)

READABLE: list[Sidecar] = [
    "bare",
    "bare_no_newline",
    "sum_name",
    "sum_star_name",
    "sum_path",
    "bsd",
    "upper",
    "bom",
    "bom_utf16",
    "crlf",
    "twice",
]
REFUSED: dict[Sidecar, str] = {
    "two_digests": "holds two or more different ones",
    "none": "answered 404",
    "empty": "holds none",
    "garbage": "holds none",
    "html": "a page of HTML",
    "too_short": "holds none",
    "wrong": "and should have",
}


def part(case: str) -> str:
    """The bucket serves the same under the name of every region: each case has a region of its own."""
    return case.replace("_", "-")


def zips(bucket: BucketControl, region: str = "") -> list[Any]:
    return [item for item in bucket.requests() if item.path.endswith(".zip") and item.path.startswith(f"/{region}")]


def sidecars(bucket: BucketControl) -> list[Any]:
    return [item for item in bucket.requests() if item.path.endswith(".sha256")]


def kept(controller: Controller, cache: str = "cache") -> list[str]:
    """What lies in a cache under a name that later runs trust."""
    return sorted(path.name for path in (controller.folder / cache).glob("*.*"))


def with_own_caches(cases: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The cases, none of which shall profit from what another fetched."""
    return {case: {"cache_dir": f"caches/{case}", **options} for case, options in cases.items()}


def other_authority(folder: Path) -> Path:
    """A certificate that signed nothing here."""
    path = folder / "other.pem"
    words = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", str(folder / "other.key"), "-out", str(path)]
    subprocess.run([*words, *files, "-subj", "/CN=other"], check=True, capture_output=True)
    return path


def test_six_hosts_at_once_cost_one_download_and_a_rerun_none(
    take: Callable[[str], Host], controller: Controller, bucket: BucketControl
) -> None:
    hosts = [take(name) for name in ("plain1", "plain2", "plain3", "plain4", "debian11", "debian13")]
    first = controller.agent(*hosts, _flags=("-f", "6"))
    assert all(first.of(host)["changed"] for host in hosts), first.output
    assert [len(zips(bucket)), len(sidecars(bucket))] == [1, 1]
    bucket.clear_requests()

    again = controller.agent(*hosts, _flags=("-f", "6"))
    assert not any(again.of(host)["changed"] for host in hosts)
    assert bucket.requests() == []

    upgraded = controller.agent(*hosts, upgrade=True, _flags=("-f", "6"))
    assert not any(upgraded.of(host)["changed"] for host in hosts)
    assert [len(zips(bucket)), len(sidecars(bucket))] == [0, 1]


def test_every_usual_checksum_file_is_read(host: Host, controller: Controller, bucket: BucketControl) -> None:
    assert {*READABLE, *REFUSED} == {*get_args(Sidecar)}
    for style in READABLE:
        bucket.sidecar(style, f"/{part(style)}/*")
    addresses = {style: {"base_url": f"{controller.base_url}/{part(style)}"} for style in READABLE}
    run = run_cases(controller, host, addresses, "--check")
    for style in READABLE:
        assert run.of(style).get("changed"), (style, run.of(style))
    # The digest is the cache's key, so that eleven addresses of one package are one download.
    assert [len(zips(bucket)), len(sidecars(bucket))] == [1, len(READABLE)]


def test_a_wrong_checksum_is_a_hard_failure_and_nothing_reaches_the_guest(
    host: Host, controller: Controller, bucket: BucketControl, tmp_path: Path
) -> None:
    base = controller.base_url
    good = bucket.package().sha256
    (tmp_path / "wrong.sha256").write_text(f"{'1' * 64}  CloudResetPwdAgent.zip\n")
    for style in REFUSED:
        bucket.sidecar(style, f"/{part(style)}/*")
    bucket.set_faults(faults.Replaced(path="/replaced/*.zip"))
    cases: dict[str, dict[str, Any]] = {style: {"base_url": f"{base}/{part(style)}"} for style in REFUSED}
    cases["replaced"] = {"base_url": f"{base}/replaced"}
    cases["pinned"] = {"base_url": f"{base}/pinned", "checksum": f"sha256:{'0' * 64}"}
    cases["pinned_file"] = {"base_url": f"{base}/pinned", "checksum": str(tmp_path / "wrong.sha256")}
    cases["other_kind"] = {"base_url": f"{base}/pinned", "checksum": f"md5:{'0' * 32}"}

    before = snapshot(host, times=True)
    run = run_cases(controller, host, cases)
    mismatch = f"and should have {'0' * 64}"
    other = {"pinned": mismatch, "pinned_file": f"should have {'1' * 64}", "replaced": f"should have {good}"}
    wanted = {**REFUSED, **other, "other_kind": "of the kind 'md5'"}
    for case, pattern in wanted.items():
        assert run.of(case)["kind"] == "failed", case
        assert pattern in run.of(case)["msg"], run.of(case)
    # Bad input is refused before the probe; the others have asked, once each, and sent nothing.
    assert run.ssh_starts == len(cases) - 1
    assert snapshot(host, times=True) == before
    assert kept(controller) == []


def test_a_pinned_checksum_is_taken_in_every_form(
    host: Host, controller: Controller, bucket: BucketControl, tmp_path: Path
) -> None:
    bucket.sidecar("wrong")
    digest = bucket.package().sha256
    (tmp_path / "absolute.sha256").write_text(f"{digest}  CloudResetPwdAgent.zip\n")
    (controller.folder / "beside.sha256").write_text(f"SHA256 (CloudResetPwdAgent.zip) = {digest}\n")
    bucket.sidecar("bsd", "/elsewhere/*")
    elsewhere = f"{controller.base_url}/elsewhere/linux/64/reset_pwd_agent/CloudResetPwdAgent.zip.sha256"
    forms = {
        "bare": digest,
        "tagged": f"sha256:{digest}",
        "upper": digest.upper(),
        "tagged_upper": f"SHA256:{digest.upper()}",
        "file": str(tmp_path / "absolute.sha256"),
        "file_beside_the_playbook": "beside.sha256",
        "url": elsewhere,
    }
    cases = {name: {"base_url": controller.base_url, "checksum": form} for name, form in forms.items()}
    run = run_cases(controller, host, cases, "--check")
    for name in forms:
        assert run.of(name).get("changed"), (name, run.of(name))
    assert len(zips(bucket)) == 1
    assert [item.path for item in sidecars(bucket)] == [elsewhere.removeprefix(controller.base_url)]


def test_what_passes_by_itself_is_waited_for(host: Host, controller: Controller, bucket: BucketControl) -> None:
    bucket.serve(BIG)
    base = controller.base_url
    bucket.set_faults(
        faults.Cut(path="/cut/*.zip", after=1_000_000),
        faults.Cut(path="/no-range/*.zip", after=1_000_000, times=1),
        faults.NoRanges(path="/no-range/*.zip"),
        faults.Status(path="/busy/*", code=500, times=1),
        faults.Status(path="/nothing-1/*", code=404),
        faults.Status(path="/half-1/*.zip", code=403),
        faults.Redirect(path="/moved/*.zip", to=f"{base}/there{ZIP}"),
        faults.WrongLength(path="/longer/*.zip", by=1000),
        faults.Throttle(path="/slow/*.zip", bytes_per_second=500_000),
    )
    by_region = {"base_url": f"{base}/{{region}}", "fallback_region": "there-1"}
    cases: dict[str, dict[str, Any]] = {
        **{case: {"base_url": f"{base}/{case}"} for case in ("cut", "no-range", "busy", "moved", "longer", "slow")},
        "nothing": {**by_region, "region": "nothing-1"},
        "half": {**by_region, "region": "half-1"},
        "unverified": {"base_url": f"{base}/unverified", "ca_path": None, "validate_certs": False},
    }
    run = run_cases(controller, host, with_own_caches(cases), "--check")
    for case in cases:
        assert run.of(case).get("changed"), (case, run.of(case))
    for case in ("nothing", "half"):
        assert run.of(case)["package"]["source"] == f"{base}/there-1{ZIP}"
    asked = [int(item.range.removeprefix("bytes=").rstrip("-") or 0) for item in zips(bucket, "cut/")]
    assert asked == [0, 1_000_000, 2_000_000, 3_000_000]
    assert [item.status for item in zips(bucket, "no-range/")] == [200, 200]
    assert f"Downloading the linux/64 package from {base}/slow{ZIP}: " in run.output


def test_what_does_not_pass_is_one_sentence_in_bounded_time(
    host: Host, controller: Controller, bucket: BucketControl, tmp_path: Path
) -> None:
    bucket.serve(BIG)
    base = controller.base_url
    other_ca = other_authority(tmp_path)
    bucket.set_faults(
        faults.Cut(path="/cut/*.zip", after=1_000_000, times=1),
        faults.Status(path="/cut/*.zip", code=403, skip=1, times=1),
        faults.Status(path="/forbidden/*", code=403),
        faults.Hang(path="/hang/*"),
        faults.Redirect(path="/loop/*.zip"),
        faults.Redirect(path="/down/*.zip", to=f"http://10.213.0.2/there{ZIP}"),
        faults.WrongLength(path="/shorter/*.zip", by=-1000),
        faults.Status(path="/first-1/*", code=404),
        faults.Status(path="/second-1/*", code=404),
    )
    wanted = {
        "cut": "answered 403",
        "forbidden": "answered 403",
        "hang": "did not answer in time (tried 4 times)",
        "loop": "redirects more than 5 times",
        "down": "away from https",
        "shorter": "and should have",
        "other-ca": "set ca_path to the file of the CA that signed it",
        "no-ca": "set ca_path to the file of the CA that signed it",
        "regions": f"first-1{ZIP}.sha256 answered 404 Not Found; {base}/second-1{ZIP}.sha256 answered 404",
    }
    refused_at_once = {
        "http": "over http anybody on the way can change a package",
        "ca-missing": "ca_path is '/nowhere.pem'",
    }
    cases: dict[str, dict[str, Any]] = {case: {"base_url": f"{base}/{case}"} for case in [*wanted, *refused_at_once]}
    cases["hang"]["download_timeout"] = 1
    cases["other-ca"]["ca_path"] = str(other_ca)
    cases["no-ca"]["ca_path"] = None
    cases["regions"] = {"base_url": f"{base}/{{region}}", "region": "first-1", "fallback_region": "second-1"}
    cases["http"]["base_url"] = "http://10.213.0.2"
    cases["ca-missing"]["ca_path"] = "/nowhere.pem"
    started = time.monotonic()
    before = snapshot(host, times=True)
    run = run_cases(controller, host, with_own_caches(cases))
    assert time.monotonic() - started < 60
    for case, text in {**wanted, **refused_at_once}.items():
        assert run.of(case)["kind"] == "failed", case
        assert text in run.of(case)["msg"], (case, run.of(case)["msg"])
    assert "Traceback" not in run.output
    assert run.ssh_starts == len(wanted)
    assert snapshot(host, times=True) == before

    # What a failed run fetched is not lost: the next one goes on from there, and check mode asked the same questions.
    bucket.clear_requests()
    again = run_cases(
        controller, host, with_own_caches({case: cases[case] for case in ("cut", "forbidden")}), "--check"
    )
    assert again.of("cut").get("changed")
    assert [(item.range, item.status) for item in zips(bucket, "cut/")] == [("bytes=1000000-", 206)]
    assert again.of("forbidden")["msg"] == run.of("forbidden")["msg"]
