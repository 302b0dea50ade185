"""Comparing a replay with its capture: equal is 1, what is gone lowers it, nothing leaves 0 to 1."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from processors.quality.blocks import block_likeness
from processors.quality.pictures import picture_likeness
from processors.quality.resources import Resource, share_loaded
from processors.quality.score import (
    WEIGHTS,
    Part,
    PartName,
    Replayed,
    Seen,
    missing_page,
    quality_of,
    scored,
)
from processors.quality.texts import text_likeness

WORDS = st.lists(st.sampled_from(["суд", "прысуд", "вырак", "справа", "court", "case", "of", "the"]), max_size=40)
VALUE = st.none() | st.floats(0, 1)
PICTURES = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).integers(0, 256, (seed % 90 + 1, 64), dtype=np.uint8)
)


@given(WORDS)
def test_a_text_is_like_itself(words: list[str]) -> None:
    assert text_likeness(" ".join(words), "\n".join(words)) == (1 if words else None)


@given(WORDS, WORDS)
def test_two_texts_are_as_alike_in_either_order(one: list[str], other: list[str]) -> None:
    found = text_likeness(" ".join(one), " ".join(other))
    assert found == text_likeness(" ".join(other), " ".join(one))
    assert found is None or 0 <= found <= 1


@given(st.integers(1, 60), st.data())
def test_a_shorter_beginning_of_a_text_is_less_like_it(length: int, data: st.DataObject) -> None:
    words = [f"w{number}" for number in range(length)]
    more = data.draw(st.integers(0, length))
    less = data.draw(st.integers(0, more))
    whole = " ".join(words)
    found = [text_likeness(whole, " ".join(words[:kept])) or 0 for kept in (less, more)]
    assert found[0] <= found[1]


def test_the_order_of_words_counts() -> None:
    found = text_likeness("one two three four", "four three two one")
    assert found is not None and found < 0.3


@given(PICTURES)
def test_a_picture_is_like_itself(picture: np.ndarray) -> None:
    assert block_likeness(picture, picture) == 1


@given(PICTURES, PICTURES)
def test_two_pictures_are_as_alike_in_either_order(one: np.ndarray, other: np.ndarray) -> None:
    found = block_likeness(one, other)
    assert found == pytest.approx(block_likeness(other, one))
    assert 0 <= found <= 1


@pytest.mark.parametrize("kept", [0, 40, 80, 120])
def test_what_is_painted_over_is_gone(kept: int) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (160, 64), dtype=np.uint8)
    white, less = picture.copy(), picture.copy()
    white[kept:] = 255
    less[kept + 40 :] = 255
    assert block_likeness(picture, white) < block_likeness(picture, less) or kept + 40 >= 160
    assert block_likeness(picture, white) <= kept / 160 + 0.1


def test_white_around_a_text_hides_nothing() -> None:
    page = np.full((2000, 320), 255, np.uint8)
    page[100:140, 20:300:3] = 0
    assert block_likeness(page, np.full_like(page, 255)) < 0.01


def test_a_background_that_is_gone_counts() -> None:
    assert block_likeness(np.full((64, 64), 235, np.uint8), np.full((64, 64), 255, np.uint8)) < 0.8


def test_a_page_that_ends_earlier_is_less_alike() -> None:
    picture = np.random.default_rng(2).integers(0, 256, (320, 64), dtype=np.uint8)
    assert block_likeness(picture, picture[:160]) == pytest.approx(0.5)


def png(*, text: str = "", colour: str = "white") -> bytes:
    image = Image.new("RGB", (400, 300), colour)
    ImageDraw.Draw(image).text((20, 20), text, fill="black")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def test_screenshots_are_compared_in_a_worker() -> None:
    one = png(text="a headline of a page")
    assert picture_likeness(one, one) == 1
    other = picture_likeness(one, png(text="a headline of a page", colour="grey"))
    assert other is not None and other < 0.3


@pytest.mark.parametrize("broken", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n" + b"\0" * 200])
def test_what_is_no_picture_has_no_likeness(broken: bytes) -> None:
    assert picture_likeness(png(), broken) is None
    assert picture_likeness(broken, png()) is None


def resource(key: str, type_: str = "image", *, method: str = "GET", status: int = 200) -> Resource:
    return Resource(key, method, type_, status, recorded=True)


@given(st.lists(st.sampled_from("abcdef")), st.sets(st.sampled_from("abcdefg")), st.sampled_from("abcdef"))
def test_more_that_loads_is_never_less(keys: list[str], loaded: set[str], more: str) -> None:
    resources = [resource(key) for key in keys]
    before, after = share_loaded(resources, loaded), share_loaded(resources, loaded | {more})
    assert (before is None) == (not keys)
    assert before is None or (after is not None and 0 <= before <= after <= 1)


def test_a_style_sheet_weighs_more_than_a_picture() -> None:
    resources = [resource("css", "stylesheet"), resource("img")]
    assert share_loaded(resources, {"css"}) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    "left_out",
    [
        resource("x", "ping"),
        resource("x", "websocket"),
        resource("x", "fetch", method="POST"),
        resource("x", status=404),
        resource("x", status=302),
        Resource("x", "GET", "image", None, recorded=False),
    ],
)
def test_what_no_replay_can_load_is_left_out(left_out: Resource) -> None:
    assert share_loaded([left_out], set()) is None
    assert share_loaded([left_out, resource("img")], {"img"}) == 1


@given(st.tuples(VALUE, VALUE, VALUE))
def test_a_score_is_the_weighted_mean_of_the_parts_that_have_a_value(values: tuple[float | None, ...]) -> None:
    parts = [Part(name, value) for name, value in zip(PartName, values, strict=True)]
    quality = scored(parts)
    valued = [part for part in parts if part.value is not None]
    if not valued:
        assert quality.score is None and quality.reason
        return
    assert quality.score is not None
    values_of = [part.value for part in valued if part.value is not None]
    assert min(values_of) - 1e-4 <= quality.score <= max(values_of) + 1e-4


def test_the_weights_add_up_to_one() -> None:
    assert sum(WEIGHTS.values()) == pytest.approx(1)


def test_what_a_crawl_did_not_keep_is_left_out_and_named() -> None:
    quality = quality_of(Seen("a text", None, None), Replayed("a text", png(), set()))
    assert quality.score == 1
    assert [part.reason for part in quality.parts] == [
        "the crawl made no screenshot",
        None,
        "the crawl kept no list of resources",
    ]


def test_an_equal_replay_is_one() -> None:
    picture = png(text="words")
    seen = Seen("words", picture, [resource("img")])
    assert quality_of(seen, Replayed("words", picture, {"img"})).score == 1


def test_text_alone_is_below_half() -> None:
    seen = Seen("words", png(text="words", colour="grey"), [resource("css", "stylesheet"), resource("img")])
    quality = quality_of(seen, Replayed("words", png(text="words"), set()))
    assert quality.score is not None and quality.score < 0.5


def test_a_missing_page_is_zero() -> None:
    quality = missing_page("gone")
    assert (quality.score, quality.reason) == (0, "gone")
    assert all(part.value is None for part in quality.parts)
