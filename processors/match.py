"""Which files are alike: fingerprints of two sides compared within the distance each algorithm allows.

Only equal algorithms and versions meet, in all eight orientations. A fingerprint of poor ground (flat pictures;
for pHash also pages of text) is not compared: it would match everything; what pHash finds PDQ must not deny.
Byte-equal files need no link, they are one file. Crops, borders and additions are found by regions: two that look
alike make a candidate, and ``processors.overlap`` judges the pair.

Distances: PDQ 31 of 256 and quality 50 as in the PDQ guidance (ThreatExchange ``pdq/README.md``, read 2026-11-22);
pHash 8 of 64 and regions by measurement (``docs/quality-media.md``, 2026-11-23).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from processors.cluster import Link, meaning
from processors.digest import Digest
from processors.fingerprint import Fingerprint
from processors.neighbours import neighbours
from processors.orientation import BACK, ORIENTATIONS, Orientation, turned_rows
from processors.overlap import overlap, turned
from processors.regions import Regions, read

WITHIN_BITS = {("phash", "1"): 8, ("pdq", "1"): 31}
REGIONS = ("regions", "1")
REGION_WITHIN_BITS = 8
REGION_PAIRS = 2
"""Alike regions that make two pictures worth judging: of 190 true overlaps one had fewer (2026-11-23)."""

LEAST_QUALITY = 50
COARSE = "phash"
FINE = ("pdq", "1")
FINE_WITHIN_BITS = 90
"""PDQ distance up to which it lets a match of pHash stand: edits of one picture that pHash finds stay below;
unlike ones lie around 128, and none of the labelled unlike pairs lies below 100 (2026-11-23)."""


class Hashed(Protocol):
    """A file and its fingerprints: a ``MediaReading``, or a row of the catalogue."""

    @property
    def sha256(self) -> Digest:
        """Digest of the file."""

    @property
    def hashes(self) -> tuple[Fingerprint, ...]:
        """All fingerprints of the file; empty where it was refused."""


@dataclass(frozen=True, slots=True)
class _Side:
    """Files with one kind of fingerprint on good ground."""

    files: list[Digest]
    hashes: list[Fingerprint]

    def rows(self) -> NDArray[np.uint8]:
        return np.frombuffer(b"".join(hash_.bits for hash_ in self.hashes), np.uint8).reshape(len(self.files), -1)


def is_poor_ground(fingerprint: Fingerprint) -> bool:
    """Whether a match of this fingerprint would say little."""
    return fingerprint.quality is not None and fingerprint.quality < LEAST_QUALITY


def links(new: Sequence[Hashed], known: Sequence[Hashed] = ()) -> tuple[Link, ...]:
    """Every link among the new files and from a new to a known one, sorted; the nearest per pair and algorithm."""
    nearest: dict[tuple[Digest, Digest, str], Link] = {}
    fine = {
        file.sha256: np.frombuffer(hash_.bits, np.uint8)
        for file in (*new, *known)
        for hash_ in file.hashes
        if (hash_.algorithm, hash_.version) == FINE
    }
    for kind in (*WITHIN_BITS, REGIONS):
        ours, theirs = _side(new, kind), _side([*new, *known], kind)
        if not ours.files:
            continue
        for link in _shared_parts(ours, theirs) if kind == REGIONS else _whole_matches(ours, theirs, fine):
            key = (link.a, link.b, link.algorithm)
            nearest[key] = min(nearest.get(key, link), link, key=lambda link: (link.distance_bits, link.matched))
    return tuple(sorted(nearest.values()))


def _side(files: Sequence[Hashed], kind: tuple[str, str]) -> _Side:
    fit = {
        file.sha256: hash_
        for file in files
        for hash_ in file.hashes
        if (hash_.algorithm, hash_.version) == kind and not is_poor_ground(hash_)
    }
    return _Side(list(fit), list(fit.values()))


def _whole_matches(ours: _Side, theirs: _Side, fine: Mapping[Digest, NDArray[np.uint8]]) -> Iterator[Link]:
    """Links between pictures that are alike as a whole, upright or turned; coarse ones where ``fine`` agrees."""
    algorithm, version = ours.hashes[0].algorithm, ours.hashes[0].version
    our_rows, their_rows = ours.rows(), theirs.rows()
    for orientation in ORIENTATIONS:
        rows = turned_rows(algorithm, our_rows, orientation)
        for i, j, distance in neighbours(rows, their_rows, WITHIN_BITS[algorithm, version]):
            mine, yours = ours.files[i], theirs.files[j]
            if mine == yours or (algorithm == COARSE and not _stands(mine, yours, orientation, fine)):
                continue
            quality = _lower_quality(ours.hashes[i], theirs.hashes[j])
            if mine < yours:
                yield _link(mine, yours, algorithm, distance, quality, orientation.name)
            else:
                yield _link(yours, mine, algorithm, distance, quality, BACK[orientation.name])


def _stands(
    mine: Digest, yours: Digest, orientation: Orientation, fine: Mapping[Digest, NDArray[np.uint8]]
) -> bool:
    """Whether the finer fingerprints allow a match of the coarse ones."""
    if mine not in fine or yours not in fine:
        return True
    turned_row = turned_rows(FINE[0], fine[mine][None], orientation)[0]
    return int(np.bitwise_count(turned_row ^ fine[yours]).sum()) <= FINE_WITHIN_BITS


def _shared_parts(ours: _Side, theirs: _Side) -> Iterator[Link]:
    """Links between pictures that share a part; each pair is judged once."""
    our_regions = [read(hash_.bits) for hash_ in ours.hashes]
    their_regions = [read(hash_.bits) for hash_ in theirs.hashes]
    judged = set()
    for i, j in _candidates(our_regions, their_regions):
        mine, yours = ours.files[i], theirs.files[j]
        pair = (min(mine, yours), max(mine, yours))
        if mine == yours or pair in judged:
            continue
        judged.add(pair)
        one, other = our_regions[i], their_regions[j]
        found = overlap(one, other) if mine < yours else overlap(other, one)
        if found is not None:
            quality = _lower_quality(ours.hashes[i], theirs.hashes[j])
            matched = f"{found.orientation.name}, {found.agreeing} of {found.possible} regions"
            yield _link(*pair, REGIONS[0], found.distance_bits, quality, matched)


def _candidates(ours: Sequence[Regions], theirs: Sequence[Regions]) -> Iterator[tuple[int, int]]:
    """Places of pictures that have enough alike regions in one orientation."""
    our_owner = np.repeat(np.arange(len(ours)), [len(picture.bits) for picture in ours])
    their_owner = np.repeat(np.arange(len(theirs)), [len(picture.bits) for picture in theirs])
    their_bits = np.concatenate([picture.bits for picture in theirs])
    for orientation in ORIENTATIONS:
        our_bits = np.concatenate([turned(picture, orientation).bits for picture in ours])
        alike = neighbours(our_bits, their_bits, REGION_WITHIN_BITS)
        pairs = our_owner[alike.new_index] * len(theirs) + their_owner[alike.known_index]
        candidates, counts = np.unique(pairs, return_counts=True)
        for pair in candidates[counts >= REGION_PAIRS].tolist():
            yield divmod(pair, len(theirs))


def _lower_quality(a: Fingerprint, b: Fingerprint) -> int | None:
    return min((quality for quality in (a.quality, b.quality) if quality is not None), default=None)


def _link(a: Digest, b: Digest, algorithm: str, distance_bits: int, quality: int | None, matched: str) -> Link:
    return Link(a, b, algorithm, distance_bits, meaning(algorithm, distance_bits), quality, matched)
