"""What all connections of one crawl's recorder share: its limits and counts, its egress, its writer."""

import asyncio
import base64
import ssl
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from crawlers.model.capture import Captured, Note, NoteKind
from crawlers.model.exchange import Exchange
from crawlers.model.job import CrawlLimits
from crawlers.recorder.certificates import CertificateAuthority
from crawlers.recorder.direct_routes import DirectRoutes
from crawlers.recorder.egress import Egress
from crawlers.recorder.writer_thread import WriterThread
from processors.pages.outcome import Outcome

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(nanoseconds: int) -> datetime:
    """Aware UTC from ``time.time_ns``, exact to the microsecond."""
    return EPOCH + timedelta(microseconds=nanoseconds // 1000)


@dataclass(slots=True)
class Totals:
    """What a recorder has seen so far. ``bytes`` counts response bytes as on the wire."""

    exchanges: int = 0
    bytes: int = 0
    truncated: int = 0
    refused: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)


class LiveConnection(Protocol):
    """A connection that is under way, as the session needs it."""

    def check_timeouts(self, now: float) -> None:
        """End what has lasted too long; ``now`` is the event loop's time."""
        ...

    def pause_reading(self) -> None:
        """Stop reading from the site for a while."""
        ...

    def resume_reading(self) -> None:
        """Read again."""
        ...

    def abandon(self, reason: str) -> None:
        """End at once, keeping what has come."""
        ...


@dataclass(slots=True)
class Session:
    """The shared state of one recorder; lives in its event loop."""

    crawl_id: str
    limits: CrawlLimits
    password: str
    proof_key: str
    egress: Egress
    authority: CertificateAuthority
    verifying: ssl.SSLContext
    lenient: ssl.SSLContext | None
    writer: WriterThread
    on_change: Callable[[Totals], None] | None = None
    direct: DirectRoutes | None = None
    """None: no TLS passes that the recorder does not read."""
    totals: Totals = field(default_factory=Totals)
    began: float = field(default_factory=time.monotonic)
    live: set[LiveConnection] = field(default_factory=set)
    ended: bool = False
    _reading_paused: bool = False

    def bytes_left(self) -> int | None:
        """How many response bytes the crawl may still take; None is no limit."""
        return None if self.limits.bytes is None else max(0, self.limits.bytes - self.totals.bytes)

    def allowed(self, length: int, received: int | None) -> int:
        """How many of ``length`` more bytes the limits leave; ``received`` bytes of this response have come."""
        left = self.bytes_left()
        allowed = length if left is None else min(length, left)
        most = self.limits.exchange_bytes
        return allowed if most is None or received is None else min(allowed, max(0, most - received))

    def time_over(self) -> str | None:
        """That the crawl's time is over, as a sentence; None while it is not."""
        seconds = self.limits.seconds
        over = seconds is not None and time.monotonic() - self.began >= seconds
        return f"cut when the crawl's {seconds:g} s were over" if over else None

    def limit_reached(self) -> str | None:
        """Which limit of the crawl is reached, as a sentence; None while it may go on."""
        limits = self.limits
        if self.ended:
            return "the crawl has ended"
        if limits.bytes is not None and self.totals.bytes >= limits.bytes:
            return f"the crawl's limit of {limits.bytes} bytes is reached"
        if limits.seconds is not None and time.monotonic() - self.began >= limits.seconds:
            return f"the crawl's limit of {limits.seconds:g} seconds is reached"
        return None

    def keep_exchange(self, build: Callable[[], Exchange], cost_bytes: int, *, truncated: bool) -> None:
        """Have the writer build and keep an exchange."""
        self.totals.exchanges += 1
        self.totals.truncated += truncated
        writer = self.writer
        writer.submit(lambda: writer.keep(build()), cost_bytes)
        self._changed()

    async def keep_reported(self, item: Captured) -> None:
        """Keep what the engine hands over, after all that was seen before; raises what keeping raised.

        For direct mode, where requests and their failures are counted here as the recorder counts its own.
        """
        if isinstance(item, Exchange):
            self.totals.exchanges += 1
            self.totals.truncated += item.truncated is not None
        elif isinstance(item, Note) and item.kind is NoteKind.NO_RESPONSE and item.outcome is not None:
            self.totals.outcomes[item.outcome.value] += 1
            self.totals.refused += item.outcome is Outcome.REFUSED_BY_POLICY
        await self.writer.keep_async(item)
        self._changed()

    def keep_note(self, build: Callable[[], Note], outcome: Outcome | None = None) -> None:
        """Have the writer build and keep a note; counts its outcome."""
        if outcome is not None:
            self.totals.outcomes[outcome.value] += 1
            self.totals.refused += outcome is Outcome.REFUSED_BY_POLICY
        writer = self.writer
        writer.submit(lambda: writer.keep(build()), 0)
        self._changed()

    def note_no_response(
        self,
        *,
        url: str,
        page_id: str | None,
        reason: str,
        outcome: Outcome | None,
        request: bytes | None,
        interim: tuple[bytes, ...] = (),
    ) -> None:
        """Keep why a request got no response; no outcome where the site was not to blame."""
        details = {"interim_base64": [base64.b64encode(each).decode() for each in interim]} if interim else {}
        at = moment(time.time_ns())
        note = Note(
            NoteKind.NO_RESPONSE, page_id, url, at, reason, outcome=outcome, details=details, request=request
        )
        self.keep_note(lambda: note, outcome)

    def check_room(self, reading: LiveConnection) -> None:
        """Stop reading from sites while too much waits to be kept; ``reading`` has just given more."""
        if not self.writer.is_saturated:
            return
        if self._reading_paused:
            reading.pause_reading()  # it came after the others were stopped
            return
        self._reading_paused = True
        for each in self.live:
            each.pause_reading()
        self.writer.call_on_room(self._resume_reading)

    def check_timeouts(self) -> None:
        """Look after all connections."""
        now = asyncio.get_running_loop().time()
        for each in tuple(self.live):
            each.check_timeouts(now)

    def _resume_reading(self) -> None:
        self._reading_paused = False
        for each in tuple(self.live):
            each.resume_reading()

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change(self.totals)
