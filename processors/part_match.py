"""Pictures that share a part: candidates by regions that look alike, judged by whether they lie alike.

A video stands for the few frames whose regions were kept. It is linked to a still of which one of those frames
shows a part, and to a video where that is so for at least half of the kept frames of one of both.
"""

from collections.abc import Iterator, Mapping

import numpy as np

from processors.cluster import Link, meaning
from processors.digest import Digest
from processors.frame_regions import read_frame_regions
from processors.match_index import Hashes, Index, Table
from processors.orientation import ORIENTATIONS
from processors.overlap import Overlap, overlap, turned_bits
from processors.regions import Regions, read
from processors.search_rows import STILL_MS, is_poor_ground

ALGORITHM = "regions"
TABLE = "regions/1"
WITHIN_BITS = 8
LEAST_ALIKE = 2
"""Alike regions that make two pictures worth judging: of 190 true overlaps one had fewer (2026-11-23)."""

LEAST_SHARE = 0.5

Pair = tuple[Digest, Digest]
Frames = tuple[int, int]
"""Times in milliseconds of one frame each, ``STILL_MS`` for a still."""


def alike_parts(asked: Table, names: list[Digest], index: Index) -> dict[Pair, set[Frames]]:
    """Pictures, by file and frame, that have enough alike regions in one orientation."""
    found: dict[Pair, set[Frames]] = {}
    for orientation in ORIENTATIONS:
        near = index.near(TABLE, turned_bits(asked.rows.bits, orientation), WITHIN_BITS)
        columns = (asked.owner[near.asked], asked.rows.at_ms[near.asked], near.owner, near.at_ms)
        pictures, counts = np.unique(np.stack(columns, axis=1).astype(np.int64), axis=0, return_counts=True)
        for mine, here, owner, there in pictures[counts >= LEAST_ALIKE].tolist():
            pair = (names[mine], index.owner(owner))
            if pair[0] != pair[1]:
                found.setdefault(pair, set()).add((here, there))
    return found


def shared_parts(
    pairs: Mapping[Pair, set[Frames]], ours: Mapping[Digest, Hashes], theirs: Mapping[Digest, Hashes]
) -> Iterator[Link]:
    """Links between files that share a part; each pair is judged once, whichever side asked."""
    both: dict[Pair, set[Frames]] = {}
    for (mine, yours), frames in pairs.items():
        turned = frames if mine < yours else {(there, here) for here, there in frames}
        both.setdefault((min(mine, yours), max(mine, yours)), set()).update(turned)
    everything = {**theirs, **ours}
    for (first, second), frames in sorted(both.items()):
        a, b = _pictures(everything[first]), _pictures(everything[second])
        judged = ((at, overlap(a[at[0]], b[at[1]])) for at in sorted(frames) if at[0] in a and at[1] in b)
        shown = [(at, way) for at, way in judged if way is not None]
        if shown:
            yield from _linked(first, second, shown, (a, b), _quality(everything[first], everything[second]))


def _linked(
    first: Digest,
    second: Digest,
    shown: list[tuple[Frames, Overlap]],
    pictures: tuple[Mapping[int, Regions], Mapping[int, Regions]],
    quality: int | None,
) -> Iterator[Link]:
    shares = [len({at[side] for at, _ in shown}) / len(pictures[side]) for side in (0, 1)]
    (here, there), best = min(shown, key=lambda each: (-each[1].agreeing, each[1].distance_bits, each[0]))
    moving = here != STILL_MS or there != STILL_MS
    if moving and max(shares) < LEAST_SHARE:
        return
    yield Link(
        first,
        second,
        ALGORITHM,
        best.distance_bits,
        meaning(ALGORITHM, best.distance_bits),
        quality,
        f"{best.orientation.name}, {best.agreeing} of {best.possible} regions",
        share_a=shares[0] if moving else None,
        share_b=shares[1] if moving else None,
        frames=((_seconds(here), _seconds(there), best.distance_bits),) if moving else (),
    )


def _pictures(hashes: Hashes) -> dict[int, Regions]:
    """Regions by time of frame."""
    found = {}
    for each in hashes:
        if each.algorithm == "regions" and not is_poor_ground(each):
            found[STILL_MS] = read(each.bits)
        elif each.algorithm == "vregions":
            found.update(read_frame_regions(each.bits))
    return found


def _seconds(at_ms: int) -> float | None:
    return None if at_ms == STILL_MS else at_ms / 1000


def _quality(a: Hashes, b: Hashes) -> int | None:
    known = [each.quality for each in (*a, *b) if each.algorithm in ("regions", "vregions")]
    return min((quality for quality in known if quality is not None), default=None)
