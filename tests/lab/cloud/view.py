"""The servers as people and tests look at them from outside of the API. No password is in it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.cloud.servers import Server
    from lab.cloud.world import World


@dataclass(frozen=True)
class ServerView:
    """One server. `pending`: a password waits for its agent. `egress` is in the lab's words."""

    id: str
    name: str
    status: str
    task: str
    flag: str
    pending: bool
    egress: str
    dhcp: bool


async def views(world: World) -> list[ServerView]:
    """All servers as they are now. Raises MachineError."""
    return list(await asyncio.gather(*(_view(world, server) for server in world.fleet.servers.values())))


async def _view(world: World, server: Server) -> ServerView:
    network = world.api.network
    subnet = network.subnets.get(server.subnet)
    return ServerView(
        id=server.id,
        name=server.name,
        status=server.status,
        task=server.task_state or "",
        flag=server.flag or str(await world.machines.flag(server.id)),
        pending=await world.machines.pending(server.id),
        egress=network.egress_words(server, world.fleet.servers.values()),
        dhcp=subnet is None or subnet.dhcp_enable,
    )
