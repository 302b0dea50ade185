"""One video out of hostile bytes: what its container says, and its frames as luma, by way of the ffmpeg program.

Recipe 1 (part of the version of every fingerprint made from it): first video stream, turned upright by the
container's rotation, ``frames.LOOKS_PER_S`` frames a second by nearest time, scaled by area by 1/n, n the largest
of 1, 2, 4, 8 that leaves at least 256 pixels on the shorter side, luma of the stream in full range.

The program gets the bytes as an open file that it can only read, one demuxer chosen by ``sniff`` and no other, no
protocol that reaches anything else, one thread, limits on memory and pixels, and dies with us. A video that is cut
off or damaged gives the frames before that. Source: ffmpeg-all(1) 9.0, options as named there, read 2026-11-23.
"""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from processors.fingerprints.image import LONGEST_NOTE, MOST_NOTES, SHORT_SIDE, ImageLimits, Unreadable
from processors.fingerprints.video_frames import LOOKS_PER_S, STEP_MS, FrameSample
from processors.media.ffmpeg import NoProgram, decoder_name
from processors.media.ffmpeg_process import running

DEMUXERS = {
    "video/mp4": "mov",
    "video/quicktime": "mov",
    "video/3gpp": "mov",
    "video/webm": "matroska",
    "video/x-matroska": "matroska",
    "video/x-msvideo": "avi",
    "video/ogg": "ogg",
    "video/mpeg": "mpeg",
    "video/mp2t": "mpegts",
    "video/x-flv": "flv",
    "video/x-ms-asf": "asf",
    "video/x-ms-wmv": "asf",
}
STILLS = {"image/jxl": "jpegxl_pipe"}
"""Media type to the one demuxer that may touch it; stills that Pillow does not read come the same way."""

MOST_LOOKS = 4 * 3600 * LOOKS_PER_S
HEADER_BYTES = 256
DURATION = re.compile(r"^  Duration: (\d+):(\d\d):(\d\d\.\d+)", re.MULTILINE)
STREAM = re.compile(r"^  Stream #\d+:\d+.*?: Video: (.*?), (\d+)x(\d+)(?=[ ,])", re.MULTILINE)
ROTATION = re.compile(r"rotation of (-?\d+(?:\.\d+)?) degrees")
NOTE = re.compile(r"^ {4}(?: {2})?(\S[^:]*?) *: (.*)$")
FRAME_SIZE = re.compile(rb"^YUV4MPEG2 W(\d+) H(\d+) ")


@dataclass(slots=True)
class Video:
    """What the container says: size of the upright picture, seconds, notes; filled once all looks were taken.

    ``cut`` says in words why not all of it was looked at; None where it was.
    """

    width: int = 0
    height: int = 0
    duration_s: float | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    decoder: str = "ffmpeg"
    cut: str | None = None
    looks: int = 0
    messages: bytearray = field(default_factory=bytearray)


def looks_at(file: int, media_type: str, limits: ImageLimits, video: Video) -> Iterator[FrameSample]:
    """Frames of the open file in order of time; fills ``video``; raises ``Unreadable`` where there is none."""
    for luma in _frames(file, DEMUXERS[media_type], limits, video, f"fps={LOOKS_PER_S}", MOST_LOOKS):
        yield FrameSample((video.looks - 1) * STEP_MS, video.looks * STEP_MS, luma)
    _describe(video)
    if not video.looks:
        raise Unreadable(_why(video))


def still(file: int, media_type: str, limits: ImageLimits, video: Video) -> NDArray[np.uint8]:
    """The first picture of the open file as luma, scaled as frames are; fills ``video``; raises ``Unreadable``."""
    found = list(_frames(file, STILLS[media_type], limits, video, "null", 1))
    _describe(video)
    if not found:
        raise Unreadable(_why(video))
    return found[0]


def _frames(
    file: int, demuxer: str, limits: ImageLimits, video: Video, rate: str, most: int
) -> Iterator[NDArray[np.uint8]]:
    try:
        video.decoder = decoder_name()
    except NoProgram as missing:
        raise Unreadable(str(missing)) from missing
    deadline = time.monotonic() + limits.video_seconds
    with running(file, _arguments(file, demuxer, limits, rate, most), video.messages, deadline) as output:
        size = FRAME_SIZE.match(output.line(HEADER_BYTES))
        while size is not None and output.line(HEADER_BYTES).startswith(b"FRAME"):
            width, height = int(size[1]), int(size[2])
            frame = output.exactly(width * height)
            if frame is None:
                break
            video.looks += 1
            yield np.frombuffer(frame, np.uint8).reshape(height, width)
        if output.late:
            video.cut = f"looking took longer than {limits.video_seconds:g} s"
        elif video.looks == most > 1:
            video.cut = f"the limit is {most} looks"


def opened(file: int, demuxer: str, limits: ImageLimits, at_s: float | None = None) -> list[str]:
    """The program's arguments for its one input: by this demuxer alone, nothing else reached, from a time on."""
    return [
        *("-protocol_whitelist", "fd,pipe", "-threads", "1", "-max_pixels", str(limits.pixels)),
        *(() if at_s is None else ("-ss", f"{at_s:.3f}")),
        *("-f", demuxer, "-fd", str(file), "-i", "fd:"),
    ]


def _arguments(file: int, demuxer: str, limits: ImageLimits, rate: str, most: int) -> list[str]:
    shrink = "".join(f"if(gte(floor(min(iw,ih)/{n}),{SHORT_SIDE}),{n}," for n in (8, 4, 2)) + "1)))"
    scale = f"scale=w='ceil(iw/{shrink})':h='ceil(ih/{shrink})':flags=area"
    return [
        *("-loglevel", "info", *opened(file, demuxer, limits)),
        *("-map", "0:v:0", "-frames:v", str(most), "-filter_threads", "1", "-threads", "1"),
        *("-vf", f"{rate},{scale},format=gray", "-f", "yuv4mpegpipe", "-strict", "-1", "pipe:1"),
    ]


def _describe(video: Video) -> None:
    """Size, duration and notes from what the program said of its input."""
    messages = video.messages.decode("utf-8", "replace").partition("Input #")[2].partition("\nOutput #")[0]
    messages = messages.partition("\nStream mapping:")[0]
    lasting = DURATION.search(messages)
    if lasting:
        video.duration_s = int(lasting[1]) * 3600 + int(lasting[2]) * 60 + float(lasting[3])
    notes: list[tuple[str, str]] = []
    stream = STREAM.search(messages)
    if stream:
        video.width, video.height = int(stream[2]), int(stream[3])
        turned = ROTATION.search(messages, stream.end())
        if turned and round(float(turned[1])) % 180:
            video.width, video.height = video.height, video.width
        notes.append(("video stream", stream[1]))
    for line in messages.splitlines():
        note = NOTE.match(line)
        if note and note[1] != "Metadata":
            notes.append((note[1].strip(), _printable(note[2])))
    if video.cut:
        notes.insert(0, ("looked at", f"the first {video.looks // LOOKS_PER_S} s: {video.cut}"))
    video.metadata = tuple(dict.fromkeys(notes))[:MOST_NOTES]


def _why(video: Video) -> str:
    """Why there is no frame, in the program's last words that are not about itself."""
    if video.cut:
        return f"too slow: {video.cut}"
    words = [line.strip() for line in video.messages.decode("utf-8", "replace").splitlines() if line.strip()]
    if any("matches no streams" in line for line in words):
        return "no picture in it: sound alone"
    without_prefix = [re.sub(r"^\[[^\]]*\] *", "", line) for line in words if line.startswith("[")]
    reason = next((line for line in without_prefix if line), words[-1] if words else "the decoder said nothing")
    return f"damaged: {_printable(reason)}"


def _printable(value: str) -> str:
    return "".join(letter for letter in value[:LONGEST_NOTE] if letter.isprintable()).strip()
