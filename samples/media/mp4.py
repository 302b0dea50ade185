"""Short videos as MP4 files: a scene passes by under a slow pan, one key frame a second.

The file plays in any browser; its video track is what ``h264`` writes. Source: ISO/IEC 14496-12 (boxes) and
14496-15 (``avc1``).
"""

import struct
from functools import lru_cache

from PIL import Image

from samples.media.h264 import key_frame, picture_parameters, sequence_parameters, still_frame
from samples.media.scenes import scene

FRAMES_PER_SECOND = 5
TIMESCALE = 1000  # units per second
MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box: length, kind, content."""
    content = b"".join(parts)
    return struct.pack(">I4s", 8 + len(content), kind) + content


def full_box(kind: bytes, flags: int, *parts: bytes) -> bytes:
    """A box with version 0 and flags."""
    return box(kind, struct.pack(">I", flags), *parts)


def sample_entry(width: int, height: int, sps: bytes, pps: bytes) -> bytes:
    """The ``avc1`` entry with its decoder configuration."""
    configuration = box(
        b"avcC",
        struct.pack(">5BBH", 1, sps[1], sps[2], sps[3], 0xFF, 0xE1, len(sps)),
        sps,
        struct.pack(">BH", 1, len(pps)),
        pps,
    )
    fixed = struct.pack(">6xH16xHHIIIH32sHh", 1, width, height, 0x480000, 0x480000, 0, 1, b"", 24, -1)
    return box(b"avc1", fixed, configuration)


def sample_table(entry: bytes, sizes: list[int], key_frames: list[int], offset: int) -> bytes:
    """Where each frame lies: one chunk of frames of equal duration, starting at ``offset`` in the file."""
    return box(
        b"stbl",
        full_box(b"stsd", 0, struct.pack(">I", 1), entry),
        full_box(b"stts", 0, struct.pack(">III", 1, len(sizes), TIMESCALE // FRAMES_PER_SECOND)),
        full_box(b"stss", 0, struct.pack(f">I{len(key_frames)}I", len(key_frames), *key_frames)),
        full_box(b"stsc", 0, struct.pack(">4I", 1, 1, len(sizes), 1)),
        full_box(b"stsz", 0, struct.pack(f">II{len(sizes)}I", 0, len(sizes), *sizes)),
        full_box(b"stco", 0, struct.pack(">II", 1, offset)),
    )


def movie(width: int, height: int, entry: bytes, sizes: list[int], key_frames: list[int], offset: int) -> bytes:
    """The ``moov`` box of one video track."""
    duration = len(sizes) * TIMESCALE // FRAMES_PER_SECOND
    track = full_box(
        b"tkhd",
        3,
        struct.pack(">IIIII8x4H", 0, 0, 1, 0, duration, 0, 0, 0, 0),
        MATRIX,
        struct.pack(">II", width << 16, height << 16),
    )
    media = box(
        b"mdia",
        full_box(b"mdhd", 0, struct.pack(">IIIIHH", 0, 0, TIMESCALE, duration, 0x55C4, 0)),  # language "und"
        full_box(b"hdlr", 0, struct.pack(">I4s12x", 0, b"vide"), b"VideoHandler\0"),
        box(
            b"minf",
            full_box(b"vmhd", 1, bytes(8)),
            box(b"dinf", full_box(b"dref", 0, struct.pack(">I", 1), full_box(b"url ", 1))),
            sample_table(entry, sizes, key_frames, offset),
        ),
    )
    header = full_box(
        b"mvhd",
        0,
        struct.pack(">4IIH10x", 0, 0, TIMESCALE, duration, 0x10000, 0x100),
        MATRIX,
        bytes(24),
        struct.pack(">I", 2),
    )
    return box(b"moov", header, box(b"trak", track, media))


def views(name: str, width: int, height: int, seconds: int) -> list[Image.Image]:
    """One picture a second: a window moving across the scene."""
    whole = scene(name)
    window_high = 720
    window_wide = window_high * width // height
    room = (whole.width - window_wide, whole.height - window_high)
    steps = max(1, seconds - 1)
    corners = [(room[0] * step // steps, room[1] * step // steps) for step in range(seconds)]
    return [
        whole.crop((x, y, x + window_wide, y + window_high)).resize((width, height), Image.Resampling.LANCZOS)
        for x, y in corners
    ]


@lru_cache(maxsize=32)
def video_bytes(name: str, width: int, height: int, seconds: int) -> bytes:
    """An MP4 file of the scene; width and height are multiples of 16 pixels."""
    columns, rows = width // 16, height // 16
    frames: list[bytes] = []
    key_frames: list[int] = []
    for second, view in enumerate(views(name, width, height, seconds)):
        key_frames.append(len(frames) + 1)
        frames.append(key_frame(view, second))
        frames += [still_frame(columns * rows, since) for since in range(1, FRAMES_PER_SECOND)]
    framed = [struct.pack(">I", len(frame)) + frame for frame in frames]
    sizes = [len(frame) for frame in framed]
    entry = sample_entry(width, height, sequence_parameters(columns, rows), picture_parameters())
    kind = box(b"ftyp", b"isom", struct.pack(">I", 0x200), b"isomiso2avc1mp41")
    offset = len(kind) + len(movie(width, height, entry, sizes, key_frames, 0)) + 8
    return kind + movie(width, height, entry, sizes, key_frames, offset) + box(b"mdat", *framed)
