"""One medium: what it is, where and when it was seen, in which group it is, what analysts said of it.

In: the archive, the digest of a medium, whom the answer is for. Out: JSON-ready values. What looks like it is in
`access.similar`.
"""

from typing import Any

from access.pictures import PICTURE_TYPES
from access.similar import said_row
from processors.digest import Digest
from processors.fingerprint import hash_rows
from storage.access_log import log_access
from storage.archive import Archive
from storage.captures import capture_json
from storage.judgements import said_of
from storage.media import group_of, medium, occurrences_of
from storage.visibility import EVERYONE, Viewer


def digest_of(text: str) -> Digest | None:
    """``sha256:<hex>`` or the bare digits; None for what is no sha256."""
    try:
        digest = Digest.parse(text if ":" in text else f"sha256:{text}")
    except ValueError:
        return None
    return digest if digest.algorithm == "sha256" else None


def one_medium(archive: Archive, sha256: str, *, viewer: Viewer = EVERYONE) -> dict[str, Any] | None:
    """One medium with every capture of these very bytes, oldest first, and its group.

    None where no capture of it is there that the viewer may see.
    """
    digest = digest_of(sha256)
    if digest is None:
        return None
    with archive.reader.begin() as connection:
        log_access(connection, actor=viewer.name, action="viewed", subject_id=str(digest))
        found = medium(connection, digest)
        captures = tuple(occurrences_of(connection, digest, viewer=viewer))
        group = group_of(connection, digest)
        said = said_of(connection, digest)
    if found is None or not captures:
        return None
    return {
        "kind": "medium",
        "sha256": str(found.sha256),
        "media_type": found.media_type,
        "length_bytes": found.length_bytes,
        "width": found.width,
        "height": found.height,
        "frames": found.frames,
        "duration_s": found.duration_s,
        "metadata": [{"name": name, "value": value} for name, value in found.metadata],
        "decoder": found.decoder,
        "refused": found.refused,
        "hashes": [row for each in found.hashes for row in hash_rows(each)],
        "group_id": None if group is None else group.id,
        "group": [] if group is None else [str(member) for member in group.members],
        "judgements": [said_row(each, digest) for each in said],
        "captures": [capture_json(capture) for capture in captures],
        "picture": found.media_type in PICTURE_TYPES,
    }
