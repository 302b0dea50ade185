"""Which media look alike: each match with what its distance means, what matched, and where and when it was seen.

In: the archive, the digest of a medium or the reading of a file in hand, whom the answer is for. Out: JSON-ready
rows of kind ``similar`` (architecture section 7), the nearest first; media of which the viewer may see no capture
are left out. ``matched`` says how the medium asked about must be turned to match the one found.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from access.views.safe_images import PICTURE_TYPES
from processors.digest import Digest
from processors.fingerprints.orientation import BACK
from processors.media.frame_rendering import can_draw
from processors.media.media_type import MediaFingerprints
from processors.similarity.clustering import MediaLink
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.catalogue.captures import Capture
from storage.ledger.access_log import log_access
from storage.ledger.judgements import AnalystVerdict, verdicts_on
from storage.similarity.compare import FingerprintedMedium, similar_to
from storage.similarity.media import links_of, medium, occurrences_of

BITS: Final = {"phash": 64, "pdq": 256, "vpdq": 256, "regions": 63}
SHOWN_PAIRS: Final = 6
"""Pairs of matched frames that a page draws for one reason."""

OF_ONE_REASON: Final = (
    "algorithm",
    "distance",
    "of_bits",
    "meaning",
    "quality",
    "matched",
    "share_asked",
    "share_found",
)


def similar_media(archive: Archive, own: Digest, *, viewer: Viewer = EVERYONE) -> Iterator[dict[str, Any]]:
    """Media linked to one of the archive's own."""
    with archive.reader.connect() as connection:
        links = links_of(connection, own)
    yield from _rows(archive, own, links, file=None, viewer=viewer)


def similar_to_reading(
    archive: Archive, reading: MediaFingerprints, *, file: str, viewer: Viewer = EVERYONE
) -> Iterator[dict[str, Any]]:
    """Media like a file in hand, which need not be in the archive; the very same bytes come first."""
    log_access(archive, actor=viewer.name, action="compared", subject_id=str(reading.sha256))
    with archive.reader.connect() as connection:
        links = similar_to(connection, FingerprintedMedium(reading.sha256, reading.hashes), archive.hash_folder)
        same = tuple(occurrences_of(connection, reading.sha256, viewer=viewer))
    if same:
        alike = {"algorithm": "sha256", "distance": 0, "meaning": "the same file, byte for byte"}
        yield {**_occurrence_row(file, reading.sha256, same, reading.media_type), **WITHOUT_LINK, **alike}
    yield from _rows(archive, reading.sha256, links, file=file, viewer=viewer)


def by_medium(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows as one per medium, the nearest first, with ``reasons``: each thing that makes it alike.

    Of matched frames those that a page draws, spread over all that are named; ``named`` says how many those are.
    """
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        medium_row = found.setdefault(row["sha256"], {**row, "reasons": []})
        reason = {name: row[name] for name in OF_ONE_REASON}
        medium_row["reasons"].append({**reason, "frames": _some(row["frames"]), "named": len(row["frames"])})
    return list(found.values())


def _some(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As many as a page draws, the first and the last among them."""
    if len(frames) <= SHOWN_PAIRS:
        return frames
    last = len(frames) - 1
    return [frames[place * last // (SHOWN_PAIRS - 1)] for place in range(SHOWN_PAIRS)]


def verdict_row(verdict: AnalystVerdict, own: Digest) -> dict[str, Any]:
    """A verdict as a page or program reads it, from the side of one medium."""
    return {
        "kind": "judgement",
        "id": verdict.id,
        "other": str(verdict.b if verdict.a == own else verdict.a),
        "verdict": str(verdict.verdict),
        "reason": verdict.reason,
        "author": verdict.author,
        "at": verdict.at,
    }


WITHOUT_LINK: Final[dict[str, Any]] = {
    "of_bits": None,
    "quality": None,
    "matched": None,
    "share_asked": None,
    "share_found": None,
    "frames": [],
    "judged": None,
}


def _rows(
    archive: Archive, own: Digest, links: Iterable[MediaLink], *, file: str | None, viewer: Viewer
) -> Iterator[dict[str, Any]]:
    with archive.reader.connect() as connection:
        judged = {each.b if each.a == own else each.a: each for each in verdicts_on(connection, own)}
    for link in links:
        other = link.b if link.a == own else link.a
        with archive.reader.connect() as connection:
            captures = tuple(occurrences_of(connection, other, viewer=viewer))
            known = medium(connection, other)
        if not captures:
            continue
        verdict = judged.get(other)
        yield {
            **_occurrence_row(file, other, captures, None if known is None else known.media_type),
            **_match_row(link, own),
            "judged": None if verdict is None else verdict_row(verdict, own),
        }


def _match_row(link: MediaLink, own: Digest) -> dict[str, Any]:
    """What a link states, from the side of the medium asked about."""
    first = link.a == own
    turned, comma, rest = link.matched.partition(",")
    shares = (link.share_a, link.share_b) if first else (link.share_b, link.share_a)
    frames = (pair if first else (pair[1], pair[0], pair[2]) for pair in link.frames)
    return {
        "algorithm": link.algorithm,
        "distance": link.distance_bits,
        "of_bits": BITS.get(link.algorithm),
        "meaning": link.meaning,
        "quality": link.quality,
        "matched": (turned if first else BACK.get(turned, turned)) + comma + rest,
        "share_asked": shares[0],
        "share_found": shares[1],
        "frames": [{"asked_s": here, "found_s": there, "distance": apart} for here, there, apart in frames],
    }


def _occurrence_row(
    file: str | None, sha256: Digest, captures: tuple[Capture, ...], media_type: str | None
) -> dict[str, Any]:
    """Where and when a medium was captured, the first time first."""
    occurrences = [
        {
            "capture_id": capture.id,
            "captured_at": capture.captured_at,
            "url": capture.url,
            "source": capture.source_id,
        }
        for capture in captures
    ]
    return {
        "kind": "similar",
        "file": file,
        "sha256": str(sha256),
        "media_type": media_type,
        "picture": media_type in PICTURE_TYPES,
        "drawable": can_draw(media_type),
        "capture_ids": [capture.id for capture in captures],
        "first_seen": occurrences[0],
        "occurrences": occurrences,
    }
