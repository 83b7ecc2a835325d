from __future__ import annotations

import pytest
from defusedxml import ElementTree

from lab.wsman import faults, soap
from lab.wsman.faults import Fault

S, RSP = soap.NAMESPACES["s"], soap.NAMESPACES["rsp"]
RECEIVE = f"""<?xml version="1.0" encoding="utf-8"?>
<env:Envelope xmlns:env="{S}" xmlns:a="{soap.NAMESPACES["a"]}" xmlns:w="{soap.NAMESPACES["w"]}" xmlns:r="{RSP}">
<env:Header><a:Action>{RSP}/Receive</a:Action><a:MessageID>uuid:1</a:MessageID>
<w:ResourceURI>{RSP}/cmd</w:ResourceURI><w:OperationTimeout>PT1M1.5S</w:OperationTimeout>
<w:MaxEnvelopeSize>153600</w:MaxEnvelopeSize><w:SelectorSet><w:Selector Name="shellid">ABC</w:Selector></w:SelectorSet>
<w:OptionSet><w:Option Name="winrs_codepage"> 65001 </w:Option></w:OptionSet></env:Header>
<env:Body><r:Receive><r:DesiredStream CommandId="7">stdout</r:DesiredStream></r:Receive></env:Body></env:Envelope>"""


def test_request_is_read() -> None:
    request = soap.parse(RECEIVE.encode())
    assert (request.verb, request.resource, request.message_id) == ("Receive", f"{RSP}/cmd", "uuid:1")
    assert (request.shell_id, request.options, request.timeout) == ("ABC", {"WINRS_CODEPAGE": "65001"}, 61.5)
    assert request.max_envelope == 153600
    assert request.element("rsp:DesiredStream").get("CommandId") == "7"


@pytest.mark.parametrize(("said", "used"), [("1", 8192), ("100000", 100000), ("9999999", 512000)])
def test_size_of_envelopes_has_bounds(said: str, used: int) -> None:
    assert soap.parse(RECEIVE.replace("153600", said).encode()).max_envelope == used


BOMB = f'<!DOCTYPE x [<!ENTITY a "b">]><s:Envelope xmlns:s="{S}">&a;</s:Envelope>'


@pytest.mark.parametrize("text", ["", "hello", "<a/>", RECEIVE.replace(S, "urn:x"), BOMB, RECEIVE[:-5]])
def test_what_is_no_envelope(text: str) -> None:
    with pytest.raises(Fault) as caught:
        soap.parse(text.encode())
    assert caught.value.kind is faults.BAD_MESSAGE


def test_missing_part_is_named() -> None:
    request = soap.parse(RECEIVE.replace("DesiredStream", "Other").encode())
    with pytest.raises(Fault, match="There is no rsp:DesiredStream"):
        request.element("rsp:DesiredStream")


@pytest.mark.parametrize(
    ("text", "value"),
    [("", 9.0), ("PT5S", 5.0), ("PT0.5S", 0.5), ("PT2H", 7200.0), ("P1DT1M", 86460.0), ("PT7200.000S", 7200.0)],
)
def test_durations(text: str, value: float) -> None:
    assert soap.seconds(text, 9.0) == value


@pytest.mark.parametrize("text", ["5", "PT5", "P1Y", "-PT5S", "PT-5S"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(Fault) as caught:
        soap.seconds(text, 9.0)
    assert caught.value.kind is faults.BAD_PARAMETER


def test_answer_belongs_to_its_request() -> None:
    request = soap.parse(RECEIVE.encode())
    envelope = ElementTree.fromstring(soap.answer(request, soap.tag("rsp:Owner", "a<b", Name='"')))
    assert envelope.findtext("s:Header/a:RelatesTo", namespaces=soap.NAMESPACES) == "uuid:1"
    assert envelope.findtext("s:Header/a:Action", namespaces=soap.NAMESPACES) == f"{RSP}/ReceiveResponse"
    owner = envelope.find("s:Body/rsp:Owner", soap.NAMESPACES)
    assert owner is not None
    assert (owner.text, owner.get("Name")) == ("a<b", '"')


def test_fault_is_written_as_windows_does() -> None:
    envelope = ElementTree.fromstring(soap.fault(Fault(faults.TIMED_OUT, "<5 s>"), "uuid:2"))
    body = envelope.find("s:Body/s:Fault", soap.NAMESPACES)
    assert body is not None
    assert body.findtext("s:Code/s:Value", namespaces=soap.NAMESPACES) == "s:Receiver"
    assert body.findtext("s:Code/s:Subcode/s:Value", namespaces=soap.NAMESPACES) == "w:TimedOut"
    detail = body.find("s:Detail/*", soap.NAMESPACES)
    assert detail is not None
    assert detail.get("Code") == "2150858793"
    assert (body.findtext("s:Reason/s:Text", namespaces=soap.NAMESPACES) or "").endswith("OperationTimeout. <5 s>")
