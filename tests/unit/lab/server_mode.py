"""As much of `powershell -ServerMode` as tests need: it acknowledges all, and sends a pipeline's data back to it.

`fail` in a pipeline's data ends the program with a word to standard error.
"""

from __future__ import annotations

import base64
import re
import sys

ELEMENT = re.compile(r"<(\w+)(?: Stream='(\w+)')? PSGuid='([^']+)' ?(?:/>|>(.*)</\1>)")


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


for line in sys.stdin:
    found = ELEMENT.fullmatch(line.strip())
    if found is None:
        sys.exit(f"no element: {line}")
    what, stream, guid, data = found.groups()
    if b"fail" in base64.b64decode(data or ""):
        sys.exit("the engine is broken")
    if what == "Data":
        say(f"<Data Stream='{stream}' PSGuid='{guid}'>{data}</Data>")
    say(f"<{what}Ack PSGuid='{guid}' />")
    if what == "Close" and set(guid) <= set("0-"):
        break
