"""Which files are similar: fingerprints of new files compared with those of an index, within what each allows.

Only equal algorithms and versions meet, in all eight orientations. What pHash finds, PDQ must not deny. Byte-equal
files need no link, they are one file. Crops, borders and additions are found by regions: two that look alike make
a candidate, and ``processors.similarity.region_alignment`` judges the pair. A video meets stills and videos by its
frames: single frames make a candidate, and ``processors.similarity.video_match`` and
``processors.similarity.region_match`` judge how much is shared.

Distances: PDQ 31 of 256 as in the PDQ guidance (ThreatExchange ``pdq/README.md``, read 2026-11-22); pHash 8 of 64
and regions by measurement (``docs/quality-media.md``, 2026-11-23).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processors.digest import Digest
from processors.fingerprints.fingerprint import Fingerprint
from processors.fingerprints.orientation import BACK, ORIENTATIONS, Orientation, turned_rows
from processors.similarity.clustering import MediaLink, describe_distance
from processors.similarity.index import HasFingerprints, Hashes, Index, InMemory, searched_in_parts, tables
from processors.similarity.index_rows import STILL_MS
from processors.similarity.region_match import TABLE as PARTS
from processors.similarity.region_match import alike_parts, shared_parts
from processors.similarity.video_match import as_frames, shared_frames, shared_in_words

WITHIN_BITS = {"phash/1": 8, "pdq/1": 31}
COARSE = "phash/1"
FINE = "pdq/1"
FINE_WITHIN_BITS = 90
"""PDQ distance up to which it lets a match of pHash stand: edits of one picture that pHash finds stay below;
unlike ones lie around 128, and none of the labelled unlike pairs lies below 100 (2026-11-23)."""

Pair = tuple[Digest, Digest]


@dataclass(frozen=True, slots=True)
class _WholePictures:
    """Two stills found alike as a whole, the first of the pair turned so."""

    pair: Pair
    distance_bits: int
    orientation: str


def links(new: Sequence[HasFingerprints], known: Sequence[HasFingerprints] = ()) -> tuple[MediaLink, ...]:
    """Every link among the new files and from a new to a known one, sorted; the nearest per pair and algorithm."""
    return links_to(new, InMemory([*new, *known]))


def links_to(new: Sequence[HasFingerprints], index: Index) -> tuple[MediaLink, ...]:
    """Every link from a new file to one of the index, sorted; the nearest per pair and algorithm."""
    return nearest_links(_all_links(new, index))


def nearest_links(found: Iterable[MediaLink]) -> tuple[MediaLink, ...]:
    """The nearest link per pair and algorithm, sorted."""
    nearest: dict[tuple[Digest, Digest, str], MediaLink] = {}
    for link in found:
        key = (link.a, link.b, link.algorithm)
        nearest[key] = min(nearest.get(key, link), link, key=lambda link: (link.distance_bits, link.matched))
    return tuple(sorted(nearest.values()))


def _all_links(new: Sequence[HasFingerprints], index: Index) -> Iterator[MediaLink]:
    ours = {file.sha256: file.hashes for file in new}
    queried = tables(list(ours.values()))
    names = list(ours)
    for table, within_bits in WITHIN_BITS.items():
        if table not in queried:
            continue
        whole: list[_WholePictures] = []
        moving: set[Pair] = set()
        rows = queried[table].rows
        algorithm = table.partition("/")[0]
        turned = np.concatenate([turned_rows(algorithm, rows.bits, each) for each in ORIENTATIONS])
        for near in searched_in_parts(index, table, turned, within_bits):
            turns, places = np.divmod(near.query, len(rows))
            stills = (rows.at_ms[places] == STILL_MS) & (near.at_ms == STILL_MS)
            mine, owners = queried[table].owner[places], near.owner
            for place in np.flatnonzero(stills).tolist():
                pair = (names[mine[place]], index.owner(int(owners[place])))
                name = ORIENTATIONS[turns[place]].name
                whole.append(_WholePictures(pair, int(near.distance_bits[place]), name))
            both = _each_once(mine[~stills], owners[~stills])
            moving |= {(names[one], index.owner(other)) for one, other in both}
        theirs = index.hashes_of({b for _, b in moving} | {found.pair[1] for found in whole})
        standing = (found for found in whole if _stands(table, found, ours, theirs))
        yield from (_whole_link(table, found, ours, theirs) for found in standing)
        yield from _shared(moving, ours, theirs)
    if PARTS in queried:
        pairs = alike_parts(queried[PARTS], names, index)
        yield from shared_parts(pairs, ours, index.hashes_of({b for _, b in pairs}))


def _each_once(mine: NDArray[np.int64], owners: NDArray[np.int64]) -> set[tuple[int, int]]:
    """Pairs of files out of pairs of frames; frames of one file stand together, so most are left out unsorted."""
    if not len(mine):
        return set()
    another = np.flatnonzero((np.diff(mine) != 0) | (np.diff(owners) != 0)) + 1
    first = np.concatenate(([0], another))
    return set(zip(mine[first].tolist(), owners[first].tolist(), strict=True))


def _stands(
    table: str, found: _WholePictures, ours: Mapping[Digest, Hashes], theirs: Mapping[Digest, Hashes]
) -> bool:
    """Whether it is a pair at all, and the finer fingerprints allow a match of the coarse ones."""
    mine, yours = found.pair
    if mine == yours or not theirs[yours]:
        return False  # itself, or gone from the catalogue
    one, other = _hash(ours[mine], FINE), _hash(theirs[yours], FINE)
    if table != COARSE or one is None or other is None:
        return True
    orientation = next(each for each in ORIENTATIONS if each.name == found.orientation)
    return _distance(one, other, orientation) <= FINE_WITHIN_BITS


def _distance(one: Fingerprint, other: Fingerprint, orientation: Orientation) -> int:
    row = np.frombuffer(one.bits, np.uint8)[None]
    return int(np.bitwise_count(turned_rows(one.algorithm, row, orientation) ^ _row(other)).sum())


def _row(fingerprint: Fingerprint) -> NDArray[np.uint8]:
    return np.frombuffer(fingerprint.bits, np.uint8)


def _hash(hashes: Hashes, name: str) -> Fingerprint | None:
    return next((each for each in hashes if each.name == name), None)


def _whole_link(
    table: str, found: _WholePictures, ours: Mapping[Digest, Hashes], theirs: Mapping[Digest, Hashes]
) -> MediaLink:
    mine, yours = found.pair
    both = (_hash(ours[mine], table), _hash(theirs[yours], table))
    quality = min((each.quality for each in both if each is not None and each.quality is not None), default=None)
    first, second = sorted(found.pair)
    turned = found.orientation if mine == first else BACK[found.orientation]
    algorithm = table.partition("/")[0]
    meaning = describe_distance(algorithm, found.distance_bits)
    return MediaLink(first, second, algorithm, found.distance_bits, meaning, quality, turned)


def _shared(
    pairs: set[Pair], ours: Mapping[Digest, Hashes], theirs: Mapping[Digest, Hashes]
) -> Iterator[MediaLink]:
    """Links to and from videos, by frames; each pair is judged once."""
    everything = {**theirs, **ours}
    for first, second in sorted({(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]}):
        a, b = as_frames(everything[first]), as_frames(everything[second])
        found = shared_frames(a.rows, b.rows)
        if found is not None:
            yield MediaLink(
                first,
                second,
                "vpdq",
                found.distance_bits,
                shared_in_words(found, a_still=a.still, b_still=b.still),
                found.quality,
                found.orientation.name,
                share_a=found.share_a,
                share_b=found.share_b,
                frames=tuple(
                    (None if a.still else at_a, None if b.still else at_b, distance)
                    for at_a, at_b, distance in found.frames
                ),
            )
