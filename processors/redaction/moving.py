"""Covers regions of a video and stretches of sound, and encodes what is left anew, by the ffmpeg program.

In: content and its type, regions and muted stretches. Out: an MP4 (H.264, AAC) of the first picture and sound
track, or of sound alone a FLAC; other tracks, subtitles, chapters, cover pictures and metadata are dropped.
Regions are filled in the decoded pictures, and samples set to zero, before anything is encoded. Sound is muted
a little before and after (`SOUND_MARGIN_S`), and pictures are covered so, too (`PICTURE_MARGIN_S`): codecs
smear what they encode over their blocks. Raises `NotDrawableError`, ``NoProgram``. Source: ffmpeg-filters(1)
9.0, drawbox, volume, asetnsamples (read 2026-11-30).
"""

import os
import time
from collections.abc import Sequence

from processors.fingerprints.image import ImageLimits
from processors.media.ffmpeg_process import running
from processors.media.video import DEMUXERS, opened
from processors.redaction.pages import NotDrawableError
from processors.redaction.regions import GREY
from processors.redaction.steps import CoveredRegion, CoverStyle, MutedSound

SOUND_MARGIN_S = 0.1
PICTURE_MARGIN_S = 0.05
LOSSY_SHARE = 0.02
"""Of the sides: how much further than drawn a region of a video reaches on each side."""
SECONDS = 1800.0
LONGEST_RESULT_BYTES = 1 << 30
CHUNK_BYTES = 1 << 20
SOUND_DEMUXERS = {
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/flac": "flac",
    "audio/mp4": "mov",
}
"""Media type to the one demuxer that may touch it."""
NOTHING_OF_IT = ("-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-flags", "+bitexact")
ONE_THREAD = ("-threads", "1", "-filter_threads", "1")


def is_moving(media_type: str) -> bool:
    """Whether the type is a video or sound that can be covered here."""
    return media_type in DEMUXERS or media_type in SOUND_DEMUXERS


def redact_moving(
    content: bytes, media_type: str, regions: Sequence[CoveredRegion], sounds: Sequence[MutedSound]
) -> tuple[bytes, str]:
    """The redacted copy and its type."""
    is_video = media_type in DEMUXERS
    if not is_moving(media_type):
        raise NotDrawableError(f"stretches of the type {media_type} cannot be covered")
    if regions and not is_video:
        raise NotDrawableError("it is sound alone, and has no picture in which a region could be covered")
    file = os.memfd_create("medium")
    try:
        with os.fdopen(os.dup(file), "wb") as sink:
            sink.write(content)
        found = _encoded(file, media_type, regions, sounds)
    finally:
        os.close(file)
    return found, "video/mp4" if is_video else "audio/flac"


def _encoded(file: int, media_type: str, regions: Sequence[CoveredRegion], sounds: Sequence[MutedSound]) -> bytes:
    is_video = media_type in DEMUXERS
    demuxer = DEMUXERS.get(media_type) or SOUND_DEMUXERS[media_type]
    sound = ("-af", _mute(sounds)) if sounds else ()
    chosen: tuple[str, ...]
    codecs: tuple[str, ...]
    target: tuple[str, ...]
    if is_video:
        shape = "crop=trunc(iw/2)*2:trunc(ih/2)*2:0:0"
        filters = ",".join(("format=rgb24", *map(_box, regions), shape, "format=yuv420p"))
        chosen = ("-map", "0:V:0", "-map", "0:a:0?", "-sn", "-dn", "-vf", filters)
        codecs = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-c:a", "aac", "-b:a", "128k")
        target = ("-movflags", "frag_keyframe+empty_moov+default_base_moof", "-f", "mp4")
    else:
        chosen, codecs, target = ("-map", "0:a:0", "-vn"), ("-c:a", "flac"), ("-f", "flac")
    arguments = [
        *("-loglevel", "error", *opened(file, demuxer, ImageLimits())),
        *(*chosen, *sound, *codecs, *NOTHING_OF_IT, *ONE_THREAD, *target, "pipe:1"),
    ]
    messages, found = bytearray(), bytearray()
    with running(file, arguments, messages, time.monotonic() + SECONDS) as output:
        while part := output.some(CHUNK_BYTES):
            found += part
            if len(found) > LONGEST_RESULT_BYTES:
                raise NotDrawableError(f"the redacted copy is larger than {LONGEST_RESULT_BYTES} bytes")
        late, code = output.late, output.exit_code()
    if late or code != 0 or not found:
        message = " ".join(messages.decode("utf-8", "replace").split())[:300]
        raise NotDrawableError(
            "it took too long" if late else f"it cannot be encoded anew: {message or 'no frames'}"
        )
    return bytes(found)


def _box(region: CoveredRegion) -> str:
    left, top = max(0.0, region.left - LOSSY_SHARE), max(0.0, region.top - LOSSY_SHARE)
    right, bottom = min(1.0, region.right + LOSSY_SHARE), min(1.0, region.bottom + LOSSY_SHARE)
    colour = "black" if region.style is CoverStyle.BLACK else f"0x{GREY:02x}{GREY:02x}{GREY:02x}"
    place = (
        f"x=floor(iw*{left:.5f}):y=floor(ih*{top:.5f}):w=ceil(iw*{right - left:.5f})+1"
        f":h=ceil(ih*{bottom - top:.5f})+1"
    )
    return f"drawbox={place}:color={colour}@1.0:t=fill{_while(region.from_s, region.to_s, PICTURE_MARGIN_S)}"


def _mute(sounds: Sequence[MutedSound]) -> str:
    """Samples in small groups, so that a stretch begins and ends where it should."""
    silent = ",".join(f"volume=0{_while(each.from_s, each.to_s, SOUND_MARGIN_S)}" for each in sounds)
    return f"asetnsamples=n=64:p=0,{silent},asetnsamples=n=1024:p=0"


def _while(from_s: float | None, to_s: float | None, margin: float) -> str:
    if from_s is None and to_s is None:
        return ""
    begins = 0.0 if from_s is None else max(0.0, from_s - margin)
    ends = "1e9" if to_s is None else f"{to_s + margin:.3f}"
    return f":enable='between(t,{begins:.3f},{ends})'"
