"""Captures as the CDXJ lines that pywb asks for.

In: captures. Out: one line each: key, second of the capture, JSON. The file of a capture is named by the slot and
its id, and always begins at 0: the gateway makes it when pywb asks (`access.replay.archived_record`). Source: pywb
manual, CDXJ; the names of its fields (read 2026-11, version 2.10).
"""

import json
import re
from collections.abc import Iterable
from datetime import datetime
from urllib.parse import quote

from storage.catalogue.captures import Capture

_WITHOUT_PATH = re.compile(r"https?://[^/?#]+(?=[?#]|$)", re.IGNORECASE)


def moment(at: datetime) -> str:
    """14 digits, to the second, as Wayback machines write it."""
    return f"{at:%Y%m%d%H%M%S}"


def replay_path(capture: Capture) -> str:
    """The capture's address below a capability, always with a path; what would end a path is escaped."""
    found = _WITHOUT_PATH.match(capture.url)
    url = capture.url if found is None else f"{found[0]}/{capture.url[found.end() :]}"
    return f"{moment(capture.captured_at)}mp_/{url.replace('#', '%23')}"


def index_lines(captures: Iterable[Capture], *, slot: str) -> str:
    """The lines, in the order of the captures."""
    return "".join(_line(capture, slot) for capture in captures)


def _line(capture: Capture, slot: str) -> str:
    fields = {
        "url": quote(capture.url, safe="!#$%&'()*+,/:;=?@[]~"),
        "mime": (capture.media_type or "unk").partition(";")[0].strip() or "unk",
        "status": str(capture.status or 200),
        "digest": str(capture.payload_digest or capture.block_digest).partition(":")[2],
        "length": "-",
        "offset": "0",
        "filename": f"{slot}/{quote(capture.id, safe='')}",
    }
    key = capture.surt.replace(" ", "%20").replace("\n", "%0A")
    return f"{key} {moment(capture.captured_at)} {json.dumps(fields)}\n"
