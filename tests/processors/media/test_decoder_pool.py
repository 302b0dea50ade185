"""Hostile and odd files are read or refused with a reason; nothing they do reaches us."""

import base64
import io
import json
import os
import signal
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from processors.digest import sha256
from processors.fingerprints.image import ImageLimits
from processors.media import decoder_pool
from processors.media.decoder_pool import Decoders
from processors.media.ffmpeg import program
from processors.media.fingerprint_file import fingerprint_media, from_json, to_json
from processors.media.media_type import MediaFingerprints

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    with Decoders(workers=2) as processes:
        yield processes


def scene(width: int = 400, height: int = 300) -> Image.Image:
    """A picture with structure at every scale, the same every time."""
    steps = np.random.default_rng(11).normal(size=(height, width))
    surface = np.cumsum(np.cumsum(steps, axis=0), axis=1) + 30 * steps
    return Image.fromarray(((surface - surface.min()) / np.ptp(surface) * 255).astype(np.uint8))


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def png(width: int, height: int, rows: bytes) -> bytes:
    """A grey PNG that says it has this size, whatever its rows hold."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def test_a_photo_gets_all_fingerprints(decoders: Decoders) -> None:
    content = saved(scene(), "JPEG")
    reading = decoders.fingerprint(content)
    assert (reading.sha256, reading.media_type, reading.width, reading.height) == (
        sha256(content),
        "image/jpeg",
        400,
        300,
    )
    assert [(found.name, len(found.bits)) for found in reading.hashes] == [
        ("phash/1", 8),
        ("pdq/1", 32),
        ("regions/2", 1653),
    ]
    assert reading.refused is None


def test_a_worker_and_the_calling_process_read_the_same(decoders: Decoders) -> None:
    content = saved(scene(), "WEBP")
    assert decoders.fingerprint(content) == fingerprint_media(content, ImageLimits())


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "JPEG2000"])
def test_the_same_picture_in_other_formats_stays_near(kind: str) -> None:
    jpeg, other = (fingerprint_media(saved(scene(), form), ImageLimits()) for form in ("JPEG", kind))
    for algorithm, distance_bits in (("phash", 2), ("pdq", 10)):
        a, b = (
            next(found for found in reading.hashes if found.algorithm == algorithm) for reading in (jpeg, other)
        )
        assert (int(a.hex, 16) ^ int(b.hex, 16)).bit_count() <= distance_bits


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_gives_the_upright_picture(orientation: int) -> None:
    upright = scene()
    lying = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = upright if lying is None else upright.transpose(lying)
    reading = fingerprint_media(saved(stored, "PNG", exif=exif), ImageLimits())
    assert (reading.width, reading.height) == (400, 300)
    assert reading.hashes == fingerprint_media(saved(upright, "PNG"), ImageLimits()).hashes


def test_transparent_pixels_count_as_white() -> None:
    black = Image.new("RGBA", (400, 300), (0, 0, 0, 0))
    black.paste(scene(200, 150).convert("RGBA"), (100, 75))
    white = Image.new("RGB", (400, 300), "white")
    white.paste(scene(200, 150), (100, 75))
    assert (
        fingerprint_media(saved(black, "PNG"), ImageLimits()).hashes
        == fingerprint_media(saved(white, "PNG"), ImageLimits()).hashes
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty: no bytes"),
        (b"\xff\xd8\xff", "damaged"),
        (b"%PDF-1.4", "no decoder for application/pdf"),
        (b"words", "no decoder for bytes of unknown kind"),
        (png(50_000, 50_000, zlib.compress(bytes(100))), "too large"),
        (png(9_000, 9_000, zlib.compress(bytes(100))), "decompression bomb"),
        (png(100, 100, zlib.compress(bytes(100))), "damaged"),
    ],
    ids=lambda value: None if isinstance(value, bytes) else value,
)
def test_what_cannot_be_read_is_refused_with_a_reason(decoders: Decoders, content: bytes, reason: str) -> None:
    reading = decoders.fingerprint(content)
    assert reading.hashes == ()
    assert reading.refused is not None
    assert reason in reading.refused


def test_a_picture_that_needs_too_much_memory_is_refused_and_the_next_is_read() -> None:
    large = saved(Image.effect_noise((6000, 6000), 50).convert("RGBA"), "PNG", compress_level=1)
    with Decoders(workers=1, limits=ImageLimits(memory_bytes=280 << 20)) as tight:
        reading = tight.fingerprint(large)
        assert reading.refused == "too large: needs more memory than 280 MB"
        assert tight.fingerprint(saved(scene(), "JPEG")).refused is None


def test_a_file_that_takes_too_long_is_refused_and_the_next_is_read() -> None:
    slow = saved(Image.effect_noise((5000, 5000), 50), "PNG")
    with Decoders(workers=1, limits=ImageLimits(seconds=0.05)) as hasty:
        assert hasty.fingerprint(slow).refused == "decoding took longer than 0.05 s"
        hasty.limits = replace(hasty.limits, seconds=20)
        assert hasty.fingerprint(saved(scene(), "JPEG")).refused is None


def test_a_worker_that_dies_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []

    class Noted(decoder_pool._MediaWorker):
        def __init__(self, limits: ImageLimits) -> None:
            super().__init__(limits)
            started.append(self.process.pid)

    monkeypatch.setattr(decoder_pool, "_MediaWorker", Noted)
    content = saved(scene(), "JPEG")
    with Decoders(workers=1) as single:
        assert single.fingerprint(content).refused is None
        os.kill(started[0], signal.SIGKILL)
        assert single.fingerprint(content).refused == "the decoder was killed on it"
        assert single.fingerprint(content).refused is None
    assert len(started) == 2


def test_many_threads_may_ask_at_once(decoders: Decoders) -> None:
    contents = [saved(scene(300 + step, 300), "JPEG") for step in range(12)]
    answers: list[MediaFingerprints | None] = [None] * len(contents)

    def ask(place: int) -> None:
        answers[place] = decoders.fingerprint(contents[place])

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(len(contents))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.sha256 for answer in answers if answer] == [sha256(content) for content in contents]


def test_many_files_come_back_in_their_order(decoders: Decoders) -> None:
    contents = [saved(scene(300 + step, 300), "JPEG") for step in range(9)] + [b"noise"]
    assert [reading.sha256 for reading in decoders.fingerprint_all(contents)] == [sha256(c) for c in contents]


HEIC = base64.b64decode(
    "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAWNtZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAA"
    "AAAAAA5waXRtAAAAAAABAAAAImlsb2MAAAAAREAAAQABAAAAAAGHAAEAAAAAAAACZQAAACNpaW5mAAAAAAABAAAAFWluZmUC"
    "AAAAAAEAAGh2YzEAAAAA42lwcnAAAADEaXBjbwAAAHJodmNDAQQIAAAAAAAAAAAA//AA/Pz6+gAADwMgAAEAF0ABDAH//wQI"
    "AAADAJ34AAADAAD/ugJAIQABACdCAQEECAAAAwCd+AAAAwAA/8CCBp8rZbqrprmwIAAAAwAgAAADACEiAAEABkQBwXGLEgAA"
    "ABRpc3BlAAAAAAAAAEAAAABkAAAAKGNsYXAAAAAdAAAAAQAAAGQAAAAB////3QAAAAIAAAAAAAAAAgAAAA5waXhpAAAAAAEK"
    "AAAAF2lwbWEAAAAAAAAAAQABBIECgwQAAAJtbWRhdAAAAmEoAa4LZz47VmxnySx7NDMf//5AIcnwscN5McCRsE35DNDPQJfY"
    "VCES+NVol9kS+NVpEohdAD/E/T9+XXOiK7QmO5Mae7K1JoAASTw61utEEsxQkOP6yvmUQAAdBZm/Zn0F1tmK7d/ZV5NuVM7X"
    "ooAMrQAADtJI3EHeuGAxKF7i2LClgAAQ0HDGPdoT/Ua+ABjtS4s5OwA94oqLnaHFKWetmCflWUAAzUVHJGk483bEC2EI0gHr"
    "QAB0lB74EwLXZHflVeTo7GNPNT0NFr8AAD1IQVsGjyNmOVfl8yfYxcAANE+XvhWoqNsH2cdc3quXsjgDUvrY+ci9w1yFUW5p"
    "XUQAJ9seR68OaEVlUJfvO/WEQADiMj49P8E9/ebxMwEFPcfo2G2sIZEAAHGW4xkZFnX43djkGh4HDoADsJXnPIGiQNMUXHc/"
    "c2ychgCWHUv1G6tctq9pdZPu6gAUjU4c90Xbe5SPbjhW4+sYACxW+BYl3PpmwmNClWxIZvrEvGAipQAAlvRPfE1s97oJVHKm"
    "5kt7gAXipYHwVlZwAdIdDc/i1AmAASBexR9Bw4FFdgx7bfbZIAAew4gsIYWFSMPNaHl1extgAWm2+GQzM+OyNqkteSx3/4AA"
    "beEB61RtugfMpd6Let5duCngAADgMIpTOECKhiGlVmlxKOMADJRb9QZzv0+AxwmN6IZHbzwA0UP3c1v559DlReA//oAAw83j"
    "jPv7S6dY1Cy3A/kdwALxRu9+BK/l66RAA5+5p4wEAOOoMRL4/iFsMNMX+NWfQnIAAbhodP6BkmaYbFQoefAmPsijW9I="
)
"""``L_10__29x100.heif`` of the tests of github.com/bigcat88/pillow_heif (BSD-3-Clause): 29 x 100, 10 bit."""


def test_photos_of_iphones_are_read(decoders: Decoders) -> None:
    reading = decoders.fingerprint(HEIC)
    assert (reading.media_type, reading.width, reading.height, reading.refused) == ("image/heic", 29, 100, None)
    assert [found.name for found in reading.hashes] == ["phash/1", "pdq/1", "regions/2"]
    assert decoders.fingerprint(HEIC[:200]).refused


def test_jpeg_xl_is_read_by_the_program_and_stays_near(decoders: Decoders) -> None:
    picture = saved(scene(), "PNG")
    command = [program(), "-v", "error", "-i", "pipe:0", "-c:v", "libjxl", "-f", "image2pipe", "pipe:1"]
    jxl = subprocess.run(command, input=picture, capture_output=True, check=True).stdout
    other, reading = decoders.fingerprint(picture), decoders.fingerprint(jxl)
    assert (reading.media_type, reading.width, reading.height) == ("image/jxl", 400, 300)
    for algorithm, distance_bits in (("phash", 2), ("pdq", 10)):
        a, b = (next(each for each in read.hashes if each.algorithm == algorithm) for read in (other, reading))
        assert (int(a.hex, 16) ^ int(b.hex, 16)).bit_count() <= distance_bits


def test_no_process_outlives_the_block() -> None:
    before = _children()
    with Decoders(workers=2) as processes:
        list(processes.fingerprint_all([saved(scene(), "JPEG")] * 4))
        assert _children() - before
    deadline = time.monotonic() + 5
    while _children() - before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not _children() - before


def _children() -> set[str]:
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def test_a_reading_survives_the_way_from_a_worker() -> None:
    reading = fingerprint_media(saved(scene(), "JPEG"), ImageLimits())
    assert from_json(to_json(reading)) == reading


READING_A_FOLDER = """
import json, resource, sys
from pathlib import Path
from processors.media.decoder_pool import Decoders

with Decoders(workers=2) as decoders:
    paths = sorted(path for path in Path(sys.argv[1]).rglob("*") if path.is_file())
    readings = {path.name: decoders.fingerprint(path.read_bytes()) for path in paths}
found = {name: (reading.refused, len(reading.hashes)) for name, reading in readings.items()}
print(json.dumps([found, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss]))
"""


@pytest.mark.realdata
def test_every_odd_picture_is_read_or_refused_within_a_gigabyte(realdata: Path) -> None:
    # a process of its own, since the kernel counts the memory of every child this one ever had
    told = subprocess.run(
        [sys.executable, "-c", READING_A_FOLDER, str(realdata / "images/pillow-odd")],
        check=True,
        capture_output=True,
        text=True,
    )
    readings, most_memory_kb = json.loads(told.stdout)
    assert all((refused is None) == bool(hashes) for refused, hashes in readings.values()), readings
    assert {name for name, (refused, _) in readings.items() if refused} == {
        "broken.png",
        "decompression_bomb.gif",
        "zero_width.gif",
    }
    assert most_memory_kb < 1 << 20


def test_workers_end_when_their_parent_is_killed() -> None:
    program = (
        "import sys, time\n"
        "from processors.media.decoder_pool import Decoders\n"
        "with Decoders(workers=1) as decoders:\n"
        "    decoders.fingerprint(b'words')\n"
        "    worker = decoders._idle.get()\n"
        "    print(worker.process.pid, flush=True)\n"
        "    time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    worker = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while Path(f"/proc/{worker}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not Path(f"/proc/{worker}").exists()


@pytest.mark.realdata
def test_pictures_with_damaged_bytes_are_read_or_refused(realdata: Path, decoders: Decoders) -> None:
    random = np.random.default_rng(7)
    originals = [
        realdata / "images" / name
        for name in ("pillow/flower.webp", "pillow/flower2.jpg", "pillow/flower_thumbnail.png", "skimage/page.png")
    ]
    outcomes = set()
    for path in originals * 15:
        content = np.frombuffer(path.read_bytes(), np.uint8).copy()
        content[random.integers(0, len(content), 6)] = random.integers(0, 256, 6)
        reading = decoders.fingerprint(content.tobytes())
        assert (reading.refused is None) == bool(reading.hashes)
        outcomes.add(reading.refused is None)
    assert outcomes == {True, False}
