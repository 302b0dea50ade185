"""Keeps the frames of a WebSocket beside its handshake: one JSON object for each frame, in the order they passed.

An engine masks its frames (RFC 6455, section 5.1), and no text of HTTP looks masked: what is not masked goes to no
site, so that nothing an engine says to its proxy can leave after a switch.

What lasts is kept in parts. A very long frame is cut into several objects, of which the first alone reads its
head. Frames are kept as on the wire (base64), masks and compression included, with direction, moment and what
their head says. Source: RFC 6455, section 5.2.
"""

import asyncio
import base64
import json
import time
from typing import Literal

from crawlers.model.capture import Note, NoteKind
from crawlers.model.iso_time import time_text
from crawlers.recorder.open_exchange import Peer
from crawlers.recorder.session import Session, moment
from crawlers.recorder.writer_thread import MessageBuffer

LONGEST_FRAME_KEPT_WHOLE = 1 << 20
PART_SECONDS = 10.0
"""Frames of a connection that lasts are kept in parts: so much of them is lost at most."""
MOST_FRAMES = 1 << 15
"""Each costs a hundred times its two bytes to keep; a page that is looked at for minutes shows some thousands."""
MASKED = 0x80
NO_FRAME = "cut where the engine sent something else than a WebSocket frame"
MANY_FRAMES = f"cut after {MOST_FRAMES} frames"
Sender = Literal["engine", "site"]


class FrameKeeper:
    """The frames of one connection."""

    def __init__(self, session: Session, url: str, page_id: str | None) -> None:
        self._session = session
        self._url = url
        self._page_id = page_id
        self._buffer = MessageBuffer(session.writer.folder)
        self._pending: dict[Sender, bytearray] = {"engine": bytearray(), "site": bytearray()}
        self._rest_bytes: dict[Sender, int] = {"engine": 0, "site": 0}
        self._count = 0
        self._kept = 0
        self._part_began = asyncio.get_running_loop().time()
        self.problem: str | None = None
        """Why nothing more is to pass, as a sentence."""

    def from_engine(self, data: bytes) -> int:
        """Bytes the engine sent; returns how many may go to the site: those before a frame without mask."""
        return self._take("engine", data)

    def from_site(self, data: bytes) -> None:
        """Bytes the site sent."""
        self._take("site", data)

    def keep_if_due(self, now: float, peer: Peer) -> None:
        """Have kept what came in the last seconds, since a recorder that is killed takes the rest with it.

        ``now`` is the event loop's time.
        """
        if self._count == self._kept:
            self._part_began = now
        elif now - self._part_began >= PART_SECONDS:
            self._part_began = now
            self._keep_part(peer)

    def keep(self, peer: Peer, cut: str | None) -> None:
        """The connection has ended: have all frames kept; ``cut`` says why where neither side ended it."""
        for sender, pending in self._pending.items():
            if pending:
                self._write(sender, bytes(pending), None)
        if self._count > self._kept or self._kept == 0 or cut is not None:
            self._keep_part(peer, cut)

    def _keep_part(self, peer: Peer, cut: str | None = None) -> None:
        buffer, self._buffer = self._buffer, MessageBuffer(self._session.writer.folder)
        first, count, at = self._kept + 1, self._count, moment(time.time_ns())
        self._kept = count
        span = f"{count} frames" if first == 1 else f"frames {first} to {count}"

        def build() -> Note:
            return Note(
                kind=NoteKind.WEBSOCKET,
                page_id=self._page_id,
                url=self._url,
                at=at,
                reason=f"{span} after the handshake",
                details={
                    "first_frame": first,
                    "frames": count - first + 1,
                    "peer_ip": peer.ip,
                    "peer_port": peer.port,
                    "cut": cut,
                },
                content=buffer.content(),
                content_type="application/x-ndjson",
            )

        self._session.keep_note(build)

    def _take(self, sender: Sender, data: bytes) -> int:
        length_bytes = len(data)
        rest = self._rest_bytes[sender]
        if rest:
            self._write(sender, data[:rest], None)
            self._rest_bytes[sender] = max(0, rest - len(data))
            data = data[rest:]
        pending = self._pending[sender]
        pending += data
        while len(pending) >= 2:
            if sender == "engine" and not pending[1] & MASKED:
                self.problem = NO_FRAME
                refused = len(pending)
                pending.clear()
                return max(0, length_bytes - refused)
            if self._count >= MOST_FRAMES:
                self.problem = MANY_FRAMES
            length = len(pending) if self.problem else frame_length(pending)
            if length is None or (len(pending) < length and len(pending) <= LONGEST_FRAME_KEPT_WHOLE):
                break
            self._write(sender, bytes(pending[:length]), pending[0])
            self._rest_bytes[sender] = max(0, length - len(pending))
            del pending[:length]
        return length_bytes

    def _write(self, sender: Sender, frame: bytes, first: int | None) -> None:
        self._count += 1
        row = {
            "from": sender,
            "at": time_text(moment(time.time_ns())),
            "opcode": None if first is None else first & 0x0F,
            "final": None if first is None else bool(first & 0x80),
            "compressed": None if first is None else bool(first & 0x40),
            "frame_base64": base64.b64encode(frame).decode(),
        }
        line = json.dumps(row).encode() + b"\n"
        buffer = self._buffer
        self._session.writer.submit(lambda: buffer.add([line], []), len(line))


def frame_length(start: bytes | bytearray) -> int | None:
    """The length of the frame that begins here, its head included; None while too little of it is known."""
    if len(start) < 2:
        return None
    head, length = 2, start[1] & 0x7F
    if length >= 126:
        extended = 2 if length == 126 else 8
        if len(start) < 2 + extended:
            return None
        head, length = 2 + extended, int.from_bytes(start[2 : 2 + extended])
    return head + (4 if start[1] & 0x80 else 0) + length
