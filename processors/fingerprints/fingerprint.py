"""Fingerprints: fixed-width bits that stay near for pictures that look alike.

A fingerprint is valid from birth: its algorithm, version and width are checked, leading zeros are kept, and
fingerprints of different algorithm or version are never compared. Raises ``ValueError`` on anything else.

The recipe that leads from bytes to pixels is in ``processors.fingerprints.image`` and is part of the version.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from processors.fingerprints.image import Picture
from processors.fingerprints.pdq import SMALLEST_SIDE, bits, quality, sample
from processors.fingerprints.phash import phash
from processors.fingerprints.regions import WIDTH_BYTES as REGIONS_BYTES
from processors.fingerprints.regions import regions
from processors.fingerprints.video_frames import FRAME, read_frames
from processors.fingerprints.video_regions import ROW as REGIONS_OF_FRAME

WIDTH_BYTES = {("phash", "1"): 8, ("pdq", "1"): 32, ("regions", "1"): 629, ("regions", "2"): REGIONS_BYTES}
ROW_BYTES = {
    ("vpdq", "1"): FRAME.itemsize,
    ("vregions", "1"): 633,
    ("vregions", "2"): REGIONS_OF_FRAME.itemsize,
}
"""Every algorithm and version this project has written, with its width in bytes, or for video that of one frame of
at least one; entries are only ever added."""

PLAIN_LEVELS = 33


@dataclass(frozen=True, slots=True, order=True)
class Fingerprint:
    """Bits of one algorithm and version; ``quality`` 0 (no ground for a match) to 100, None where unknown."""

    algorithm: str
    version: str
    bits: bytes
    quality: int | None = None

    def __post_init__(self) -> None:
        name = (self.algorithm, self.version)
        if name in ROW_BYTES:
            if not self.bits or len(self.bits) % ROW_BYTES[name]:
                raise ValueError(f"{self.name}: expected rows of {ROW_BYTES[name]} bytes, found {len(self.bits)}")
        elif name not in WIDTH_BYTES:
            known = ", ".join("/".join(each) for each in (*WIDTH_BYTES, *ROW_BYTES))
            raise ValueError(f"fingerprint: expected one of {known}, found {self.name}")
        elif len(self.bits) != WIDTH_BYTES[name]:
            raise ValueError(f"{self.name}: expected {WIDTH_BYTES[name]} bytes, found {len(self.bits)}")
        if self.quality is not None and not 0 <= self.quality <= 100:
            raise ValueError(
                f"{self.algorithm}/{self.version}: expected a quality of 0 to 100, found {self.quality}"
            )

    @property
    def hex(self) -> str:
        """The bits in lower-case hexadecimal, two digits a byte, leading zeros kept."""
        return self.bits.hex()

    @property
    def name(self) -> str:
        """Algorithm and version as one word: ``pdq/1``."""
        return f"{self.algorithm}/{self.version}"


def hash_rows(fingerprint: Fingerprint) -> list[dict[str, Any]]:
    """The JSON keys of one fingerprint: one row, for a video one for each frame, with its times in seconds."""
    row = {"algorithm": fingerprint.algorithm, "version": fingerprint.version}
    if fingerprint.algorithm == "vpdq":
        return [
            {
                **row,
                "bits": frame["bits"].tobytes().hex(),
                "quality": int(frame["quality"]),
                "at_s": int(frame["at_ms"]) / 1000,
                "until_s": int(frame["until_ms"]) / 1000,
            }
            for frame in read_frames(fingerprint.bits)
        ]
    if fingerprint.name == "vregions/2":
        frames = np.frombuffer(fingerprint.bits, REGIONS_OF_FRAME)
        quality = fingerprint.quality
        return [
            {
                **row,
                "bits": frame["regions"].tobytes().hex(),
                "quality": quality,
                "at_s": int(frame["at_ms"]) / 1000,
            }
            for frame in frames
        ]
    return [{**row, "bits": fingerprint.hex, "quality": fingerprint.quality}]


def fingerprints(picture: Picture) -> tuple[Fingerprint, ...]:
    """pHash, PDQ and regions of one picture; none where it is smaller than the 5 pixels PDQ is defined for.

    Quality is PDQ's: 0 for a flat picture. pHash sees coarse structure only, which every page of one layout has in
    common, so its quality also falls with the share of the picture that is plain background.
    """
    if min(picture.width, picture.height) < SMALLEST_SIDE:
        return ()
    samples = sample(picture.luma, picture.height, picture.width, picture.shrink)
    ground = quality(samples)
    return (
        Fingerprint("phash", "1", phash(picture.luma), min(ground, round(100 - 100 * plain_share(picture.luma)))),
        Fingerprint("pdq", "1", bits(samples), ground),
        Fingerprint("regions", "2", regions(picture.luma), ground),
    )


def plain_share(luma: NDArray[np.uint8]) -> float:
    """Share of pixels within 16 levels of the most frequent: 0.2 to 0.5 in photos, 0.5 to 0.8 in pages of text."""
    histogram = np.asarray(Image.fromarray(luma).histogram())
    return float(np.convolve(histogram, np.ones(PLAIN_LEVELS), "same").max() / luma.size)
