"""One video out of hostile bytes: what its container says, and its frames as luma, by way of the ffmpeg program.

Recipe 1 (part of the version of every fingerprint made from it): first video stream, turned upright by the
container's rotation, ``frames.LOOKS_PER_S`` frames a second by nearest time, scaled by area by 1/n, n the largest
of 1, 2, 4, 8 that leaves at least 256 pixels on the shorter side, luma of the stream in full range.

The program gets the bytes as an open file that it can only read, one demuxer chosen by ``sniff`` and no other, no
protocol that reaches anything else, one thread, limits on memory and pixels, and dies with us. A video that is cut
off or damaged gives the frames before that. Source: ffmpeg-all(1) 9.0, options as named there, read 2026-11-23.
"""

import ctypes
import os
import re
import resource
import selectors
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from processors.ffmpeg_program import NoProgram, decoder_name, program
from processors.frames import LOOKS_PER_S, STEP_MS, Look
from processors.picture import LONGEST_NOTE, MOST_NOTES, SHORT_SIDE, Limits, Unreadable

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

PROGRAM_BYTES = 768 << 20
"""Address space of the program, beside our own limit: both together stay below a gigabyte of memory in use."""

MOST_LOOKS = 4 * 3600 * LOOKS_PER_S
SAID_BYTES = 64 << 10
HEADER_BYTES = 256
PIPE_BYTES = 1 << 20
DURATION = re.compile(r"^  Duration: (\d+):(\d\d):(\d\d\.\d+)", re.MULTILINE)
STREAM = re.compile(r"^  Stream #\d+:\d+.*?: Video: (.*?), (\d+)x(\d+)(?=[ ,])", re.MULTILINE)
ROTATION = re.compile(r"rotation of (-?\d+(?:\.\d+)?) degrees")
NOTE = re.compile(r"^ {4}(?: {2})?(\S[^:]*?) *: (.*)$")
FRAME_SIZE = re.compile(rb"^YUV4MPEG2 W(\d+) H(\d+) ")
PR_SET_PDEATHSIG = 1


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
    said: bytearray = field(default_factory=bytearray)


def looks_at(file: int, media_type: str, limits: Limits, video: Video) -> Iterator[Look]:
    """Frames of the open file in order of time; fills ``video``; raises ``Unreadable`` where there is none."""
    for luma in _frames(file, DEMUXERS[media_type], limits, video, f"fps={LOOKS_PER_S}", MOST_LOOKS):
        yield Look((video.looks - 1) * STEP_MS, video.looks * STEP_MS, luma)
    _describe(video)
    if not video.looks:
        raise Unreadable(_why(video))


def still(file: int, media_type: str, limits: Limits, video: Video) -> NDArray[np.uint8]:
    """The first picture of the open file as luma, scaled as frames are; fills ``video``; raises ``Unreadable``."""
    found = list(_frames(file, STILLS[media_type], limits, video, "null", 1))
    _describe(video)
    if not found:
        raise Unreadable(_why(video))
    return found[0]


def _frames(
    file: int, demuxer: str, limits: Limits, video: Video, rate: str, most: int
) -> Iterator[NDArray[np.uint8]]:
    try:
        video.decoder = decoder_name()
    except NoProgram as missing:
        raise Unreadable(str(missing)) from missing
    deadline = time.monotonic() + limits.video_seconds
    os.lseek(file, 0, os.SEEK_SET)
    process = subprocess.Popen(  # noqa: S603  the program of ``ffmpeg_program``; the content is no argument
        _command(file, demuxer, limits, rate, most),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"LC_ALL": "C.UTF-8"},
        pass_fds=[file],
        preexec_fn=_confine,  # safe: this process has one thread
    )
    try:
        reader = _Reader(process, video.said, deadline)
        header = reader.line(HEADER_BYTES)
        size = FRAME_SIZE.match(header)
        while size is not None and reader.line(HEADER_BYTES).startswith(b"FRAME"):
            width, height = int(size[1]), int(size[2])
            frame = reader.exactly(width * height)
            if frame is None:
                break
            video.looks += 1
            yield np.frombuffer(frame, np.uint8).reshape(height, width)
        if reader.late:
            video.cut = f"looking took longer than {limits.video_seconds:g} s"
        elif video.looks == most > 1:
            video.cut = f"the limit is {most} looks"
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def _command(file: int, demuxer: str, limits: Limits, rate: str, most: int) -> list[str]:
    shrink = "".join(f"if(gte(floor(min(iw,ih)/{n}),{SHORT_SIDE}),{n}," for n in (8, 4, 2)) + "1)))"
    scale = f"scale=w='ceil(iw/{shrink})':h='ceil(ih/{shrink})':flags=area"
    return [
        *(program(), "-hide_banner", "-nostdin", "-nostats", "-loglevel", "info"),
        *("-protocol_whitelist", "fd,pipe", "-threads", "1", "-max_pixels", str(limits.pixels)),
        *("-f", demuxer, "-fd", str(file), "-i", "fd:"),
        *("-map", "0:v:0", "-frames:v", str(most), "-filter_threads", "1", "-threads", "1"),
        *("-vf", f"{rate},{scale},format=gray", "-f", "yuv4mpegpipe", "-strict", "-1", "pipe:1"),
    ]


def _confine() -> None:
    """In the program's process, before it starts: die with us, and no more memory than this."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    _, hardest = resource.getrlimit(resource.RLIMIT_AS)
    allowed = PROGRAM_BYTES if hardest == resource.RLIM_INFINITY else min(PROGRAM_BYTES, hardest)
    resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))


class _Reader:
    """Both outputs of the program: frames as they are asked for, and the beginning of what it says."""

    def __init__(self, process: "subprocess.Popen[bytes]", said: bytearray, deadline: float) -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self.frames, self.words = process.stdout.fileno(), process.stderr.fileno()
        self.said, self.deadline, self.late = said, deadline, False
        self.waiting = bytearray()
        self.outputs = selectors.PollSelector()
        for output in (self.frames, self.words):
            self.outputs.register(output, selectors.EVENT_READ)

    def line(self, most: int) -> bytes:
        """The next line without its end; shorter or empty at the end of the output."""
        while (end := self.waiting.find(b"\n")) < 0 and len(self.waiting) < most and self._more():
            pass
        taken = bytes(self.waiting[: end if end >= 0 else most])
        del self.waiting[: len(taken) + 1]
        return taken

    def exactly(self, length: int) -> bytes | None:
        """So many bytes, or None where the output ends before."""
        while len(self.waiting) < length:
            if not self._more():
                return None
        taken = bytes(self.waiting[:length])
        del self.waiting[:length]
        return taken

    def _more(self) -> bool:
        """Take in what is there, waiting for it; False at the end of both outputs or of the time."""
        while self.outputs.get_map():
            ready = self.outputs.select(max(0.0, self.deadline - time.monotonic()))
            if not ready:
                self.late = True
                return False
            got = False
            for key, _ in ready:
                part = os.read(key.fd, PIPE_BYTES)
                if not part:
                    self.outputs.unregister(key.fd)
                elif key.fd == self.frames:
                    self.waiting += part
                    got = True
                elif len(self.said) < SAID_BYTES:
                    self.said += part
            if got:
                return True
        return False


def _describe(video: Video) -> None:
    """Size, duration and notes from what the program said of its input."""
    said = video.said.decode("utf-8", "replace").partition("Input #")[2].partition("\nOutput #")[0]
    said = said.partition("\nStream mapping:")[0]
    lasting = DURATION.search(said)
    if lasting:
        video.duration_s = int(lasting[1]) * 3600 + int(lasting[2]) * 60 + float(lasting[3])
    notes: list[tuple[str, str]] = []
    stream = STREAM.search(said)
    if stream:
        video.width, video.height = int(stream[2]), int(stream[3])
        turned = ROTATION.search(said, stream.end())
        if turned and round(float(turned[1])) % 180:
            video.width, video.height = video.height, video.width
        notes.append(("video stream", stream[1]))
    for line in said.splitlines():
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
    words = [line.strip() for line in video.said.decode("utf-8", "replace").splitlines() if line.strip()]
    if any("matches no streams" in line for line in words):
        return "no picture in it: sound alone"
    told = [re.sub(r"^\[[^\]]*\] *", "", line) for line in words if line.startswith("[")]
    reason = next((line for line in told if line), words[-1] if words else "the decoder said nothing")
    return f"damaged: {_printable(reason)}"


def _printable(value: str) -> str:
    return "".join(letter for letter in value[:LONGEST_NOTE] if letter.isprintable()).strip()
