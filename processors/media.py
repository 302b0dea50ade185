"""Media: what kind of thing the bytes are, told by the bytes alone, and what was read from them."""

from dataclasses import dataclass

from processors.digest import Digest
from processors.fingerprint import Fingerprint


@dataclass(frozen=True, slots=True)
class MediaReading:
    """What was read from one media file.

    ``width`` and ``height`` in pixels of the upright picture; ``frames`` more than 1 for animated pictures;
    ``duration_s`` seconds of video or animation; ``metadata`` what the file says of itself (EXIF, container),
    as (name, value) in file order; ``decoder`` the software that read it, with version.
    ``refused`` says in words why there are no hashes; None where the file was read.
    """

    sha256: Digest
    media_type: str | None
    width: int | None
    height: int | None
    hashes: tuple[Fingerprint, ...]
    refused: str | None
    frames: int | None = None
    duration_s: float | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    decoder: str | None = None
