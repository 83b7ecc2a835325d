"""What ECS answers to password resets (facts/huawei-cloud.md 1.11, 2.1 to 2.3 and 2.7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from lab.cloud.api_request import ApiRefusalError, ApiRequest, Reply, Route
from lab.cloud.machines import MachineError, Machines
from lab.cloud.servers import Fleet, Server, refuse_unfit

_SERVERS_A_CALL = 1000
_STATUSES = frozenset({"ACTIVE", "SHUTOFF"})
_ACTION = "ecs:cloudServers:resetServerPwd"
_USERS = {"Linux": "root", "Windows": "Administrator"}
# The batch page's set, which is the strictest.
_SPECIALS = frozenset("!@%-_=+[]:./?")
# How a batch with unfit servers is answered: all refused; the others done, with status 200 or 400.
Shape = Literal["whole", "partial", "partial_400"]


class Resets:
    """The reset calls."""

    def __init__(self, fleet: Fleet, machines: Machines) -> None:
        self._fleet = fleet
        self._machines = machines
        self.shape: Shape = "whole"

    def routes(self) -> list[Route]:
        """What is answered here."""
        one = "/v1/P/cloudservers/(?P<server>[^/]+)"
        return [
            ("PUT", "/v1/P/cloudservers/os-reset-passwords", self._batch),
            ("PUT", f"{one}/os-reset-password", self._single),
            ("GET", f"{one}/os-resetpwd-flag", self._flag),
        ]

    async def _single(self, request: ApiRequest) -> Any:
        request.need(_ACTION)
        options = request.body["reset-password"]
        server = self._fleet.known(request.parts["server"])
        password = options["new_password"]
        if options.get("is_check_password", False):
            _refuse_weak(password, server)
        self._refuse(server, dry=False)
        await self._offer(server, password)
        return Reply(204)

    async def _batch(self, request: ApiRequest) -> Any:
        request.need(_ACTION)
        body = request.body
        dry, ids = body.get("dry_run", False), [entry["id"] for entry in body["servers"]]
        if not 1 <= len(ids) <= _SERVERS_A_CALL:
            raise ApiRefusalError(400, "Ecs.0118", f"The number of servers has to be 1 to {_SERVERS_A_CALL}.")
        if not dry and "new_password" not in body:
            raise ApiRefusalError(400, "Ecs.0005", "Invalid parameter: new_password is mandatory.")
        good: list[Server] = []
        bad: list[dict[str, str]] = []
        for one in ids:
            error = self._unfit(one, body.get("new_password"), dry=dry)
            if error is None:
                good.append(self._fleet.servers[one])
            else:
                bad.append({"id": one, "error_code": error.code, "error_message": str(error)})
        if bad and self.shape == "whole":
            raise ApiRefusalError(400, "Ecs.0611", "Failed to reset the passwords.", {"internalError": bad})
        if not dry:
            for server in good:
                await self._offer(server, body["new_password"])
        listed = [{"id": server.id} for server in good if server.reset != "unlisted"]
        if bad and self.shape == "partial_400":
            more = {"internalError": bad, "response": listed}
            raise ApiRefusalError(400, "Ecs.0611", "Failed to reset the passwords.", more)
        return {"response": listed, "internalError": bad} if bad else {"response": listed}

    async def _flag(self, request: ApiRequest) -> Any:
        request.need("ecs:cloudServers:showResetPasswordFlag")
        server = self._fleet.known(request.parts["server"])
        return {"resetpwd_flag": server.flag or str(await self._machines.flag(server.id))}

    def _unfit(self, server_id: str, password: str | None, *, dry: bool) -> ApiRefusalError | None:
        try:
            server = self._fleet.known(server_id)
            if password is not None:
                _refuse_weak(password, server)
            self._refuse(server, dry=dry)
        except ApiRefusalError as error:
            return error
        return None

    def _refuse(self, server: Server, *, dry: bool) -> None:
        refuse_unfit(server, _STATUSES)
        if server.reset == "no_agent" or (server.reset == "no_agent_unless_dry" and not dry):
            raise ApiRefusalError(400, "Ecs.0613", "The password reset plug-in is not installed.")

    async def _offer(self, server: Server, password: str) -> None:
        if server.reset == "silent":
            return
        try:
            await self._machines.offer(server.id, password)
        except MachineError as error:
            raise ApiRefusalError(400, "Ecs.0610", "Failed to reset the password.") from error


def _refuse_weak(password: str, server: Server) -> None:
    """Raises ApiRefusalError for a password that the batch page's rules do not allow."""
    system = server.metadata.get("os_type", server.system)
    user = _USERS.get(system, "root").lower()
    kinds: list[Callable[[str], bool]] = [str.isupper, str.islower, str.isdigit, _SPECIALS.__contains__]
    classes = sum(any(kind(letter) for letter in password) for kind in kinds)
    foreign = [c for c in password if not (c.isascii() and c.isalnum()) and c not in _SPECIALS]
    lower = password.lower()
    parts = {user[n : n + 3] for n in range(len(user) - 2)} if system == "Windows" else {user, user[::-1]}
    if not 8 <= len(password) <= 26 or classes < 3 or foreign or any(part in lower for part in parts):
        raise ApiRefusalError(400, "Ecs.0011", "The password complexity does not meet the requirements.")
