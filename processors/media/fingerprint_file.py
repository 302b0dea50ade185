"""One media file to its reading, in the calling process.

Limits on size, pixels and frames hold here; those on memory and time need a process of their own, so everything
that holds anything of value asks ``processors.media.decoder_pool.Decoders``. This module is for the worker
processes behind it, for a process that is already as expendable as they are, and for measuring the recipe.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import pi_heif
import PIL

from processors.digest import Digest, sha256
from processors.fingerprints.fingerprint import Fingerprint, fingerprints
from processors.fingerprints.image import FORMATS, ImageLimits, Picture, Unreadable, read_picture
from processors.fingerprints.video_frames import FrameSequence, read_frames, written_frames
from processors.media.animation import composited_frames
from processors.media.ffmpeg import NoProgram, decoder_name
from processors.media.media_type import DAMAGE, MediaFingerprints, sniff
from processors.media.video import DEMUXERS, STILLS, Video, looks_at, still

DECODER = f"pillow {PIL.__version__}, damaged pictures as far as shown"
PICTURE_HASHES = frozenset({"phash/1", "pdq/1", "regions/2"})
VIDEO_HASHES = frozenset({"vpdq/1", "vregions/2"})
ALL_HASHES = PICTURE_HASHES | VIDEO_HASHES


def fingerprint_media(content: bytes, limits: ImageLimits, file: int | None = None) -> MediaFingerprints:
    """Read one file in this process; a file that cannot be read is refused with a reason, nothing is raised.

    ``file`` is an open file with the same content, where the caller has one; video is read by way of it.
    """
    digest = sha256(content)
    if not content:
        return refusal(digest, None, "empty: no bytes")
    if len(content) > limits.content_bytes:
        return refusal(digest, None, f"too large: {len(content)} bytes, the limit is {limits.content_bytes}")
    media_type = sniff(content)
    try:
        if media_type in FORMATS:
            return _picture(content, digest, media_type, limits)
        if media_type in DEMUXERS or media_type in STILLS:
            with _as_file(content, file) as opened:
                read = _video if media_type in DEMUXERS else _still
                return read(opened, digest, media_type, limits)
    except Unreadable as reason:
        return refusal(digest, media_type, str(reason))
    except MemoryError:
        return refusal(digest, media_type, f"too large: needs more memory than {limits.memory_bytes >> 20} MB")
    except Exception as error:  # a decoder raises whatever a damaged file makes it trip over
        return refusal(digest, media_type, f"damaged: {str(error) or type(error).__name__}")
    return refusal(digest, media_type, NO_DECODER.get(media_type or "", _no_decoder(media_type)))


NO_DECODER = {"image/svg+xml": "no decoder for image/svg+xml: instructions to draw with fonts we lack, no pixels"}


def _no_decoder(media_type: str | None) -> str:
    return f"no decoder for {media_type or 'bytes of unknown kind'}"


def _picture(content: bytes, digest: Digest, media_type: str, limits: ImageLimits) -> MediaFingerprints:
    """A still, or an animation, which is a still first and a video besides."""
    picture = read_picture(content, media_type, limits)
    hashes, duration_s, metadata = fingerprints(picture), None, picture.metadata
    if picture.damage is not None:
        metadata = ((DAMAGE, picture.damage), *metadata)
    if picture.frames > 1 and hashes and picture.damage is None:
        shown = composited_frames(content, media_type, limits)
        frames = written_frames(shown)
        duration_s = shown.duration_s
        metadata = (*((("looked at", shown.cut),) if shown.cut else ()), *_thinned(frames), *metadata)
        hashes = (*hashes, *_of_frames(frames))
    return MediaFingerprints(
        sha256=digest,
        media_type=media_type,
        width=picture.width,
        height=picture.height,
        hashes=hashes,
        refused=None,
        frames=picture.frames,
        duration_s=duration_s,
        metadata=metadata,
        decoder=decoder_of(media_type),
    )


def _still(file: int, digest: Digest, media_type: str, limits: ImageLimits) -> MediaFingerprints:
    """A still that the video program reads."""
    facts = Video()
    luma = still(file, media_type, limits, facts)
    height, width = luma.shape
    picture = Picture(luma, 1, width, height, 1, facts.metadata)
    return MediaFingerprints(
        sha256=digest,
        media_type=media_type,
        width=facts.width or width,
        height=facts.height or height,
        hashes=fingerprints(picture),
        refused=None,
        frames=1,
        metadata=facts.metadata,
        decoder=facts.decoder,
    )


def _video(file: int, digest: Digest, media_type: str, limits: ImageLimits) -> MediaFingerprints:
    facts = Video()
    frames = written_frames(looks_at(file, media_type, limits, facts))
    return MediaFingerprints(
        sha256=digest,
        media_type=media_type,
        width=facts.width or None,
        height=facts.height or None,
        hashes=_of_frames(frames),
        refused=None,
        frames=facts.looks,
        duration_s=facts.duration_s,
        metadata=(*_thinned(frames), *facts.metadata),
        decoder=facts.decoder,
    )


def _thinned(written: FrameSequence) -> tuple[tuple[str, str], ...]:
    """A note on a video that moves so much that not every look could be written down."""
    if not written.gap_ms:
        return ()
    return (("frames compared", f"at most one in {written.gap_ms} ms: it moves more than is kept"),)


def _of_frames(written: FrameSequence) -> tuple[Fingerprint, ...]:
    """The fingerprints of a video; their quality is that of the best frame."""
    if not written.frames:
        return ()
    ground = int(read_frames(written.frames)["quality"].max())
    forms = (("vpdq", "1", written.frames), ("vregions", "2", written.regions))
    return tuple(Fingerprint(algorithm, version, form, ground) for algorithm, version, form in forms if form)


@contextmanager
def _as_file(content: bytes, file: int | None) -> Iterator[int]:
    if file is not None:
        yield file
        return
    opened = os.memfd_create("medium")
    try:
        with os.fdopen(os.dup(opened), "wb") as sink:
            sink.write(content)
        yield opened
    finally:
        os.close(opened)


def seconds_for(content: bytes, limits: ImageLimits) -> float:
    """How long a file may take, by what it is."""
    return limits.video_seconds + limits.seconds if sniff(content) in DEMUXERS else limits.seconds


def refusal(digest: Digest, media_type: str | None, reason: str) -> MediaFingerprints:
    """A reading that says why there is nothing to compare."""
    return MediaFingerprints(digest, media_type, None, None, (), reason, decoder=decoder_of(media_type))


def decoder_of(media_type: str | None) -> str:
    """The software of today that reads, or refuses, files of this type."""
    if media_type in ("image/heic", "image/heif"):
        return f"{DECODER}, libheif {pi_heif.libheif_version()}"
    if media_type not in DEMUXERS and media_type not in STILLS:
        return DECODER
    try:
        return decoder_name()
    except NoProgram:
        return "no ffmpeg"


def hashes_of_today(media_type: str | None, frames: int | None) -> frozenset[str]:
    """Names of the fingerprints that a file which can be read has at least."""
    if media_type in DEMUXERS:
        return frozenset({"vpdq/1"})
    return PICTURE_HASHES | ({"vpdq/1"} if (frames or 1) > 1 else set())


def to_json(reading: MediaFingerprints) -> bytes:
    """A reading as JSON, for the way from a worker."""
    fields = asdict(reading)
    fields["sha256"] = str(reading.sha256)
    fields["hashes"] = [[h.algorithm, h.version, h.hex, h.quality] for h in reading.hashes]
    return json.dumps(fields).encode()


def from_json(text: bytes) -> MediaFingerprints:
    """The reading a worker sent; raises ``ValueError``, ``TypeError`` or ``KeyError`` when it is none."""
    fields: dict[str, Any] = json.loads(text)
    fields["sha256"] = Digest.parse(fields["sha256"])
    fields["hashes"] = tuple(
        Fingerprint(a, v, bytes.fromhex(bits), quality) for a, v, bits, quality in fields["hashes"]
    )
    fields["metadata"] = tuple((name, value) for name, value in fields["metadata"])
    return MediaFingerprints(**fields)
