"""What the recorder noted about an exchange besides its bytes: times, peer, TLS of that same socket.

In: a capture. Out: the facts as JSON values, None where the file has none (files of other tools, failures). They
are in a ``metadata`` record after the response and its request (`storage.warc.records`), and are read from
there, never copied.
"""

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

from storage.archive import Archive
from storage.catalogue.captures import Capture
from storage.warc.headers import bare_uri
from storage.warc.reader import WarcReader

RECORDS_BEHIND: Final = 2
"""The request, then the facts."""

FACTS_LIMIT_BYTES: Final = 1 << 20


def exchange_facts(archive: Archive, capture: Capture) -> Mapping[str, Any] | None:
    """Read the record; raises `StorageError` where the store does not give the file."""
    made_elsewhere = capture.id != capture.record_id
    if made_elsewhere or capture.record_type not in ("response", "revisit"):
        return None
    behind = capture.offset_bytes + capture.length_bytes
    with archive.objects.open(capture.warc_key, capture.object_version) as stream:
        stream.seek(behind)
        reader = WarcReader(stream, capture.warc_key, base_offset=behind)
        for _ in range(RECORDS_BEHIND):
            head = reader.next_record()
            if head is None:
                return None
            if head.record_type == "metadata" and _belongs_to(head.value("WARC-Concurrent-To"), capture):
                block = b"".join(reader.block())
                return _read(block) if len(block) <= FACTS_LIMIT_BYTES else None
            reader.end_record()
    return None


def interim_answers(facts: Mapping[str, Any] | None) -> list[str]:
    """The interim responses (1xx) that came before the final response; empty lines between them are left out."""
    encoded = None if facts is None else facts.get("interim_base64")
    if not isinstance(encoded, list):
        return []
    try:
        texts = [base64.b64decode(each).decode("latin-1").strip() for each in encoded]
    except (TypeError, ValueError):
        return []  # not as our recorder writes them
    return [text.replace("\r\n", "\n") for text in texts if text]


def _belongs_to(concurrent_to: str | None, capture: Capture) -> bool:
    return concurrent_to is not None and bare_uri(concurrent_to) == bare_uri(capture.record_id)


def _read(block: bytes) -> Mapping[str, Any] | None:
    try:
        facts = json.loads(block)
    except ValueError:
        return None  # another tool's metadata
    return facts if isinstance(facts, dict) and facts.get("kind") == "exchange" else None
