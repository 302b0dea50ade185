"""A capture as a line to put under a text: what was captured, when, from which address, its digest, its place.

In: the facts of a capture as `access.views.captures` gives them, the name and address of the archive. Out: plain
text in English, since it leaves the archive. Nothing in it needs the archive to be understood: the digest alone
shows whether a copy is the same bytes.
"""

from collections.abc import Mapping
from typing import Any

from access.rendering.formatting import format_time_utc


def citation(facts: Mapping[str, Any], *, title: str | None, archive: str, address: str) -> str:
    """One line; ``title`` is what the page is called, ``address`` the capture's own page in this archive."""
    capture = facts["capture"]
    holding = facts["holding"]
    imported = holding is not None and holding["origin"] != "crawl"
    when = format_time_utc(capture["captured_at"])
    digest = capture["payload_digest"] or capture["block_digest"]
    of_what = "payload" if capture["payload_digest"] else "record"
    parts = [
        f"“{title}”" if title else None,
        capture["url"],
        f"captured {when}, according to an imported file" if imported else f"captured {when}",
        f"{of_what} {digest}",
        capture["id"],
        archive,
        address,
    ]
    return ", ".join(filter(None, parts)) + "."
