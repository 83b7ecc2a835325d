"""What Windows answers when it does not do what was asked: SOAP faults, by their codes in wsmerror.h and winerror.h."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A fault as it is written: whose it is, the subcode of DMTF or Microsoft, the number, the sentence."""

    whose: str
    subcode: str
    code: int
    reason: str


ACCESS_DENIED = Kind("s:Sender", "w:AccessDenied", 5, "Access is denied.")
BAD_PARAMETER = Kind("s:Sender", "w:InvalidParameter", 87, "The parameter is incorrect.")
BAD_MESSAGE = Kind(
    "s:Sender",
    "w:SchemaValidationError",
    2150858817,
    "The SOAP XML in the message does not match the corresponding XML schema definition.",
)
NO_ACTION = Kind(
    "s:Sender",
    "a:ActionNotSupported",
    2150858753,
    "The WS-Management service cannot process the request. The WS-Addressing action URI is invalid.",
)
NO_RESOURCE = Kind(
    "s:Sender",
    "a:DestinationUnreachable",
    2150858811,
    "The WS-Management service cannot process the request. The resource URI is missing or it has an incorrect format.",
)
NO_SHELL = Kind(
    "s:Sender",
    "w:InvalidSelectors",
    2150858843,
    "The request for the Windows Remote Shell failed because the shell was not found on the server. Possible causes "
    "are: the specified ShellId is incorrect or the shell no longer exists on the server.",
)
NOT_SUPPORTED = Kind(
    "s:Sender",
    "w:UnsupportedFeature",
    2150858818,
    "The WS-Management service does not support the specified feature.",
)
TIMED_OUT = Kind(
    "s:Receiver",
    "w:TimedOut",
    2150858793,
    "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.",
)
PIPE_ENDED = Kind("s:Receiver", "w:InternalError", 109, "The pipe has been ended.")
ABORTED = Kind(
    "s:Receiver",
    "w:InternalError",
    995,
    "The I/O operation has been aborted because of either a thread exit or an application request.",
)
NOT_READY = Kind("s:Receiver", "w:InternalError", 21, "The device is not ready.")


class Fault(Exception):  # noqa: N818 - it is what SOAP calls it
    """The answer to a request that is not done."""

    def __init__(self, kind: Kind, detail: str = "") -> None:
        super().__init__(f"{kind.reason} {detail}".rstrip())
        self.kind = kind
