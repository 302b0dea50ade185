"""Frames of archived videos, and stills that no browser draws, as pictures of our own making for a page of ours.

In: a capture and times, or a file in hand. Out: JPEG that `processors.media.thumbnails` encoded from a confined
decoder's bare pixels; nothing of the archived file itself. Each look at a capture stands in the access log first.
A few hundred frames are remembered in memory, none on disk; two are decoded at once, others wait.
"""

import base64
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from access.views.captures import ArchivedBytes, logged_capture
from access.views.safe_images import PICTURE_TYPES, payload_of
from processors.media.media_type import MediaFingerprints
from processors.media.thumbnails import FRAMES_AT_ONCE, draw
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.catalogue.revisits import payload_capture
from storage.deposit.record_reader import BLOCK_LIMIT_BYTES

MOST_REMEMBERED: Final = 300
AT_ONCE: Final = 2
SHOWN_LIMIT_BYTES: Final = 8 << 20


class FrameCache:
    """Draws frames, and remembers those drawn last; for any number of threads."""

    def __init__(self) -> None:
        self._remembered: OrderedDict[tuple[str, int], bytes] = OrderedDict()
        self._lock = threading.Lock()
        self._slots = threading.Semaphore(AT_ONCE)

    def frame(
        self, archive: Archive, capture_id: str, at_ms: int, *, viewer: Viewer = EVERYONE
    ) -> ArchivedBytes | None:
        """What the captured medium shows at this time; None where it shows nothing that the viewer may see."""
        capture = logged_capture(archive, capture_id, viewer, "shown")
        if capture is None:
            return None
        with archive.reader.connect() as connection:
            holder = payload_capture(connection, capture, viewer=viewer)
        if holder is None:
            return None
        drawn = self._recalled(holder.id, at_ms)
        if drawn is None:
            with self._slots:
                content = payload_of(archive, holder, BLOCK_LIMIT_BYTES)
                drawn = None if content is None else draw(content, [at_ms])[0]
            self._remember(holder.id, at_ms, drawn)
        if drawn is None:
            return None
        name = f"{capture.id.removeprefix('urn:uuid:')}-{at_ms}.jpg"
        return ArchivedBytes((drawn,), len(drawn), "image/jpeg", name)

    def _recalled(self, holder: str, at_ms: int) -> bytes | None:
        with self._lock:
            if (holder, at_ms) in self._remembered:
                self._remembered.move_to_end((holder, at_ms))
            return self._remembered.get((holder, at_ms))

    def _remember(self, holder: str, at_ms: int, drawn: bytes | None) -> None:
        if drawn is None:
            return
        with self._lock:
            self._remembered[holder, at_ms] = drawn
            while len(self._remembered) > MOST_REMEMBERED:
                self._remembered.popitem(last=False)


def frame_path(capture_id: str, at_s: float | None) -> str:
    """The path of that frame, below the prefix under which it is mounted."""
    return f"/capture/{quote(capture_id, safe='')}/frame?at_ms={round((at_s or 0) * 1000)}"


def picture_path(capture_id: str) -> str:
    """The path of the captured picture itself."""
    return f"/capture/{quote(capture_id, safe='')}/picture"


def medium_path(medium: Mapping[str, Any], capture_id: str) -> str | None:
    """Where a medium is drawn as a whole: itself, or of a video a frame from the end of its first third."""
    if medium["picture"]:
        return picture_path(capture_id)
    return frame_path(capture_id, (medium.get("duration_s") or 0) / 3) if medium["drawable"] else None


def frames_of_upload(
    content: bytes, reading: MediaFingerprints, similar: Iterable[Mapping[str, Any]]
) -> dict[float, str]:
    """Of a file in hand, the frames that matched, by their seconds, as parts of the page; of a still, at 0."""
    if reading.refused is not None:
        return {}
    if reading.media_type in PICTURE_TYPES and len(content) <= SHOWN_LIMIT_BYTES:
        whole = {0.0: _inline(reading.media_type, content)}
    else:
        whole = {}
    times = {pair["asked_s"] or 0.0 for medium in similar for pair in pairs_shown(medium)}
    wanted = sorted((times | {0.0}) - set(whole))[:FRAMES_AT_ONCE]
    drawn = draw(content, [round(at * 1000) for at in wanted])
    return whole | {at: _inline("image/jpeg", jpeg) for at, jpeg in zip(wanted, drawn, strict=True) if jpeg}


def _inline(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def pairs_shown(medium: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The matched frames of one medium found."""
    for reason in medium["reasons"]:
        yield from reason["frames"]


def attach_frames(
    similar: Iterable[Mapping[str, Any]], own_image: Callable[[float | None], str | None], base: str
) -> list[dict[str, Any]]:
    """Media found, with the images shown side by side, and for each reason the ``pairs`` of frames.

    ``own_image`` gives the address of what was compared at a time in seconds, at None as a whole. Of each match,
    ``own_image`` and ``match_image`` are addresses, or None; where frames match, the first pair stands for both.
    """
    found = []
    for medium in similar:
        reasons = [
            {**reason, "pairs": [_pair(medium, reason, frames, own_image, base) for frames in reason["frames"]]}
            for reason in medium["reasons"]
        ]
        first = next((pair for reason in reasons for pair in reason["pairs"]), None)
        whole = medium_path(medium, medium["capture_ids"][0])
        found.append(
            {
                **medium,
                "reasons": reasons,
                "own_image": first["own_image"] if first else own_image(None),
                "match_image": first["match_image"] if first else whole and base + whole,
            }
        )
    return found


def _pair(
    medium: Mapping[str, Any],
    reason: Mapping[str, Any],
    frames: Mapping[str, Any],
    own_image: Callable[[float | None], str | None],
    base: str,
) -> dict[str, Any]:
    at_s, capture_id = frames["found_s"], medium["capture_ids"][0]
    path = medium_path(medium, capture_id) if at_s is None else frame_path(capture_id, at_s)
    return {
        **frames,
        "of_bits": reason["of_bits"],
        "own_image": own_image(frames["asked_s"]),
        "match_image": None if path is None else base + path,
    }
