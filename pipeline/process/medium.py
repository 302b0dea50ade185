"""Reads a capture that is a picture or a video into its fingerprints.

In: a capture and the decoded body of it. Out: `CaptureResult`. A medium that was read before by the decoders and
fingerprints of today only gets one more occurrence.
"""

from sqlalchemy import Connection

from pipeline.process.result import CaptureResult
from processors.digest import Digest, sha256
from processors.media.decoder_pool import Decoders
from processors.media.fingerprint_file import decoder_of, hashes_of_today
from processors.media.media_type import MediaFingerprints, is_media, sniff
from storage.catalogue.captures import Capture
from storage.similarity.media import medium, upsert_medium, upsert_occurrence


def read_medium_capture(
    connection: Connection, capture: Capture, content: bytes, decoders: Decoders
) -> CaptureResult:
    """Keep the fingerprints of a whole medium; what is none, by its bytes, gives nothing."""
    if not is_media(sniff(content)):
        return CaptureResult()
    digest = sha256(content)
    if _is_known(connection, digest):
        upsert_occurrence(connection, capture.id, digest)
        return CaptureResult(medium=True)
    reading = decoders.fingerprint(content)
    upsert_medium(connection, capture, reading, len(content))
    return CaptureResult(medium=True, refused=reading.refused is not None)


def _is_known(connection: Connection, digest: Digest) -> bool:
    """Whether these bytes were read before by the fingerprints of today, or refused by the decoder of today."""
    known = medium(connection, digest)
    if known is None:
        return False
    if known.refused is not None:
        return known.decoder == decoder_of(known.media_type)
    return {each.name for each in known.hashes} >= hashes_of_today(known.media_type, known.frames)


def keep_large_medium(connection: Connection, capture: Capture) -> CaptureResult:
    """Keep one that is too large to decode, by its payload's digest alone.

    That is possible where the server called it a medium and sent it as it is.
    """
    if not is_media(capture.media_type) or capture.payload_digest is None or capture.status not in (None, 200):
        return CaptureResult()
    length = capture.payload_length_bytes or 0
    reading = MediaFingerprints(
        sha256=capture.payload_digest,
        media_type=capture.media_type,
        width=None,
        height=None,
        hashes=(),
        refused=f"too large: {length} bytes",
    )
    upsert_medium(connection, capture, reading, length)
    return CaptureResult(medium=True, refused=True)
