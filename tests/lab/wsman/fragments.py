"""PSRP's fragments (MS-PSRP 2.2.4), as far as one must look into them: where a pipeline ends."""

from __future__ import annotations

import base64
import struct

PIPELINE_STATE = 0x00041006
START, END = 1, 2
# Object id, fragment id, flags, length of the rest; then, in a message's first fragment, destination and type.
_FRAGMENT = struct.Struct(">QQBI")
_MESSAGE = struct.Struct("<II")


class EndOfPipeline:
    """Watches a pipeline's fragments for the whole of the message that says how it ended."""

    def __init__(self) -> None:
        self._type = 0

    def reached(self, encoded: str) -> bool:
        """Is the message complete with these fragments, which are base64?"""
        data, ended = base64.b64decode(encoded), False
        while len(data) >= _FRAGMENT.size:
            _object, _fragment, flags, length = _FRAGMENT.unpack_from(data)
            if flags & START:
                _destination, self._type = _MESSAGE.unpack_from(data, _FRAGMENT.size)
            ended = ended or (bool(flags & END) and self._type == PIPELINE_STATE)
            data = data[_FRAGMENT.size + length :]
        return ended
