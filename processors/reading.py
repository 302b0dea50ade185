"""One media file to its reading, in the calling process.

Limits on size, pixels and frames hold here; those on memory and time need a process of their own, so everything
that holds anything of value asks ``processors.decode.Decoders``. This module is for the worker processes behind
it, for a process that is already as expendable as they are, and for measuring the recipe.
"""

import json
from dataclasses import asdict
from typing import Any

import PIL

from processors.digest import Digest, sha256
from processors.fingerprint import Fingerprint, fingerprints
from processors.media import MediaReading, sniff
from processors.picture import FORMATS, Limits, Unreadable, read_picture

DECODER = f"pillow {PIL.__version__}"


def read_media(content: bytes, limits: Limits) -> MediaReading:
    """Read one file in this process; a file that cannot be read is refused with a reason, nothing is raised."""
    digest = sha256(content)
    if not content:
        return refusal(digest, None, "empty: no bytes")
    if len(content) > limits.content_bytes:
        return refusal(digest, None, f"too large: {len(content)} bytes, the limit is {limits.content_bytes}")
    media_type = sniff(content)
    if media_type not in FORMATS:
        return refusal(digest, media_type, f"no decoder for {media_type or 'bytes of unknown kind'}")
    try:
        picture = read_picture(content, media_type, limits)
        hashes = fingerprints(picture)
    except Unreadable as reason:
        return refusal(digest, media_type, str(reason))
    except MemoryError:
        return refusal(digest, media_type, f"too large: needs more memory than {limits.memory_bytes >> 20} MB")
    except Exception as error:  # a decoder raises whatever a damaged file makes it trip over
        return refusal(digest, media_type, f"damaged: {str(error) or type(error).__name__}")
    return MediaReading(
        sha256=digest,
        media_type=media_type,
        width=picture.width,
        height=picture.height,
        hashes=hashes,
        refused=None,
        frames=picture.frames,
        metadata=picture.metadata,
        decoder=DECODER,
    )


def refusal(digest: Digest, media_type: str | None, reason: str) -> MediaReading:
    """A reading that says why there is nothing to compare."""
    return MediaReading(digest, media_type, None, None, (), reason, decoder=DECODER)


def to_text(reading: MediaReading) -> bytes:
    """A reading as JSON, for the way from a worker."""
    fields = asdict(reading)
    fields["sha256"] = str(reading.sha256)
    fields["hashes"] = [[h.algorithm, h.version, h.hex, h.quality] for h in reading.hashes]
    return json.dumps(fields).encode()


def from_text(text: bytes) -> MediaReading:
    """The reading a worker sent; raises ``ValueError``, ``TypeError`` or ``KeyError`` when it is none."""
    fields: dict[str, Any] = json.loads(text)
    fields["sha256"] = Digest.parse(fields["sha256"])
    fields["hashes"] = tuple(
        Fingerprint(a, v, bytes.fromhex(bits), quality) for a, v, bits, quality in fields["hashes"]
    )
    fields["metadata"] = tuple((name, value) for name, value in fields["metadata"])
    return MediaReading(**fields)
