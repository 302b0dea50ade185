"""Pictures that share a part: candidates by regions that look alike, judged by whether they lie alike.

A video stands for the few frames whose regions were kept. It is linked to a still of which one of those frames
shows a part, and to a video where that is so for at least half of the kept frames of one of both.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processors.digest import Digest
from processors.fingerprints.orientation import BACK, ORIENTATIONS
from processors.fingerprints.regions import Regions, read
from processors.fingerprints.video_regions import read_frame_regions
from processors.similarity.clustering import MediaLink, describe_distance
from processors.similarity.index import FingerprintTable, Hashes, Index
from processors.similarity.index_rows import STILL_MS, is_low_information
from processors.similarity.region_alignment import Overlap, overlap, turned_bits

ALGORITHM = "regions"
TABLE = "regions/2"
WITHIN_BITS = 10
"""Of 63; distances are even, and up to 11 the join costs the same."""

LEAST_ALIKE = 3
"""Alike regions that make two pictures worth judging: 2,931 of 2,950 edits have them (2026-11-27)."""

LEAST_SHARE = 0.5

Pair = tuple[Digest, Digest]
Frames = tuple[int, int]
"""Times in milliseconds of one frame each, ``STILL_MS`` for a still."""

Turned = tuple[Frames, str]
"""Frames, and by what name of an orientation the first must be turned."""

SHOWN_FRAMES = 12
"""Pairs of frames that a link names."""

FRAMES_OF_FILE = 1 << 32
"""Times that a frame can have."""

_BY_NAME = {orientation.name: orientation for orientation in ORIENTATIONS}


def alike_parts(queried: FingerprintTable, names: list[Digest], index: Index) -> dict[Pair, set[Turned]]:
    """Pictures, by file and frame, that have enough alike regions in one orientation."""
    found: dict[Pair, set[Turned]] = {}
    bits = [turned_bits(queried.rows.bits, orientation) for orientation in ORIENTATIONS]
    # all orientations at once, since a search sorts the many known rows each time
    matches = index.search(TABLE, np.concatenate(bits), WITHIN_BITS)
    turns, places = np.divmod(matches.query, len(queried.owner))
    for number, orientation in enumerate(ORIENTATIONS):
        turned_so = turns == number
        queried_rows = places[turned_so]
        ours = _numbered(queried.owner[queried_rows], queried.rows.at_ms[queried_rows])
        theirs = _numbered(matches.owner[turned_so], matches.at_ms[turned_so])
        together = ours.number * len(theirs.pictures) + theirs.number
        pictures, counts = np.unique(together, return_counts=True)
        for both in pictures[counts >= LEAST_ALIKE].tolist():
            (mine, here), (owner, there) = (
                divmod(int(side.pictures[place]), FRAMES_OF_FILE)
                for side, place in zip((ours, theirs), divmod(both, len(theirs.pictures)), strict=True)
            )
            pair = (names[mine], index.owner(owner))
            if pair[0] != pair[1]:
                found.setdefault(pair, set()).add(((here, there), orientation.name))
    return found


@dataclass(frozen=True, slots=True)
class _Numbered:
    """Pictures, each once, and for each row the place of its own."""

    pictures: NDArray[np.uint64]
    number: NDArray[np.int64]


def _numbered(owner: NDArray[np.int64], at_ms: NDArray[np.uint32]) -> _Numbered:
    """A picture is a file and a time in one number: sorting those takes a tenth of sorting rows of columns."""
    together = owner.astype(np.uint64) * np.uint64(FRAMES_OF_FILE) + at_ms
    pictures, number = np.unique(together, return_inverse=True)
    return _Numbered(pictures, number.astype(np.int64))


def shared_parts(
    pairs: Mapping[Pair, set[Turned]], ours: Mapping[Digest, Hashes], theirs: Mapping[Digest, Hashes]
) -> Iterator[MediaLink]:
    """Links between files that share a part; each pair is judged once, whichever side is the query."""
    both: dict[Pair, set[Turned]] = {}
    for (mine, yours), alike in pairs.items():
        if mine > yours:
            alike = {((there, here), BACK[name]) for (here, there), name in alike}
        both.setdefault((min(mine, yours), max(mine, yours)), set()).update(alike)
    everything = {**theirs, **ours}
    for (first, second), alike in sorted(both.items()):
        a, b = _pictures(everything[first]), _pictures(everything[second])
        shown = [(at, way) for at, name in sorted(alike) if (way := _judged(a, b, at, name)) is not None]
        if shown:
            yield from _linked(first, second, shown, (a, b), _quality(everything[first], everything[second]))


def _judged(a: Mapping[int, Regions], b: Mapping[int, Regions], at: Frames, name: str) -> Overlap | None:
    here, there = at
    return overlap(a[here], b[there], (_BY_NAME[name],)) if here in a and there in b else None


def _linked(
    first: Digest,
    second: Digest,
    shown: list[tuple[Frames, Overlap]],
    pictures: tuple[Mapping[int, Regions], Mapping[int, Regions]],
    quality: int | None,
) -> Iterator[MediaLink]:
    shares = [len({at[side] for at, _ in shown}) / len(pictures[side]) for side in (0, 1)]
    shown = sorted(shown, key=lambda each: (-each[1].agreeing, each[1].distance_bits, each[0]))
    (here, there), best = shown[0]
    moving = here != STILL_MS or there != STILL_MS
    if moving and max(shares) < LEAST_SHARE:
        return
    yield MediaLink(
        first,
        second,
        ALGORITHM,
        best.distance_bits,
        describe_distance(ALGORITHM, best.distance_bits),
        quality,
        f"{best.orientation.name}, {best.agreeing} of {best.possible} regions",
        share_a=shares[0] if moving else None,
        share_b=shares[1] if moving else None,
        frames=_frames(shown) if moving else (),
    )


def _frames(shown: list[tuple[Frames, Overlap]]) -> tuple[tuple[float | None, float | None, int], ...]:
    """The best pairs of frames, each frame once, in order of time."""
    chosen: list[tuple[Frames, Overlap]] = []
    for each in shown:
        if not any(each[0][0] == at[0] != STILL_MS or each[0][1] == at[1] != STILL_MS for at, _ in chosen):
            chosen.append(each)
    named = sorted((at, way.distance_bits) for at, way in chosen[:SHOWN_FRAMES])
    return tuple((_seconds(here), _seconds(there), distance) for (here, there), distance in named)


def _pictures(hashes: Hashes) -> dict[int, Regions]:
    """Regions by time of frame."""
    found = {}
    for each in hashes:
        if each.name == "regions/2" and not is_low_information(each):
            found[STILL_MS] = read(each.bits)
        elif each.name == "vregions/2":
            found.update(read_frame_regions(each.bits))
    return found


def _seconds(at_ms: int) -> float | None:
    return None if at_ms == STILL_MS else at_ms / 1000


def _quality(a: Hashes, b: Hashes) -> int | None:
    known = [each.quality for each in (*a, *b) if each.algorithm in ("regions", "vregions")]
    return min((quality for quality in known if quality is not None), default=None)
