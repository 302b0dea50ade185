"""An exchange as a browser reports it, where no recorder stood between it and the site (direct mode).

The browser's part of a crawl makes it, the recorder's process keeps it as an ``Exchange`` of the fidelity
``browser``. Nothing in it is claimed to be a byte of the wire: the heads are put together from names and values
that the browser reports, and the entity has its codings removed.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class BrowserExchange:
    """One request and its response.

    The heads end with their empty line. ``response_body`` is None where the browser gives none, and
    ``body_missing`` says why. ``left_out`` are fields of the response whose codings the browser removed.
    ``protocol`` is its own word (``h2``), empty where it reports none; ``tls`` its words for version and cipher,
    None where it says nothing of them. Times are aware UTC, of the browser's events.
    """

    page_id: str
    url: str
    request_head: bytes
    request_body: bytes
    response_head: bytes
    response_body: bytes | None
    status: int
    protocol: str
    started_at: datetime
    first_byte_at: datetime
    ended_at: datetime
    tls: tuple[str, str] | None = None
    left_out: tuple[tuple[str, str], ...] = ()
    body_missing: str | None = None
    problem: str | None = None
