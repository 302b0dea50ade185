"""Pictures for the eye out of hostile bytes: a still, or frames of a video or animation at given times, as pixels.

Runs in the expendable process of `processors.media.thumbnails`. In: an open file, its type, times in milliseconds.
Out: one `RenderedFrame` for each time, upright, in colour, over white, at most ``LONGEST_SIDE`` pixels long; None
where there is no picture at that time. Pixels, not a file of some format: whoever shows them encodes them and need
trust nothing.
"""

import io
import re
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import pi_heif
from PIL import Image, ImageFile, ImageOps

from processors.fingerprints.image import FORMATS, ImageLimits
from processors.media.ffmpeg import NoProgram
from processors.media.ffmpeg_process import running
from processors.media.video import DEMUXERS, STILLS, opened

LONGEST_SIDE = 480
HEADER_BYTES = 64
PIXELS = re.compile(rb"^P6 (\d+) (\d+) 255 $")
UNTOLD_MS = 100


@dataclass(frozen=True, slots=True)
class RenderedFrame:
    """Rows of red, green and blue, one byte each."""

    width: int
    height: int
    pixels: bytes


def can_draw(media_type: str | None) -> bool:
    """Whether there is a decoder for the type."""
    return media_type in FORMATS or media_type in DEMUXERS or media_type in STILLS


def render_frames(
    file: int, content: bytes, media_type: str, at_ms: Sequence[int], limits: ImageLimits
) -> list[RenderedFrame | None]:
    """What the file shows at these times, in their order; of a still the same at all."""
    deadline = time.monotonic() + limits.seconds
    ImageFile.LOAD_TRUNCATED_IMAGES = True  # a thumbnail shows of a damaged picture what there is
    if media_type in FORMATS:
        return _by_pillow(content, media_type, at_ms, limits)
    demuxer = DEMUXERS.get(media_type) or STILLS[media_type]
    return [_by_program(file, demuxer, at if media_type in DEMUXERS else None, limits, deadline) for at in at_ms]


def _by_program(
    file: int, demuxer: str, at_ms: int | None, limits: ImageLimits, deadline: float
) -> RenderedFrame | None:
    """One frame, found by going to the key frame before the time and on from there."""
    side = f"scale=w='min({LONGEST_SIDE},iw)':h='min({LONGEST_SIDE},ih)':force_original_aspect_ratio=decrease"
    arguments = [
        *("-loglevel", "error", *opened(file, demuxer, limits, None if at_ms is None else at_ms / 1000)),
        *("-map", "0:v:0", "-frames:v", "1", "-filter_threads", "1", "-threads", "1"),
        *("-vf", f"{side},format=rgb24", "-f", "image2pipe", "-c:v", "ppm", "pipe:1"),
    ]
    try:
        with running(file, arguments, bytearray(), deadline) as output:
            header = b" ".join(output.line(HEADER_BYTES) for _ in range(3)) + b" "
            size = PIXELS.match(header)
            if size is None or max(int(size[1]), int(size[2])) > LONGEST_SIDE:
                return None
            width, height = int(size[1]), int(size[2])
            pixels = output.exactly(width * height * 3)
    except NoProgram:
        return None
    return None if pixels is None else RenderedFrame(width, height, pixels)


def _by_pillow(
    content: bytes, media_type: str, at_ms: Sequence[int], limits: ImageLimits
) -> list[RenderedFrame | None]:
    if FORMATS[media_type] == ("HEIF",):
        pi_heif.register_heif_opener(thumbnails=False)
    found: dict[int, RenderedFrame] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as in ``processors.fingerprints.image``
        with Image.open(io.BytesIO(content), formats=FORMATS[media_type]) as image:
            if image.width * image.height > limits.pixels:
                return [None] * len(at_ms)
            frames = min(getattr(image, "n_frames", 1), limits.frames)
            begins = 0
            for number in range(frames):
                if number:
                    image.seek(number)
                ends = begins + int(image.info.get("duration") or UNTOLD_MS)
                wanted = [at for at in at_ms if begins <= at < ends or (number == 0 and frames == 1)]
                if wanted:
                    picture = _shown(image)
                    found.update(dict.fromkeys(wanted, picture))
                if len(found) == len(set(at_ms)):
                    break
                begins = ends
    return [found.get(at) for at in at_ms]


def _shown(image: Image.Image) -> RenderedFrame:
    if image.format in ("JPEG", "MPO"):
        image.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))
    image.load()
    upright = ImageOps.exif_transpose(image)
    if upright.mode.startswith("I"):
        upright = upright.point(lambda level: level / 256).convert("L")
    if upright.has_transparency_data:
        layer = upright.convert("RGBA")
        upright = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    picture = upright.convert("RGB")
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return RenderedFrame(picture.width, picture.height, picture.tobytes())
