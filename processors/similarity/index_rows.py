"""Which rows of equal width a file's fingerprints put into the tables that are searched.

One table an algorithm and version; frames of a video stand in the table of stills, so that a still finds them.
A fingerprint or frame of poor ground (flat pictures; for pHash also pages of text) puts in none: it would match
everything.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from processors.fingerprints.fingerprint import Fingerprint
from processors.fingerprints.regions import read
from processors.fingerprints.video_frames import SCENE_CHANGE_BITS, read_frames
from processors.fingerprints.video_regions import read_frame_regions

TABLES = {"phash/1": 8, "pdq/1": 32, "regions/2": 8}
"""Name to width in bytes."""

STILL_MS = 0xFFFFFFFF
"""Stands for the time of a picture that is no frame of a video."""

MOST_OF_VIDEO = 2000
"""Frames of one video that are searched; all of it is compared once it is found
(`processors.similarity.video_match`).
"""

LEAST_QUALITY = 50
"""PDQ guidance (ThreatExchange ``pdq/README.md``, read 2026-11-22): discard quality of 49 and less."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Bits [n, width] and the time in milliseconds of the frame each comes from."""

    bits: NDArray[np.uint8]
    at_ms: NDArray[np.uint32]

    def __len__(self) -> int:
        return len(self.at_ms)


def is_low_information(fingerprint: Fingerprint) -> bool:
    """Whether a match of this fingerprint would say little."""
    return fingerprint.quality is not None and fingerprint.quality < LEAST_QUALITY


def search_rows(hashes: Iterable[Fingerprint]) -> dict[str, Rows]:
    """The rows of one file by table; a table that gets none is left out."""
    found: dict[str, list[Rows]] = {}
    for each in hashes:
        if is_low_information(each):
            continue
        if each.algorithm == "vpdq":
            frames = _some(read_frames(each.bits))
            found.setdefault("pdq/1", []).append(Rows(np.ascontiguousarray(frames["bits"]), frames["at_ms"]))
        elif each.name == "vregions/2":
            for at_ms, regions in read_frame_regions(each.bits):
                found.setdefault("regions/2", []).append(_all_at(regions.bits, at_ms))
        elif each.name == "regions/2":
            found.setdefault("regions/2", []).append(_all_at(read(each.bits).bits, STILL_MS))
        elif each.name in TABLES:
            found.setdefault(each.name, []).append(_all_at(np.frombuffer(each.bits, np.uint8)[None], STILL_MS))
    joined = {table: concatenate(parts) for table, parts in found.items()}
    return {table: rows for table, rows in joined.items() if len(rows)}


def _some(frames: NDArray[np.void]) -> NDArray[np.void]:
    """Frames on good ground; of a video with too many those that are new to it, and of these evenly spread ones.

    Without a limit two long videos of one speaker would give a pair for every frame of both: a hundred million.
    """
    frames = frames[frames["quality"] >= LEAST_QUALITY]
    if len(frames) <= MOST_OF_VIDEO:
        return frames
    words = np.ascontiguousarray(frames["bits"]).view(np.uint64)
    places: list[int] = []
    kept = np.empty_like(words)
    for place, row in enumerate(words):
        apart = np.bitwise_count(kept[: len(places)] ^ row).sum(axis=1)
        if not len(apart) or apart.min() > SCENE_CHANGE_BITS:
            kept[len(places)] = row
            places.append(place)
    new = frames[places]
    return new[np.unique(np.linspace(0, len(new) - 1, MOST_OF_VIDEO).astype(np.intp))]


def concatenate(parts: Iterable[Rows]) -> Rows:
    """The rows of one table, one after another; of at least one part."""
    parts = list(parts)
    return Rows(np.concatenate([part.bits for part in parts]), np.concatenate([part.at_ms for part in parts]))


def _all_at(bits: NDArray[np.uint8], at_ms: int) -> Rows:
    return Rows(bits, np.full(len(bits), at_ms, np.uint32))
