"""Turned pictures are recognised from the fingerprint of the upright one."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from processors.fingerprints.orientation import BACK, ORIENTATIONS, Orientation, turned_rows
from processors.fingerprints.pdq import bits
from processors.fingerprints.phash import phash

T = Image.Transpose
BY_HAND = {
    "whole": [],
    "mirrored": [T.FLIP_LEFT_RIGHT],
    "turned upside down": [T.ROTATE_180],
    "mirrored and turned upside down": [T.FLIP_LEFT_RIGHT, T.ROTATE_180],
    "turned left": [T.ROTATE_90],
    "turned right": [T.ROTATE_270],
    "mirrored and turned left": [T.FLIP_LEFT_RIGHT, T.ROTATE_90],
    "mirrored and turned right": [T.FLIP_LEFT_RIGHT, T.ROTATE_270],
}


def scene() -> Image.Image:
    steps = np.random.default_rng(3).normal(size=(320, 256))
    surface = np.cumsum(np.cumsum(steps, axis=0), axis=1)
    return Image.fromarray(((surface - surface.min()) / np.ptp(surface) * 255).astype(np.uint8))


def by_hand(image: Image.Image, orientation: Orientation) -> Image.Image:
    for step in BY_HAND[orientation.name]:
        image = image.transpose(step)
    return image


def pdq(luma: NDArray[np.uint8]) -> bytes:
    """Of samples of the whole, so that the half pixel by which PDQ's filter is off centre does not count."""
    blocks = np.asarray(Image.fromarray(luma).resize((64, 64), Image.Resampling.BOX)).astype(np.float32)
    return bits(blocks)


def apart(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> int:
    return int(np.bitwise_count(a ^ b).sum())


def row(bits: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(bits, np.uint8)[None]


@pytest.mark.parametrize("orientation", ORIENTATIONS, ids=lambda orientation: orientation.name)
def test_bits_of_a_turned_picture_follow_from_those_of_the_upright_one(orientation: Orientation) -> None:
    upright, turned = np.asarray(scene()), np.asarray(by_hand(scene(), orientation))
    assert apart(turned_rows("phash", row(phash(upright)), orientation), row(phash(turned))) <= 8
    assert apart(turned_rows("pdq", row(pdq(upright)), orientation), row(pdq(turned))) <= 14


@pytest.mark.parametrize("orientation", ORIENTATIONS, ids=lambda orientation: orientation.name)
@pytest.mark.parametrize(("algorithm", "width"), [("phash", 8), ("pdq", 32)])
def test_turning_back_gives_the_same_bits(orientation: Orientation, algorithm: str, width: int) -> None:
    rows = np.random.default_rng(1).integers(0, 256, (20, width), dtype=np.uint8)
    back = next(other for other in ORIENTATIONS if other.name == BACK[orientation.name])
    turned = turned_rows(algorithm, rows, orientation)
    assert np.array_equal(turned_rows(algorithm, turned, back), rows)
    assert orientation.name == "whole" or not np.array_equal(turned, rows)


def test_bits_that_are_no_dct_signs_are_refused() -> None:
    with pytest.raises(KeyError):
        turned_rows("regions", np.zeros((1, 629), np.uint8), ORIENTATIONS[1])
