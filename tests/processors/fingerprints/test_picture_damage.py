"""Damaged pictures: what a browser shows is fingerprinted, and how much that is said; nothing goes in silence."""

import io
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from processors.fingerprints.image import ImageLimits, read_picture
from processors.media.fingerprint_file import fingerprint_media
from processors.media.media_type import MediaFingerprints

LIMITS = ImageLimits()
HEIGHT = 320


@cache
def drawn(kind: str, **how: object) -> bytes:
    """A picture of smooth fields and some noise: every row differs from the next."""
    rows, columns = np.mgrid[0:HEIGHT, 0:400]
    noise = np.random.default_rng(7).integers(0, 40, (HEIGHT, 400))
    pixels = (np.sin(rows / 23) * 60 + np.cos(columns / 31) * 50 + 110 + noise).astype(np.uint8)
    picture = Image.merge("RGB", [Image.fromarray(np.roll(pixels, shift, 1)) for shift in (0, 9, 30)])
    out = io.BytesIO()
    picture.save(out, kind, **how)
    return out.getvalue()


def read(content: bytes) -> MediaFingerprints:
    return fingerprint_media(content, LIMITS)


def luma(content: bytes, kind: str) -> NDArray[np.uint8]:
    return read_picture(content, f"image/{kind.lower()}", LIMITS).luma


def bits_apart(one: MediaFingerprints, other: MediaFingerprints) -> int:
    pairs = zip(one.hashes, other.hashes, strict=True)
    return max((int(a.hex, 16) ^ int(b.hex, 16)).bit_count() for a, b in pairs if a.algorithm == "pdq")


def changed(content: bytes, at: int, to: bytes) -> bytes:
    return content[:at] + to + content[at + len(to) :]


def shown_rows(found: MediaFingerprints) -> int:
    assert found.damage is not None
    told = re.search(r"; (\d+) of \d+ rows are shown", found.damage)
    assert told is not None
    return int(told[1])


@pytest.mark.parametrize("cut", [1, 2])
def test_a_jpeg_without_its_end_mark_is_the_same_picture_and_said_to_be_cut(cut: int) -> None:
    whole = drawn("JPEG")
    found = read(whole[:-cut])
    assert (found.refused, found.damage) == (None, f"cut off; all {HEIGHT} rows are shown")
    assert found.hashes == read(whole).hashes


@pytest.mark.parametrize(
    ("kind", "how"), [("JPEG", {}), ("JPEG", {"quality": 95}), ("PNG", {}), ("GIF", {"interlace": 0})]
)
@pytest.mark.parametrize("share", [0.9, 0.6, 0.3])
def test_of_a_cut_picture_the_rows_that_are_there_count(kind: str, how: dict[str, object], share: float) -> None:
    whole = drawn(kind, **how)
    found = read(whole[: int(len(whole) * share)])
    assert found.refused is None and found.damage is not None and found.damage.startswith("cut off; ")
    rows = shown_rows(found)
    assert abs(rows / HEIGHT - share) < 0.15
    assert f"({100 * rows // HEIGHT} %), the rest counts as white" in found.damage
    before, part = luma(whole, kind), luma(whole[: int(len(whole) * share)], kind)
    assert (part[: rows - 16] == before[: rows - 16]).all()  # the last block of rows may be there in part
    assert (part[rows:] == 255).all()


def test_a_cut_progressive_jpeg_shows_its_whole_height_less_sharp() -> None:
    whole = drawn("JPEG", progressive=True)
    found = read(whole[: len(whole) * 3 // 4])
    assert found.damage is not None and "the whole height is shown, less sharp" in found.damage
    assert bits_apart(found, read(whole)) <= 31


def test_a_png_whose_check_sum_is_wrong_is_not_fingerprinted_in_silence() -> None:
    whole = drawn("PNG")
    at = whole.rindex(b"IEND") - 8  # the check sum of the last IDAT
    found = read(changed(whole, at, bytes([whole[at] ^ 1])))
    assert found.damage == f"damaged: the check sum of chunk IDAT is wrong; all {HEIGHT} rows are shown"
    assert found.hashes == read(whole).hashes


def test_a_png_with_broken_data_counts_as_far_as_it_decompresses() -> None:
    whole = drawn("PNG")
    found = read(changed(whole, len(whole) // 2, bytes(500)))
    assert found.damage is not None and found.damage.startswith("damaged: the check sum of chunk IDAT is wrong; ")
    assert 0.3 < shown_rows(found) / HEIGHT < 0.8


def test_a_wrong_check_sum_of_a_note_is_no_damage_of_the_picture() -> None:
    whole = drawn("PNG")
    note = b"\x00\x00\x00\x03tEXta\x00b" + b"\x00\x00\x00\x00"
    at = whole.index(b"IDAT") - 4
    assert read(whole[:at] + note + whole[at:]).damage is None


@pytest.mark.parametrize(
    ("kind", "how", "keep"),
    [("JPEG", {}, 300), ("PNG", {}, 40), ("WEBP", {}, 4000), ("GIF", {"interlace": 1}, 30_000)],
)
def test_where_nothing_certain_can_be_shown_the_file_is_refused_with_the_reason(
    kind: str, how: dict[str, object], keep: int
) -> None:
    found = read(drawn(kind, **how)[:keep])
    assert found.hashes == () and found.refused is not None and found.refused.startswith("damaged: ")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_whole_pictures_are_not_called_damaged(kind: str) -> None:
    assert read(drawn(kind)).damage is None
    assert read(drawn(kind) + b"behind the end").damage is None


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("a.jpg", None),
        ("a_cut_late.jpg", "cut off; all 480 rows are shown"),
        ("a_cut.jpg", "cut off; 320 of 480 rows are shown (66 %), the rest counts as white"),
        ("b.jpg", None),
    ],
)
def test_pictures_after_public_reports(shared_cases: Path, file: str, damage: str | None) -> None:
    folder = shared_cases / "60-images"
    found = read((folder / file).read_bytes())
    assert (found.refused, found.damage, found.width, found.height) == (None, damage, 640, 480)
    if file == "a_cut_late.jpg":
        assert found.hashes == read((folder / "a.jpg").read_bytes()).hashes
