"""Which files are alike: fingerprints of two sides compared within the distance each algorithm allows.

Only equal algorithms and versions meet. Pictures of poor ground (flat, quality below ``LEAST_QUALITY``) are not
compared at all: they would match everything; byte-equal files need no link, they are one file.

Distances: PDQ 31 of 256 and quality 50 as in the PDQ guidance (ThreatExchange ``pdq/README.md``, read 2026-11-22);
pHash 8 of 64 by measurement over the labelled pictures (``docs/quality-media.md``, 2026-11-23).
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from processors.cluster import Link, meaning
from processors.digest import Digest
from processors.fingerprint import Fingerprint
from processors.neighbours import neighbours

WITHIN_BITS = {("phash", "1"): 8, ("pdq", "1"): 31}
LEAST_QUALITY = 50


class Hashed(Protocol):
    """A file and its fingerprints: a ``MediaReading``, or a row of the catalogue."""

    @property
    def sha256(self) -> Digest:
        """Digest of the file."""

    @property
    def hashes(self) -> tuple[Fingerprint, ...]:
        """All fingerprints of the file; empty where it was refused."""


def is_poor_ground(hashes: Sequence[Fingerprint]) -> bool:
    """Whether a picture is too flat to be recognised by its fingerprints."""
    return any(hash_.quality is not None and hash_.quality < LEAST_QUALITY for hash_ in hashes)


def links(new: Sequence[Hashed], known: Sequence[Hashed] = ()) -> tuple[Link, ...]:
    """Every link among the new files and from a new to a known one, sorted, each pair once per algorithm."""
    found: set[Link] = set()
    for algorithm, version in WITHIN_BITS:
        ours = _side(new, algorithm, version)
        theirs = _side([*new, *known], algorithm, version)
        if ours is None or theirs is None:
            continue
        (our_files, our_rows), (their_files, their_rows) = ours, theirs
        for i, j, distance in neighbours(our_rows, their_rows, WITHIN_BITS[algorithm, version]):
            (a, a_quality), (b, b_quality) = sorted((our_files[i], their_files[j]))
            if a != b:
                quality = min(a_quality, b_quality)
                found.add(Link(a, b, algorithm, distance, meaning(algorithm, distance), quality))
    return tuple(sorted(found))


def _side(
    files: Sequence[Hashed], algorithm: str, version: str
) -> tuple[list[tuple[Digest, int]], NDArray[np.uint8]] | None:
    """Digest, quality and bits of every file that has such a fingerprint on good ground."""
    fit = {
        file.sha256: hash_
        for file in files
        if not is_poor_ground(file.hashes)
        for hash_ in file.hashes
        if (hash_.algorithm, hash_.version) == (algorithm, version)
    }
    if not fit:
        return None
    rows = np.frombuffer(b"".join(hash_.bits for hash_ in fit.values()), np.uint8).reshape(len(fit), -1)
    return [(digest, 100 if hash_.quality is None else hash_.quality) for digest, hash_ in fit.items()], rows
