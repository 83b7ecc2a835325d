"""The metadata service's control API, for tests and for the lab's cloud."""

from __future__ import annotations

from dataclasses import dataclass

from lab import faults
from lab.control_client import ControlClient, RequestRecord
from lab.faults import Fault


@dataclass(frozen=True)
class ServerMetadata:
    """What the metadata service holds for a server; `blob` is empty when no reset is pending."""

    name: str
    address: str
    uuid: str
    flavour: str
    system: str
    flag: str
    blob: str
    faults: tuple[Fault, ...]


class MetadataControl(ControlClient):
    """`MetadataControl(state / "metadata.sock")`. All methods raise ControlError for an unknown server."""

    def servers(self) -> list[str]:
        """The names of the servers that the service knows."""
        return [str(name) for name in self._call("GET", "/servers")]

    def show(self, server: str) -> ServerMetadata:
        """Flag, blob, uuid and declared faults of a server."""
        answer = self._call("GET", f"/servers/{server}")
        return ServerMetadata(**{**answer, "faults": tuple(faults.decode(answer["faults"]))})

    def set_password(self, server: str, password: str) -> None:
        """Leave a password for the server's agent, encrypted as the cloud does it."""
        self._call("PUT", f"/servers/{server}/password", password)

    def set_blob(self, server: str, blob: str) -> None:
        """Leave any text as the blob."""
        self._call("PUT", f"/servers/{server}/blob", blob)

    def set_flag(self, server: str, flag: str) -> None:
        """Set resetpwd_flag; the agent sets it to `True`."""
        self._call("PUT", f"/servers/{server}/flag", flag)

    def set_faults(self, server: str, *declared: Fault) -> None:
        """Replace the server's faults: Hang, Late, Status, Wrong, RefuseDelete, SayFail; none is normal."""
        self._call("PUT", f"/servers/{server}/faults", faults.encode(declared))

    def log(self, server: str) -> list[RequestRecord]:
        """The requests of a server, in order."""
        return [RequestRecord(**record) for record in self._call("GET", f"/servers/{server}/log")]

    def requests(self, server: str) -> list[str]:
        """The same in short: `GET resetpwd_flag`, `POST resetpwd_flag`, ..."""
        return [f"{record.method} {record.path.rpartition('/')[2]}" for record in self.log(server)]

    def clear(self, *servers: str) -> None:
        """Forget flag, blob, faults and log of these servers, or of all."""
        for server in servers or self.servers():
            self._call("DELETE", f"/servers/{server}")
