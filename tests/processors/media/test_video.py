"""Videos and animations are read as the frames between which they move; copies, parts and stills find them."""

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from processors.fingerprints.fingerprint import Fingerprint
from processors.fingerprints.image import ImageLimits
from processors.fingerprints.video_frames import (
    LOOKS_PER_S,
    SCENE_CHANGE_BITS,
    FrameSample,
    read_frames,
    written_frames,
)
from processors.fingerprints.video_regions import MOST as MOST_REGIONS
from processors.fingerprints.video_regions import FrameRegions, read_frame_regions
from processors.media.decoder_pool import Decoders
from processors.media.ffmpeg import decoder_name, program
from processors.media.fingerprint_file import fingerprint_media, from_json
from processors.media.media_type import MediaFingerprints
from processors.similarity.clustering import cluster_media
from processors.similarity.index_rows import search_rows
from processors.similarity.match import links
from tests.processors.fingerprints.whole_pdq import pdq

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    with Decoders(workers=1) as processes:
        yield processes


def ffmpeg(*arguments: str, content: bytes = b"") -> bytes:
    """What the program makes of content, for tests alone."""
    command = [program(), "-v", "error", *arguments, "pipe:1"]
    return subprocess.run(command, input=content, capture_output=True, check=True).stdout


@cache
def moving(seed: int, seconds: int = 3) -> bytes:
    """A video whose picture wanders over a drawing, three scenes long, another one for every seed."""
    random = np.random.default_rng(seed)
    frames = []
    for _ in range(3):
        ground = Image.fromarray(random.integers(0, 255, (18, 32), np.uint8)).resize((900, 500), 3)
        for step in range(10 * seconds // 3):
            frames.append(
                np.asarray(ground.crop((12 * step, 6 * step, 12 * step + 480, 6 * step + 270))).tobytes()
            )
    return ffmpeg(
        *("-f", "rawvideo", "-pix_fmt", "gray", "-s", "480x270", "-r", "10", "-i", "pipe:0"),
        *(
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-pix_fmt",
            "yuv420p",
            "-movflags",
            "frag_keyframe+empty_moov",
            "-f",
            "mp4",
        ),
        content=b"".join(frames),
    )


def edited(content: bytes, *how: str) -> bytes:
    return ffmpeg("-i", "pipe:0", *how, "-movflags", "frag_keyframe+empty_moov", "-f", "mp4", content=content)


def a_still(content: bytes, at_s: float) -> bytes:
    return ffmpeg(
        "-i", "pipe:0", "-ss", str(at_s), "-frames:v", "1", "-f", "image2pipe", "-c:v", "png", content=content
    )


def linked(*contents: bytes) -> dict[str, object]:
    """The links of two files by algorithm."""
    return {
        link.algorithm: link for link in links([fingerprint_media(content, ImageLimits()) for content in contents])
    }


def test_a_video_has_its_size_length_and_frames_with_times() -> None:
    reading = fingerprint_media(moving(1), ImageLimits())
    assert (reading.media_type, reading.width, reading.height, reading.refused) == ("video/mp4", 480, 270, None)
    assert [found.name for found in reading.hashes] == ["vpdq/1", "vregions/2"]
    assert reading.decoder == decoder_name()
    frames = read_frames(reading.hashes[0].bits)
    assert frames["at_ms"][0] == 0
    assert np.all(frames["at_ms"][1:] == frames["until_ms"][:-1])
    assert frames["until_ms"][-1] == 3000
    assert {1000, 2000} <= set(frames["at_ms"].tolist()), "each scene begins with a frame of its own"


def test_a_worker_and_the_calling_process_read_the_same_video(decoders: Decoders) -> None:
    assert decoders.fingerprint(moving(1)) == fingerprint_media(moving(1), ImageLimits())


@pytest.mark.parametrize(
    ("how", "matched"),
    [
        (("-vf", "scale=320:-2", "-crf", "34"), "whole"),
        (("-vf", "hflip"), "mirrored"),
        (("-vf", "transpose=clock"), "turned right"),
        (("-vf", "setpts=1.3*PTS"), "whole"),
    ],
    ids=["small and re-compressed", "mirrored", "turned", "slower"],
)
def test_a_copy_is_the_same_video_throughout(how: tuple[str, ...], matched: str) -> None:
    a, b = (fingerprint_media(content, ImageLimits()) for content in (moving(1), edited(moving(1), *how)))
    (link,) = (link for link in links([a, b]) if link.algorithm == "vpdq")
    back = {"turned right": "turned left"}.get(matched, matched)
    assert link.matched == (matched if link.a == a.sha256 else back)
    assert min(link.share_a or 0, link.share_b or 0) > 0.8
    assert link.meaning == "the same video throughout"
    assert link.frames and all(distance <= 31 for _, _, distance in link.frames)


@pytest.mark.parametrize(
    "filters", ["crop=iw*0.75:ih*0.75", "pad=iw:ih*1.4:0:(oh-ih)/2", "drawbox=w=iw:h=ih*0.3:color=blue:t=fill"]
)
def test_a_cropped_framed_or_covered_copy_is_found_by_its_parts(filters: str) -> None:
    assert "regions" in linked(moving(2), edited(moving(2), "-vf", filters))


def test_a_part_cut_out_is_found_and_its_share_said_for_both() -> None:
    whole, part = (
        fingerprint_media(c, ImageLimits()) for c in (moving(3), edited(moving(3), "-ss", "1", "-t", "1"))
    )
    (link,) = (link for link in links([whole, part]) if link.algorithm == "vpdq")
    of_whole, of_part = (link.share_a, link.share_b) if link.a == whole.sha256 else (link.share_b, link.share_a)
    assert of_part == pytest.approx(1.0)
    assert of_whole == pytest.approx(1 / 3, abs=0.1)
    assert link.meaning == "one is a part of the other, or was cut from it"


@pytest.mark.parametrize("at_s", [0.0, 0.7, 1.4, 2.9])
def test_a_still_taken_from_a_video_finds_it_at_its_time(at_s: float) -> None:
    video, picture = (fingerprint_media(c, ImageLimits()) for c in (moving(4), a_still(moving(4), at_s)))
    (link,) = (link for link in links([picture], [video]) if link.algorithm == "vpdq")
    times = [time for pair in link.frames for time in pair[:2] if time is not None]
    assert min(abs(time - at_s) for time in times) <= 0.3
    assert link.meaning == "the picture is shown in the video, at the times named"
    assert cluster_media([link])


def test_different_videos_are_not_linked() -> None:
    assert links([fingerprint_media(moving(seed), ImageLimits()) for seed in (1, 2, 3, 4, 5)]) == ()


def test_what_two_videos_have_before_them_does_not_link_them() -> None:
    join = "[0:v]trim=0:0.8,setpts=PTS-STARTPTS,fps=10[a];[1:v]fps=10[b];[a][b]concat"
    with_opener = [_joined(join, moving(9), moving(seed)) for seed in (1, 2)]
    assert links([fingerprint_media(content, ImageLimits()) for content in with_opener]) == ()


def _joined(how: str, first: bytes, second: bytes) -> bytes:
    read_end, write_end = _pipe_of(first)
    try:
        command = [program(), "-v", "error", "-f", "mp4", "-i", f"pipe:{read_end}", "-f", "mp4", "-i", "pipe:0"]
        how_to_write = ["-filter_complex", how, "-movflags", "frag_keyframe+empty_moov", "-f", "mp4", "pipe:1"]
        return subprocess.run(
            [*command, *how_to_write], input=second, capture_output=True, check=True, pass_fds=[read_end]
        ).stdout
    finally:
        write_end()


def _pipe_of(content: bytes) -> tuple[int, Callable[[], None]]:
    import os
    import threading

    read_end, write_end = os.pipe()

    def feed() -> None:
        with os.fdopen(write_end, "wb") as sink:
            sink.write(content)

    feeder = threading.Thread(target=feed)
    feeder.start()

    def end() -> None:
        os.close(read_end)
        feeder.join()

    return read_end, end


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_an_animation_is_a_still_first_and_a_video_besides(kind: str) -> None:
    pictures = [Image.open(io.BytesIO(a_still(moving(6), at_s))) for at_s in (0.1, 1.1, 2.1)]
    file = io.BytesIO()
    pictures[0].save(file, kind, save_all=True, append_images=pictures[1:], duration=[300, 500, 700], loop=0)
    animation = fingerprint_media(file.getvalue(), ImageLimits())
    assert (animation.frames, animation.duration_s) == (3, 1.5)
    assert [found.algorithm for found in animation.hashes] == ["phash", "pdq", "regions", "vpdq", "vregions"]
    frames = read_frames(animation.hashes[3].bits)
    assert list(zip(frames["at_ms"].tolist(), frames["until_ms"].tolist(), strict=True)) == [
        (0, 300),
        (300, 800),
        (800, 1500),
    ]
    assert "vpdq" in {link.algorithm for link in links([fingerprint_media(moving(6), ImageLimits())], [animation])}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom", "damaged"),
        (b"\x1aE\xdf\xa3webm" + bytes(60), "damaged"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "damaged"),
        (b"FLV\x01\x05\x00\x00\x00\x09" + bytes(40), "damaged"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "no decoder for image/svg+xml"),
    ],
)
def test_what_is_no_video_is_refused_with_a_reason(decoders: Decoders, content: bytes, reason: str) -> None:
    reading = decoders.fingerprint(content)
    assert reading.hashes == ()
    assert reason in (reading.refused or "")


def test_sound_alone_is_refused_as_that(decoders: Decoders) -> None:
    sound = ffmpeg("-f", "lavfi", "-i", "sine=d=1", "-movflags", "frag_keyframe+empty_moov", "-f", "mp4")
    assert decoders.fingerprint(sound).refused == "no picture in it: sound alone"


def test_a_video_cut_off_gives_the_frames_before(decoders: Decoders) -> None:
    whole = moving(1)
    reading = decoders.fingerprint(whole[: len(whole) * 2 // 3])
    assert reading.refused is None
    assert 1 <= (reading.frames or 0) < 3 * LOOKS_PER_S


def test_a_video_that_takes_too_long_is_read_as_far_as_time_allows() -> None:
    long = ffmpeg("-f", "lavfi", "-i", "testsrc2=s=640x360:d=60:r=10", "-c:v", "mjpeg", "-f", "matroska")
    reading = fingerprint_media(long, ImageLimits(video_seconds=0.3))
    if reading.refused is None:
        assert dict(reading.metadata)["looked at"].startswith("the first ")
        assert (reading.frames or 0) < 60 * LOOKS_PER_S
    else:
        assert reading.refused.startswith("too slow: ")


def test_a_video_that_names_other_files_opens_none(decoders: Decoders, tmp_path: Path) -> None:
    secret = tmp_path / "secret.mp4"
    secret.write_bytes(moving(1))
    playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n" + str(secret).encode() + b"\n#EXT-X-ENDLIST\n"
    concat = b"ffconcat version 1.0\nfile " + str(secret).encode() + b"\n"
    for content in (playlist, concat):
        assert decoders.fingerprint(content).hashes == ()


def test_a_size_that_changes_on_the_way_is_read_on(decoders: Decoders) -> None:
    part = ("-c:v", "libx264", "-f", "mpegts")
    both = ffmpeg("-i", "pipe:0", *part, content=moving(1)) + ffmpeg(
        "-i", "pipe:0", "-vf", "scale=320:180", "-output_ts_offset", "3", *part, content=moving(2)
    )
    reading = decoders.fingerprint(both)
    assert (reading.media_type, reading.refused) == ("video/mp2t", None)
    assert read_frames(reading.hashes[0].bits)["until_ms"][-1] >= 5500


def test_rotation_of_the_container_is_applied() -> None:
    turned = ffmpeg("-display_rotation", "90", "-i", "pipe:0", "-c", "copy", "-f", "matroska", content=moving(1))
    reading = fingerprint_media(turned, ImageLimits())
    assert (reading.width, reading.height) == (270, 480)
    (link,) = (
        link for link in links([reading, fingerprint_media(moving(1), ImageLimits())]) if link.algorithm == "vpdq"
    )
    assert link.matched in ("turned left", "turned right")


def test_where_a_video_was_taken_is_kept() -> None:
    told = edited(moving(1), "-c", "copy", "-metadata", "location=+53.9006+027.5590/")
    assert ("location", "+53.9006+027.5590/") in fingerprint_media(told, ImageLimits()).metadata


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 5000)), min_size=1, max_size=40))
@settings(deadline=None, max_examples=40)
def test_every_look_lies_near_a_written_frame_of_its_time(shown: list[tuple[int, int]]) -> None:
    random = np.random.default_rng(5)
    pictures = [
        np.asarray(Image.fromarray(random.integers(0, 255, (9, 16), np.uint8)).resize((80, 64))) for _ in "0123"
    ]
    looks, at_ms = [], 0
    for picture, lasting in shown:
        looks.append(FrameSample(at_ms, at_ms + lasting, pictures[picture]))
        at_ms += lasting
    frames = read_frames(written_frames(looks).frames)
    assert frames["until_ms"][-1] == at_ms
    for look in looks:
        (standing,) = frames[(frames["at_ms"] <= look.at_ms) & (look.at_ms < frames["until_ms"])]
        here = np.frombuffer(pdq(look.luma)[0], np.uint8)
        assert int(np.bitwise_count(standing["bits"] ^ here).sum()) <= SCENE_CHANGE_BITS


def always_moving(count: int, seed: int = 9) -> list[FrameSample]:
    random = np.random.default_rng(seed)
    pictures = random.integers(0, 255, (count, 8, 8), np.uint8)
    return [
        FrameSample(at * 100, at * 100 + 100, np.asarray(Image.fromarray(picture).resize((64, 64))))
        for at, picture in enumerate(pictures)
    ]


def test_a_video_that_moves_too_much_is_written_to_its_end_by_fewer_frames(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("processors.fingerprints.video_frames.MOST_FRAMES", 20)
    written = written_frames(always_moving(300))
    frames = read_frames(written.frames)
    assert len(frames) <= 20
    assert (frames["at_ms"][0], frames["until_ms"][-1]) == (0, 30_000)
    assert list(frames["until_ms"][:-1]) == list(frames["at_ms"][1:])
    assert written.gap_ms == 1600
    assert all(np.diff(frames["at_ms"]) >= 1600)


def test_the_frames_of_a_long_video_that_are_searched_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    written = written_frames([*always_moving(120), *always_moving(120)]).frames
    video = (Fingerprint("vpdq", "1", written, 100),)
    monkeypatch.setattr("processors.similarity.index_rows.MOST_OF_VIDEO", 130)
    assert len(search_rows(video)["pdq/1"]) == 120  # what comes again is searched once
    monkeypatch.setattr("processors.similarity.index_rows.MOST_OF_VIDEO", 40)
    rows = search_rows(video)["pdq/1"]
    assert (len(rows), rows.at_ms[0], rows.at_ms[-1]) == (40, 0, 11_900)


@given(st.lists(st.integers(1, 9000), max_size=120))
@settings(deadline=None, max_examples=15)
def test_regions_of_few_frames_are_kept_from_the_whole_length(gaps: list[int]) -> None:
    random = np.random.default_rng(3)
    luma = np.asarray(Image.fromarray(random.integers(0, 255, (6, 8), np.uint8)).resize((64, 48)))
    kept, at_ms = FrameRegions(), 0
    for gap in gaps:
        kept.see(at_ms, luma)
        at_ms += gap
    times = [at for at, _ in read_frame_regions(kept.written())]
    assert len(times) <= MOST_REGIONS
    assert times == sorted(set(times))
    if gaps:
        assert times[0] == 0
        assert times[-1] >= at_ms - gaps[-1] - 2 * kept.gap_ms - 9000


# over captured videos


def named(realdata: Path) -> list[dict[str, str]]:
    labelled: list[dict[str, str]] = json.loads((realdata / "video/labels.json").read_text())
    return labelled


READING_FILES = """
import json, resource, sys
from pathlib import Path
from processors.media.decoder_pool import Decoders
from processors.media.fingerprint_file import to_json

contents = (Path(file).read_bytes() for file in sys.argv[1:])
with Decoders() as decoders:
    for reading in decoders.fingerprint_all(contents):
        print(to_json(reading).decode())
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@dataclass(frozen=True)
class Videos:
    """The captured videos as they were read, by file, and the most memory that a decoder held, in kilobytes."""

    readings: dict[str, MediaFingerprints]
    most_memory_kb: int


@pytest.fixture(scope="module")
def videos(realdata: Path) -> Videos:
    """Read in a process of its own, since the kernel counts the memory of every child this one ever had."""
    files = [each["file"] for each in named(realdata)]
    paths = [str(realdata / "video" / file) for file in files]
    command = [sys.executable, "-c", READING_FILES, *paths]
    *readings, memory = subprocess.run(command, check=True, capture_output=True).stdout.splitlines()
    return Videos(dict(zip(files, map(from_json, readings), strict=True)), int(memory))


@pytest.mark.realdata
def test_every_captured_video_is_read(videos: Videos) -> None:
    readings = videos.readings
    assert {name: reading.refused for name, reading in readings.items() if reading.refused} == {}
    assert all(reading.duration_s and reading.width and reading.metadata for reading in readings.values())
    assert videos.most_memory_kb < 1 << 20


@pytest.mark.realdata
def test_captured_videos_fall_into_their_labelled_groups(videos: Videos, realdata: Path) -> None:
    names = {reading.sha256: name for name, reading in videos.readings.items()}
    found = {
        frozenset(names[member] for member in cluster.members)
        for cluster in cluster_media(links(list(videos.readings.values())))
    }
    labelled: dict[str, set[str]] = {}
    for each in named(realdata):
        labelled.setdefault(each["group"], set()).add(each["file"])
    assert found == {frozenset(files) for files in labelled.values() if len(files) > 1}


@pytest.mark.realdata
def test_frames_agree_with_those_that_vpdq_publishes(videos: Videos, realdata: Path) -> None:
    published = re.compile(rb"^\d+,(\d+),([0-9a-f]{64}),([0-9.]+)", re.MULTILINE)
    far = []
    for name, reading in videos.readings.items():
        expected = (realdata / "video" / name).with_suffix(".expected-vpdq.txt")
        if not expected.exists():
            continue
        rows = published.findall(expected.read_bytes())
        times = np.array([float(at_s) for _, _, at_s in rows])
        theirs = np.array([list(bytes.fromhex(bits.decode())) for _, bits, _ in rows], np.uint8)
        frames = read_frames(reading.hashes[0].bits)
        for frame in frames[frames["quality"] >= 80]:
            near = np.abs(times - frame["at_ms"] / 1000) < 0.1
            far.append(int(np.bitwise_count(theirs[near] ^ frame["bits"]).sum(axis=1).min()))
    assert np.median(far) <= 4
    assert np.mean(np.array(far) <= 31) >= 0.97
