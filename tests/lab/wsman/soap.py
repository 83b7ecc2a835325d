"""Reading requests of WS-Management and writing answers."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError
from xml.sax.saxutils import escape, quoteattr

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from lab.wsman import faults
from lab.wsman.faults import Fault

NAMESPACES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "x": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "rsp": "http://schemas.microsoft.com/wbem/wsman/1/windows/shell",
    "p": "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd",
    "wsmid": "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd",
    "ps": "http://schemas.microsoft.com/powershell",
}
ANONYMOUS = f"{NAMESPACES['a']}/role/anonymous"
FAULT_ACTION = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
# What Windows has and allows by default (winrm get winrm/config: MaxEnvelopeSizekb, MaxTimeoutms).
MIN_ENVELOPE, MAX_ENVELOPE = 8 * 1024, 500 * 1024
OPERATION_SECONDS, MAX_OPERATION_SECONDS = 60.0, 1800.0

_DECLARATIONS = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", re.ASCII)


@dataclass(frozen=True)
class Request:
    """One request: its headers as far as they matter here, and its body's element."""

    action: str
    resource: str
    message_id: str
    shell_id: str
    options: Mapping[str, str]
    timeout: float
    max_envelope: int
    body: Element | None

    @property
    def verb(self) -> str:
        """The last word of the action: Create, Command, Receive, ..."""
        return self.action.rpartition("/")[2]

    def element(self, path: str) -> Element:
        """What the body must contain. Raises Fault."""
        found = None if self.body is None else find(self.body, path)
        if found is None:
            raise Fault(faults.BAD_MESSAGE, f"There is no {path}.")
        return found


def find(element: Element, path: str) -> Element | None:
    """The first element at a path like `rsp:Stream`."""
    return element.find(path, NAMESPACES)


def find_all(element: Element, path: str) -> Iterator[Element]:
    """All elements at such a path."""
    return element.iterfind(path, NAMESPACES)


def text(element: Element | None, path: str, default: str = "") -> str:
    """The text at a path."""
    found = None if element is None else find(element, path)
    return default if found is None else (found.text or "").strip()


def seconds(duration: str, default: float) -> float:
    """An XML Schema duration of days or less, in seconds. Raises Fault if it is none."""
    if not duration:
        return default
    match = _DURATION.fullmatch(duration)
    if match is None:
        raise Fault(faults.BAD_PARAMETER, f"{duration} is no duration.")
    days, hours, minutes, rest = (float(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def parse(document: bytes) -> Request:
    """Read an envelope. Raises Fault if it is not one."""
    try:
        envelope = fromstring(document)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Fault(faults.BAD_MESSAGE, str(error)) from error
    if envelope.tag != f"{{{NAMESPACES['s']}}}Envelope":
        raise Fault(faults.BAD_MESSAGE, "It is no SOAP 1.2 envelope.")
    header = find(envelope, "s:Header")
    body = find(envelope, "s:Body")
    selectors = _named(header, "w:SelectorSet/w:Selector")
    size = text(header, "w:MaxEnvelopeSize", str(MAX_ENVELOPE))
    if not size.isdecimal():
        raise Fault(faults.BAD_PARAMETER, f"{size} is no size of an envelope.")
    return Request(
        action=text(header, "a:Action"),
        resource=text(header, "w:ResourceURI"),
        message_id=text(header, "a:MessageID"),
        shell_id=selectors.get("SHELLID", ""),
        options=_named(header, "w:OptionSet/w:Option"),
        timeout=min(seconds(text(header, "w:OperationTimeout"), OPERATION_SECONDS), MAX_OPERATION_SECONDS),
        max_envelope=min(max(int(size), MIN_ENVELOPE), MAX_ENVELOPE),
        body=None if body is None else next(iter(body), None),
    )


def _named(header: Element | None, path: str) -> dict[str, str]:
    """Options and selectors: their names have no case."""
    elements = () if header is None else find_all(header, path)
    return {element.get("Name", "").upper(): (element.text or "").strip() for element in elements}


def answer(request: Request, body: str, action: str = "") -> bytes:
    """The envelope of an answer; a body is XML, with the prefixes of NAMESPACES."""
    return _envelope(action or f"{request.action}Response", request.message_id, body)


def fault(error: Fault, message_id: str = "") -> bytes:
    """The envelope of a fault."""
    kind, reason = error.kind, escape(str(error))
    body = (
        f"<s:Fault><s:Code><s:Value>{kind.whose}</s:Value><s:Subcode><s:Value>{kind.subcode}</s:Value></s:Subcode>"
        f'</s:Code><s:Reason><s:Text xml:lang="en-US">{reason}</s:Text></s:Reason><s:Detail>'
        f'<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="{kind.code}" '
        f'Machine="localhost"><f:Message>{reason}</f:Message></f:WSManFault></s:Detail></s:Fault>'
    )
    return _envelope(FAULT_ACTION, message_id, body)


def _envelope(action: str, relates_to: str, body: str) -> bytes:
    relation = f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo>" if relates_to else ""
    return (
        f'<s:Envelope xml:lang="en-US" {_DECLARATIONS}><s:Header><a:Action>{escape(action)}</a:Action>'
        f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID><a:To>{ANONYMOUS}</a:To>{relation}</s:Header>"
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def tag(name: str, content: str, **attributes: str) -> str:
    """An element; its content is text."""
    written = "".join(f" {key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{name}{written}>{escape(content)}</{name}>"


IDENTITY = (
    f'<s:Envelope xml:lang="en-US" {_DECLARATIONS}><s:Header/><s:Body><wsmid:IdentifyResponse>'
    "<wsmid:ProtocolVersion>http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd</wsmid:ProtocolVersion>"
    "<wsmid:ProductVendor>Microsoft Corporation</wsmid:ProductVendor>"
    "<wsmid:ProductVersion>OS: 0.0.0 SP: 0.0 Stack: 3.0</wsmid:ProductVersion>"
    "</wsmid:IdentifyResponse></s:Body></s:Envelope>"
).encode()
