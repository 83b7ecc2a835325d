"""An answer of the bucket: ranges and validators as object stores have them, and what faults make of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Send

from lab import faults
from lab.bucket_content import Content
from lab.faults import Fault

LAST_MODIFIED = "Mon, 10 Jan 2022 08:00:00 GMT"
CHUNK = 64 * 1024
TICK = 0.05

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True)
class Answer:
    """What is about to be sent."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None  # what Content-Length says, if not the truth
    cut: int | None = None  # the connection ends after so many bytes of the body
    rate: int | None = None  # bytes a second


def _error(status: int, code: str) -> Answer:
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code></Error>\n'
    return Answer(status, text.encode(), {"Content-Type": "application/xml"})


def _range(wanted: str, size: int) -> tuple[int, int] | None:
    """First and last byte of a single range; None if it cannot be satisfied. Raises ValueError if it is none."""
    found = _RANGE.fullmatch(wanted)
    if found is None or found.groups() == ("", ""):
        raise ValueError(wanted)
    first, last = found.groups()
    if not first:
        return (max(size - int(last), 0), size - 1) if int(last) else None
    if int(first) >= size:
        return None
    return int(first), min(int(last), size - 1) if last else size - 1


def _whole(request: Request, content: Content, ranges: bool) -> Answer:
    """The answer without faults, but for a server that knows no ranges."""
    headers = {"Content-Type": content.media_type, "ETag": content.etag, "Last-Modified": LAST_MODIFIED}
    whole = Answer(200, content.data, headers)
    if not ranges:
        return whole
    headers["Accept-Ranges"] = "bytes"
    condition = request.headers.get("if-range")
    if "range" not in request.headers or condition not in {None, content.etag, LAST_MODIFIED}:
        return whole
    size = len(content.data)
    try:
        part = _range(request.headers["range"], size)
    except ValueError:
        return whole  # a range in a form that is not understood is ignored (RFC 9110, 14.2)
    if part is None:
        return replace(_error(416, "InvalidRange"), headers={"Content-Range": f"bytes */{size}"})
    first, last = part
    return Answer(206, content.data[first : last + 1], {**headers, "Content-Range": f"bytes {first}-{last}/{size}"})


def apply(struck: Iterable[Fault], request: Request, content: Content | None) -> Answer:
    """The answer to a request for this content (None: there is none), after all the faults that struck it."""
    struck = list(struck)
    if content and any(isinstance(fault, faults.Replaced) for fault in struck):
        content = content.replaced()
    ranges = not any(isinstance(fault, faults.NoRanges) for fault in struck)
    answer = _whole(request, content, ranges) if content else _error(404, "NoSuchKey")
    for fault in struck:
        match fault:
            case faults.Status(code=code, text=text):
                answer = _error(code, text)
            case faults.Redirect(to=to):
                answer = Answer(302, b"", {"Location": to or str(request.url)})
            case faults.Cut(after=after):
                answer = replace(answer, cut=after)
            case faults.Throttle(bytes_per_second=rate):
                answer = replace(answer, rate=rate)
            case faults.WrongLength(by=by):
                length = max(len(answer.body) + by, 0)
                answer = replace(answer, length=length, body=answer.body[:length])
    return answer


class _Cuttable(StreamingResponse):
    """A response whose connection may end before its body does: the server closes it when the app just returns."""

    def __init__(self, answer: Answer, body: AsyncIterator[bytes], headers: dict[str, str]) -> None:
        super().__init__(body, answer.status, headers)
        self._complete = answer.cut is None and (answer.length or 0) <= len(answer.body)

    async def stream_response(self, send: Send) -> None:
        async def send_some(message: Message) -> None:
            last = message["type"] == "http.response.body" and not message.get("more_body")
            if self._complete or not last:
                await send(message)

        await super().stream_response(send_some)


async def _pieces(answer: Answer, sent: Callable[[int], None]) -> AsyncIterator[bytes]:
    data = answer.body if answer.cut is None else answer.body[: answer.cut]
    step = CHUNK if answer.rate is None else max(int(answer.rate * TICK), 1)
    for start in range(0, len(data), step):
        piece = data[start : start + step]
        yield piece
        sent(start + len(piece))
        if answer.rate is not None:
            await asyncio.sleep(len(piece) / answer.rate)


def send(answer: Answer, method: str, sent: Callable[[int], None]) -> Response:
    """The answer as a response; `sent` is told of the bytes of the body as they go out."""
    length = len(answer.body) if answer.length is None else answer.length
    headers = {**answer.headers, "Content-Length": str(length)}
    sent(0)
    if method == "HEAD":
        return Response(None, answer.status, headers)
    return _Cuttable(answer, _pieces(answer, sent), headers)
