"""Bytes of a site that belong to no answer: sent before anything was asked, or after an answer was whole.

They reach no engine, since they could pass for the answer to its next request. The connection they came on serves
no further request; it is read on for a moment, so that the fact is kept with its bytes, and ended.
"""

import asyncio
import time
from typing import Final

from crawlers.model.capture import Note, NoteKind
from crawlers.recorder.session import Session, moment

MOST_UNREQUESTED_BYTES: Final = 1 << 20
UNREQUESTED_SECONDS: Final = 2.0
"""How long after the first such byte the connection is read."""


class UnrequestedBytes:
    """What one connection brought besides answers; ``after_url`` is what was answered last, None before that."""

    def __init__(self, session: Session, target_url: str, page_id: str | None, after_url: str | None) -> None:
        self._session = session
        self._target_url = target_url
        self._page_id = page_id
        self._after_url = after_url
        self._content = bytearray()
        self._until = asyncio.get_running_loop().time() + UNREQUESTED_SECONDS

    @property
    def is_full(self) -> bool:
        """Whether as much has come as is kept."""
        return len(self._content) >= MOST_UNREQUESTED_BYTES

    def is_over(self, now: float) -> bool:
        """Whether the connection was read long enough; ``now`` is the event loop's time."""
        return now >= self._until

    def add(self, data: bytes) -> None:
        """Take the next bytes."""
        self._content += data

    def keep(self) -> None:
        """The connection has ended: have kept what came, if anything did."""
        if not self._content:
            return
        kept = bytes(self._content[:MOST_UNREQUESTED_BYTES])
        when = "after the whole answer" if self._after_url else "before anything was asked"
        note = Note(
            kind=NoteKind.UNSOLICITED,
            page_id=self._page_id,
            url=f"{self._target_url}/",
            at=moment(time.time_ns()),
            reason=f"bytes that answer no request: the site sent them {when}",
            details={"after_url": self._after_url, "bytes": len(kept), "cut": len(kept) < len(self._content)},
            content=kept,
        )
        self._session.keep_note(lambda: note)
