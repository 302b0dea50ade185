"""The media of the samples: always the same bytes, distinct to a perceptual hash, playable and decodable."""

import io
import itertools
import struct
from collections.abc import Iterator

import imagehash
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from samples import expected
from samples.media.broken import bomb_gzip, bomb_png, cut_jpeg
from samples.media.files import media_file
from samples.media.h264 import START_CODE_EMULATION, unit
from samples.media.scenes import SCENES
from samples.telegram.files import name_in, token

pytestmark = pytest.mark.slow

NEAR_BITS, FAR_BITS = 8, 18  # of 64, as `samples.expected` promises


def perceptual_hash(name: str) -> imagehash.ImageHash:
    return imagehash.phash(Image.open(io.BytesIO(media_file(name).content)))


def test_different_scenes_are_far_apart() -> None:
    hashes = {name: perceptual_hash(f"{name}/w800/q82") for name in SCENES}
    distances = {(a, b): hashes[a] - hashes[b] for a, b in itertools.combinations(sorted(hashes), 2)}
    assert min(distances.values()) >= FAR_BITS


@pytest.mark.parametrize("scene", sorted(expected.RECURRING_PICTURES))
def test_the_files_of_one_scene_are_near_its_first(scene: str) -> None:
    first, *others = expected.RECURRING_PICTURES[scene]
    assert len({media_file(name).content for name in (first, *others)}) == len(others) + 1
    assert max(perceptual_hash(first) - perceptual_hash(name) for name in others) <= NEAR_BITS


def boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at < len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        yield kind, content[at + 8 : at + length]
        at += length


def test_a_video_is_an_mp4_whose_boxes_fill_the_file() -> None:
    video = media_file("video:concert/320x240/6")
    found = dict(boxes(video.content))
    assert list(found) == [b"ftyp", b"moov", b"mdat"]
    assert [kind for kind, _ in boxes(found[b"moov"])] == [b"mvhd", b"trak"]
    assert sum(8 + len(body) for body in found.values()) == len(video.content)


@given(st.binary(max_size=400))
def test_a_video_unit_never_holds_a_start_code(content: bytes) -> None:
    written = unit(0x65, content + b"\x80")
    assert START_CODE_EMULATION.search(written.replace(b"\x00\x00\x03", b"\x00\x00\xff\x03")) is None
    assert not any(code in written for code in (b"\x00\x00\x00", b"\x00\x00\x01", b"\x00\x00\x02"))


def test_a_voice_message_is_ogg_with_a_last_page() -> None:
    voice = media_file("voice:12/7").content
    pages = voice.split(b"OggS")[1:]
    assert len(pages) == 14
    assert [page[1] for page in pages] == [2] + [0] * 12 + [4]


def test_broken_files_are_small_and_broken() -> None:
    assert len(bomb_png()) < 200_000
    assert len(bomb_gzip()) < 1_000_000
    with pytest.raises(OSError, match="truncated"):
        Image.open(io.BytesIO(cut_jpeg())).load()
    with pytest.raises(Image.DecompressionBombError):
        Image.open(io.BytesIO(bomb_png()))


@given(st.text(alphabet=st.characters(codec="ascii", exclude_characters="\0"), max_size=200))
def test_a_signed_address_leads_back_to_its_medium(name: str) -> None:
    assert name_in(token(name)) == name
    assert len(token(name)) == 342
