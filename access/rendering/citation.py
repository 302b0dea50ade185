"""A capture as a line to put under a text: what was captured, when, from which address, its digest, its place.

In: the facts of a capture as `access.views.captures` gives them, the name and address of the archive. Out: plain
text in English, since it leaves the archive. Nothing in it needs the archive to be understood: the digest alone
shows whether a copy is the same bytes.
"""

from collections.abc import Mapping
from typing import Any

from access.rendering.formatting import format_time_utc
from storage.ledger.received_files import is_received_file


def citation(facts: Mapping[str, Any], *, title: str | None, archive: str, address: str) -> str:
    """One line; ``title`` is what the page is called, ``address`` the capture's own page in this archive."""
    capture = facts["capture"]
    when = format_time_utc(capture["captured_at"])
    digest = capture["payload_digest"] or capture["block_digest"]
    of_what = "payload" if capture["payload_digest"] else "record"
    parts = [
        f"“{title}”" if title else None,
        capture["url"],
        _when(facts, when),
        f"{of_what} {digest}",
        capture["id"],
        archive,
        address,
    ]
    return ", ".join(filter(None, parts)) + "."


def _when(facts: Mapping[str, Any], when: str) -> str:
    """Who says that it was captured then: the collector, or a file; a file from a person was only received."""
    capture, holding = facts["capture"], facts["holding"]
    origin = None if holding is None else holding["origin"]
    if is_received_file(capture["url"], capture["id"], origin):
        return f"received from a person, brought into the archive {when}"
    if holding is None or holding["origin"] == "crawl":
        return f"captured {when}"
    if holding["origin"] == "received":
        return f"captured {when}, according to a file received from a person"
    return f"captured {when}, according to an imported file"
