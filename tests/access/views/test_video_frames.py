"""Videos on the analysts' pages: matched frames side by side, drawn by the archive; and when it all was seen."""

import base64
import io
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image, ImageOps

from access.app import create_app
from access.rendering.occurrence_chart import MOST_LINES, STEP, chart
from access.views.video_frames import MOST_REMEMBERED, FrameCache
from crawlers.watchlist.source import Source
from pipeline.config.archive_factory import opened_archive
from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.seaweedfs import ObjectStoreServer
from processors.digest import sha256
from processors.media.decoder_pool import Decoders
from processors.media.frame_rendering import LONGEST_SIDE
from processors.media.thumbnails import draw
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_in
from storage.deposit.deposit import deposit_file
from storage.ledger.access_log import accesses_of
from storage.similarity.compare import link_new_media
from storage.similarity.media import upsert_medium
from tests.access.conftest import user_of_header
from tests.processors.media.test_video import edited, moving
from tests.shared_archive import shared_archive_settings
from tests.storage.crawled_files import NIGHT, crawl_one, exchange, response

OURS = {"Sec-Fetch-Site": "same-origin"}


def frame_of(content: bytes, at_ms: int) -> Image.Image:
    drawn = draw(content, [at_ms])[0]
    assert drawn is not None
    return Image.open(io.BytesIO(drawn)).convert("RGB")


def saved(image: Image.Image, kind: str) -> bytes:
    content = io.BytesIO()
    image.save(content, kind)
    return content.getvalue()


def still_of(content: bytes, at_ms: int) -> bytes:
    return saved(frame_of(content, at_ms), "PNG")


def alike(a: Image.Image, b: Image.Image) -> float:
    """Mean difference of levels at 32 x 32."""
    small = [np.asarray(each.convert("L").resize((32, 32)), dtype=np.float64) for each in (a, b)]
    return float(np.abs(small[0] - small[1]).mean())


@dataclass(frozen=True)
class Shown:
    archive: Archive
    captures: dict[str, Capture]
    files: dict[str, bytes]


VIDEO, COPY, STILL = (
    f"https://{name}.example/{file}"
    for name, file in (("first", "a.mp4"), ("second", "b.mp4"), ("third", "c.png"))
)


@pytest.fixture(scope="module")
def shown(
    postgres_server: PostgresServer,
    migrated_template: str,
    object_store_server: ObjectStoreServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Shown]:
    """A video, a smaller copy of it on another night, and a still from it on a third."""
    name = f"frames_{secrets.token_hex(4)}"
    data = tmp_path_factory.mktemp("data")
    video = moving(7)
    files = {VIDEO: video, COPY: edited(video, "-vf", "scale=320:-2"), STILL: still_of(video, 1500)}
    with (
        shared_archive_settings(postgres_server, migrated_template, object_store_server, data, name) as settings,
        opened_archive(settings) as archive,
    ):
        archive.objects.ensure_bucket()
        captures: dict[str, Capture] = {}
        for night, (url, content) in enumerate(files.items()):
            media_type = "video/mp4" if url.endswith("mp4") else "image/png"
            source = Source(id=url.split("/")[2].split(".")[0], kind="telegram", channel="kanal")
            at = NIGHT + timedelta(days=3 * night)
            items = [exchange(url, response(content, media_type), at=at)]
            path = crawl_one(tmp_path_factory.mktemp("spool"), items, source=source)
            deposited = deposit_file(archive, path)
            with archive.reader.connect() as connection:
                captures |= {capture.url: capture for capture in captures_in(connection, deposited.key)}
        with archive.writer.begin() as connection, Decoders(workers=1) as decoders:
            for url, content in files.items():
                upsert_medium(connection, captures[url], decoders.fingerprint(content), len(content))
            link_new_media(connection, archive.hash_folder)
        yield Shown(archive, captures, files)


@pytest.fixture
def analyst(shown: Shown) -> Iterator[TestClient]:
    with TestClient(create_app(lambda: shown.archive, user_of_header), headers={"X-User": "analyst"}) as client:
        yield client


def test_matched_frames_of_two_videos_stand_side_by_side(analyst: TestClient, shown: Shown) -> None:
    text = analyst.get(f"/medium/{sha256(shown.files[VIDEO])}").text
    lists = re.findall(r'<ol class="frames">(.*?)</ol>', text, re.DOTALL)
    pairs = re.findall(r'<div class="pair sensitive">(.*?)</div>', "".join(lists), re.DOTALL)
    sources = [re.findall(r'src="([^"]+)"', pair) for pair in pairs]
    both = [pair for pair in sources if all("/frame?" in source for source in pair)]
    assert both
    for ours, theirs in both[:2]:
        left, right = (Image.open(io.BytesIO(analyst.get(source).content)) for source in (ours, theirs))
        assert alike(left, right) < 8
    assert shown.captures[COPY].id.replace(":", "%3A") in text


def test_a_still_stands_beside_the_frame_that_it_was_taken_from(analyst: TestClient, shown: Shown) -> None:
    text = analyst.get(f"/medium/{sha256(shown.files[STILL])}").text
    video = shown.captures[VIDEO].id.replace(":", "%3A")
    frame = re.search(rf'src="(/capture/{video}/frame\?at_ms=\d+)" alt="Match, 0:0\d', text)
    assert frame is not None
    drawn = Image.open(io.BytesIO(analyst.get(frame[1]).content))
    assert alike(drawn, Image.open(io.BytesIO(shown.files[STILL]))) < 8


def test_a_frame_leaves_as_archived_bytes_do_and_is_written_down(analyst: TestClient, shown: Shown) -> None:
    capture = shown.captures[COPY]
    answer = analyst.get(f"/capture/{capture.id}/frame?at_ms=500")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox;")
    with shown.archive.reader.connect() as connection:
        assert ("analyst", "shown") in [(row.actor, row.action) for row in accesses_of(connection, capture.id)]


@pytest.mark.parametrize(("at_ms", "status"), [("99000000", 404), ("-1", 422), ("x", 422)])
def test_a_time_that_is_not_in_it_gives_nothing(
    analyst: TestClient, shown: Shown, at_ms: str, status: int
) -> None:
    assert analyst.get(f"/capture/{shown.captures[VIDEO].id}/frame?at_ms={at_ms}").status_code == status


def test_a_video_in_hand_is_drawn_beside_what_is_like_it(analyst: TestClient, shown: Shown) -> None:
    content = edited(shown.files[VIDEO], "-vf", "hflip")
    answer = analyst.post("/similar", files={"file": ("hand.mp4", content)}, headers=OURS)
    drawn = re.findall(r'src="data:image/jpeg;base64,([^"]+)" alt="This file, (0:0\d)', answer.text)
    assert drawn
    assert "/frame?at_ms=" in answer.text
    one = Image.open(io.BytesIO(base64.b64decode(drawn[0][0])))
    assert min(alike(ImageOps.mirror(one), frame_of(shown.files[VIDEO], at)) for at in range(0, 3000, 100)) < 8


def test_the_chart_shows_the_medium_and_its_copies_by_source(analyst: TestClient, shown: Shown) -> None:
    text = analyst.get(f"/medium/{sha256(shown.files[VIDEO])}").text
    svg = text[text.index("<svg") : text.index("</svg>")]
    assert [name for name in ("first", "second", "third") if f">{name}</text>" in svg] == [
        "first",
        "second",
        "third",
    ]
    assert (svg.count('class="own"'), svg.count('class="copy"')) == (1, 2)
    assert "style=" not in svg  # our pages allow no styles of their own


def test_frames_seen_lately_are_not_decoded_again(shown: Shown) -> None:
    frames, capture = FrameCache(), shown.captures[VIDEO]
    first = frames.frame(shown.archive, capture.id, 300)
    assert first is not None
    held = dict(frames._remembered)
    again = frames.frame(shown.archive, capture.id, 300)
    assert again is not None and b"".join(again.content) == held[capture.id, 300]
    for number in range(2 * MOST_REMEMBERED):
        frames._remember(f"other {number}", 0, b"x")
    assert len(frames._remembered) == MOST_REMEMBERED


@pytest.mark.parametrize("kind", ["TIFF", "AVIF", "JPEG2000", "PNG"])
def test_a_still_is_drawn_whatever_a_browser_knows(kind: str) -> None:
    image = frame_of(moving(3), 0).resize((900, 400))
    drawn = frame_of(saved(image, kind), 12_345)
    assert drawn.size == (LONGEST_SIDE, round(LONGEST_SIDE * 400 / 900))
    assert alike(drawn, image) < 8


def test_an_animation_is_drawn_at_the_time_asked_for() -> None:
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "lime", "blue")]
    content = io.BytesIO()
    frames[0].save(content, "GIF", save_all=True, append_images=frames[1:], duration=[200, 300, 400])
    drawn = [np.asarray(frame_of(content.getvalue(), at))[32, 32] for at in (0, 250, 899)]
    assert [int(pixel.argmax()) for pixel in drawn] == [0, 1, 2]


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x89PNG\r\n\x1a\n" + bytes(40), b"<svg/>"])
def test_what_cannot_be_read_is_not_drawn(content: bytes) -> None:
    assert draw(content, [0, 100]) == [None, None]


def rows(source: str, *days: int) -> list[dict[str, object]]:
    begin = datetime.fromisoformat("2026-11-01T00:00:00+00:00")
    return [
        {"capture_id": f"{source}-{day}", "captured_at": begin + timedelta(days=day), "source": source}
        for day in days
    ]


def test_one_moment_is_no_chart() -> None:
    assert chart(rows("a", 3)) is None
    assert chart(rows("a", 3), rows("b", 3)) is None


def test_marks_at_one_place_are_one_and_say_how_many() -> None:
    drawn = chart(rows("a", 0, 100), rows("b", 50) * 3)
    assert drawn is not None
    (line,) = (line for line in drawn.lines if line.name == "b")
    assert [(mark.count, mark.own) for mark in line.marks] == [(3, False)]
    assert "and 2 more until" in line.marks[0].description


def test_many_sources_share_the_last_line_and_nothing_is_lost() -> None:
    drawn = chart([row for number in range(80) for row in rows(f"s{number}", number)])
    assert drawn is not None
    assert len(drawn.lines) == MOST_LINES
    assert sum(mark.count for line in drawn.lines for mark in line.marks) == 80
    assert all(drawn.left <= mark.x <= drawn.right for line in drawn.lines for mark in line.marks)
    apart = [b.x - a.x for line in drawn.lines for a, b in zip(line.marks, line.marks[1:], strict=False)]
    assert min(apart) >= STEP
