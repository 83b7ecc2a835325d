"""The cloud's control API, for tests and for people who rehearse."""

from __future__ import annotations

from dataclasses import asdict, dataclass, is_dataclass
from typing import Any

from lab.cloud import faults
from lab.cloud.reset import Shape
from lab.cloud.servers import Server
from lab.cloud.signature import Account
from lab.cloud.throttle import Throttling
from lab.cloud.view import ServerView
from lab.control_client import ControlClient
from lab.faults import Fault


@dataclass(frozen=True)
class ApiRecord:
    """One request that the cloud received. Neither its body nor the headers that hold secrets are kept."""

    time: float
    method: str
    path: str
    query: str
    access_key: str
    user_agent: str
    status: int | None = None
    code: str = ""


class CloudControl(ControlClient):
    """`CloudControl(state / "cloud.sock")`. All methods raise ControlError for what the cloud refuses."""

    def accounts(self, *accounts: Account) -> None:
        """Replace the accounts."""
        self._call("PUT", "/accounts", [asdict(account) for account in accounts])

    def servers(self, *servers: Server) -> None:
        """Replace the servers. The hosts of a lab are there beside these, or as one of these says."""
        self._call("PUT", "/servers", [asdict(server) for server in servers])

    def views(self) -> list[ServerView]:
        """All servers, as people look at them."""
        return [ServerView(**view) for view in self._call("GET", "/servers")]

    def server(self, server_id: str) -> Server:
        """A server as it is now."""
        return Server(**self._call("GET", f"/servers/{server_id}"))

    def change(self, server_id: str, **fields: Any) -> Server:
        """Change a server behind everybody's back."""
        return Server(**self._call("PUT", f"/servers/{server_id}", fields))

    def forget(self, server_id: str) -> None:
        """Forget what is known of a server. A host of the lab is there again at once, as at first."""
        self._call("DELETE", f"/servers/{server_id}")

    def rebuild(self, server_id: str, image_id: str = "") -> Server:
        """Give a server a new system disk, from this image or from the same one."""
        return Server(**self._call("PUT", f"/servers/{server_id}/rebuild", image_id))

    def network(self, **parts: Any) -> None:
        """Replace the network: subnets, groups, rules, address_groups (records of `lab.cloud.network`), v3."""
        self._call("PUT", "/network", {name: _plain(value) for name, value in parts.items()})

    def shown_network(self) -> dict[str, Any]:
        """The network as it is now."""
        shown: dict[str, Any] = self._call("GET", "/network")
        return shown

    def batches_answer(self, shape: Shape) -> None:
        """How a batch reset with unfit servers is answered."""
        self._call("PUT", "/batches", shape)

    def memory(self) -> dict[str, Any]:
        """What machines in memory were told: offered, flags, egress, dhcp, rebuilt."""
        told: dict[str, Any] = self._call("GET", "/memory")
        return told

    def switching_takes(self, seconds: float) -> None:
        """How long a server in memory takes to start, stop or reboot."""
        self._call("PUT", "/switching", seconds)

    def clock_is_off_by(self, seconds: float) -> None:
        """The cloud's clock, by which it judges signatures."""
        self._call("PUT", "/clock", seconds)

    def throttle(self, throttling: Throttling) -> None:
        """Set the flow control; `Throttling()` for none."""
        self._call("PUT", "/throttle", asdict(throttling))

    def set_faults(self, *declared: Fault) -> None:
        """Replace the faults: ApiError, LostAnswer, NotJson, Cut, Hang, Late, Status."""
        self._call("PUT", "/faults", faults.encode(declared))

    def requests(self) -> list[ApiRecord]:
        """What was asked of the cloud, in order."""
        return [ApiRecord(**record) for record in self._call("GET", "/requests")]

    def clear_requests(self) -> None:
        """Forget what was asked so far."""
        self._call("DELETE", "/requests")

    def reset(self) -> None:
        """As at first: no accounts and servers but the lab's, no jobs, faults and flow control, no log."""
        self._call("DELETE", "/")


def _plain(value: Any) -> Any:
    """Records as JSON values."""
    return (
        [asdict(item) if is_dataclass(item) and not isinstance(item, type) else item for item in value]
        if isinstance(value, (list, tuple))
        else value
    )
