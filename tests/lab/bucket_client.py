"""The bucket's control API, for tests."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from lab import faults
from lab.bucket_content import Sidecar
from lab.control_client import ControlClient, RequestRecord
from lab.faults import Fault
from lab.package_options import PackageOptions, Variant


@dataclass(frozen=True)
class ServedPackage:
    """A package as the bucket serves it."""

    options: PackageOptions
    sha256: str
    size: int


class BucketControl(ControlClient):
    """`BucketControl(state / "bucket.sock")`. All methods raise ControlError for what the bucket refuses."""

    def serve(self, options: PackageOptions) -> ServedPackage:
        """Serve this package for its variant."""
        return self._package(self._call("PUT", "/package", asdict(options)))

    def package(self, variant: Variant = "linux/64") -> ServedPackage:
        """What is served for a variant."""
        return self._package(self._call("GET", f"/package/{variant}"))

    @staticmethod
    def _package(answer: dict[str, object]) -> ServedPackage:
        options = answer["options"]
        assert isinstance(options, dict)
        return ServedPackage(PackageOptions(**options), str(answer["sha256"]), int(str(answer["size"])))

    def sidecar(self, style: Sidecar, path: str = "*") -> None:
        """Serve checksum files whose path matches this way; the last one set wins."""
        self._call("PUT", "/sidecar", {"format": style, "path": path})

    def set_faults(self, *declared: Fault) -> None:
        """Replace the faults: Hang, Late, Status, Cut, NoRanges, Redirect, Throttle, WrongLength, Replaced."""
        self._call("PUT", "/faults", faults.encode(declared))

    def requests(self) -> list[RequestRecord]:
        """What was asked of the bucket, in order; `sent` counts the body's bytes."""
        return [RequestRecord(**record) for record in self._call("GET", "/requests")]

    def clear_requests(self) -> None:
        """Forget what was asked so far."""
        self._call("DELETE", "/requests")

    def reset(self) -> None:
        """Default packages, bare checksums, no faults, an empty log."""
        self._call("DELETE", "/")
