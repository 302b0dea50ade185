"""Fingerprints are fixed in width and agree with the libraries whose names they carry."""

import json
from pathlib import Path

import imagehash
import numpy as np
import pdqhash
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from processors.fingerprints.fingerprint import Fingerprint
from processors.fingerprints.image import ImageLimits
from processors.fingerprints.pdq import bits, sample
from processors.fingerprints.phash import phash
from processors.media.fingerprint_file import fingerprint_media
from tests.processors.fingerprints.whole_pdq import pdq

pytestmark = pytest.mark.slow


def apart(a: bytes, b: bytes) -> int:
    return (int.from_bytes(a) ^ int.from_bytes(b)).bit_count()


@st.composite
def pictures(draw: st.DrawFn) -> NDArray[np.uint8]:
    """Rows of luma with structure at every scale, at least as large as the samples PDQ takes.

    Smaller ones are repeated pixels: half of their terms are zero, and the float noise around it is no one's.
    """
    height, width = draw(st.integers(64, 400)), draw(st.integers(64, 400))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    steps = random.normal(size=(height, width))
    surface = np.cumsum(np.cumsum(steps, axis=0), axis=1) + steps * draw(st.floats(0, 50))
    luma: NDArray[np.uint8] = ((surface - surface.min()) / (np.ptp(surface) + 1e-9) * 255).astype(np.uint8)
    return luma


@settings(deadline=None, max_examples=150)
@given(pictures())
def test_pdq_is_pdqhash_on_equal_pixels(luma: NDArray[np.uint8]) -> None:
    expected, quality = pdqhash.compute(np.ascontiguousarray(np.repeat(luma[..., None], 3, axis=2)))
    ours, our_quality = pdq(luma)
    assert apart(ours, np.packbits(expected.astype(np.uint8)).tobytes()) <= 2  # terms on the median, float order
    assert abs(our_quality - quality) <= 1


@settings(deadline=None, max_examples=150)
@given(pictures())
def test_phash_is_imagehash_on_equal_pixels(luma: NDArray[np.uint8]) -> None:
    assert phash(luma).hex() == str(imagehash.phash(Image.fromarray(luma)))


def test_a_picture_too_small_for_pdq_has_quality_zero() -> None:
    assert pdq(np.full((4, 400), 7, np.uint8)) == (bytes(32), 0)


def test_leading_zeros_are_kept() -> None:
    assert Fingerprint("phash", "1", bytes(7) + b"\x0f").hex == "000000000000000f"


@pytest.mark.parametrize(
    ("algorithm", "version", "content", "quality", "complaint"),
    [
        ("phash", "1", bytes(7), None, "expected 8 bytes, found 7"),
        ("pdq", "1", bytes(33), None, "expected 32 bytes, found 33"),
        ("pdq", "0", bytes(32), None, "found pdq/0"),
        ("dhash", "1", bytes(8), None, "found dhash/1"),
        ("pdq", "1", bytes(32), 101, "quality of 0 to 100, found 101"),
    ],
)
def test_a_fingerprint_that_is_none_is_not_made(
    algorithm: str, version: str, content: bytes, quality: int | None, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        Fingerprint(algorithm, version, content, quality)


def test_scaling_down_leaves_the_samples_where_they_were() -> None:
    random = np.random.default_rng(5)
    surface = np.cumsum(np.cumsum(random.normal(size=(512, 640)), axis=0), axis=1)
    luma = ((surface - surface.min()) / np.ptp(surface) * 255).astype(np.uint8)
    half = np.asarray(Image.fromarray(luma).reduce(2))
    assert apart(bits(sample(half, 512, 640, 2)), pdq(luma)[0]) <= 4


def reference(realdata: Path) -> dict[str, dict[str, object]]:
    rows: dict[str, dict[str, object]] = json.loads((realdata / "images/reference-hashes.json").read_text())
    return {file: row for file, row in rows.items() if "pdq" in row and row["mode"] != "RGBA"}


@pytest.mark.realdata
def test_reference_hashes_are_met(realdata: Path) -> None:
    """PDQ within 10 of 256 and pHash within 2 of 64 of what pdqhash and ImageHash give on the full picture."""
    worst = {"phash": 0, "pdq": 0}
    for file, expected in reference(realdata).items():
        for found in fingerprint_media((realdata / "images" / file).read_bytes(), ImageLimits()).hashes[:2]:
            distance = apart(found.bits, bytes.fromhex(str(expected[found.algorithm])))
            worst[found.algorithm] = max(worst[found.algorithm], distance)
    assert worst["phash"] <= 2, worst
    assert worst["pdq"] <= 10, worst


@pytest.mark.realdata
def test_published_pdq_hashes_are_met_within_eight_bits(realdata: Path) -> None:
    published = json.loads((realdata / "images/pdq/expected-pdq.json").read_text())["hashes"]
    distances = {}
    for file, expected in published.items():
        reading = fingerprint_media((realdata / "images" / file).read_bytes(), ImageLimits())
        ours = next(found for found in reading.hashes if found.algorithm == "pdq")
        distances[file] = apart(ours.bits, bytes.fromhex(expected))
    assert max(distances.values()) <= 8, distances
