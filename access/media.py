"""Media that recur: where one was seen, and which others look like it.

In: the archive, the digest of a medium or the reading of a picture in hand, whom the answer is for. Out:
JSON-ready rows; those of kind ``similar`` have the keys of architecture section 7, the nearest first.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from access.pictures import PICTURE_TYPES
from processors.cluster import Link
from processors.digest import Digest
from processors.media import MediaReading
from storage.access_log import log_access
from storage.archive import Archive
from storage.captures import capture_json
from storage.comparing import Hashed, similar_to
from storage.media import group_of, links_of, medium, occurrences_of
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
        "hashes": [
            {"algorithm": each.algorithm, "version": each.version, "bits": each.hex, "quality": each.quality}
            for each in found.hashes
        ],
        "group_id": None if group is None else group.id,
        "captures": [capture_json(capture) for capture in captures],
        "picture": found.media_type in PICTURE_TYPES,
    }


def similar_media(archive: Archive, sha256: str, *, viewer: Viewer = EVERYONE) -> Iterator[dict[str, Any]]:
    """Media linked to one of the archive's own."""
    digest = digest_of(sha256)
    if digest is None:
        return
    with archive.reader.connect() as connection:
        links = links_of(connection, digest)
    yield from _similar_rows(archive, digest, links, file=None, viewer=viewer)


def similar_to_reading(
    archive: Archive, reading: MediaReading, *, file: str, viewer: Viewer = EVERYONE
) -> Iterator[dict[str, Any]]:
    """Media like a file in hand, which need not be in the archive; the very same bytes come first."""
    with archive.reader.connect() as connection:
        same = [capture.id for capture in occurrences_of(connection, reading.sha256, viewer=viewer)]
        links = similar_to(connection, Hashed(reading.sha256, reading.hashes), archive.hash_folder)
    if same:
        yield _row(file, reading.sha256, same, "sha256", 0, "the same file", None)
    yield from _similar_rows(archive, reading.sha256, links, file=file, viewer=viewer)


def by_medium(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of kind ``similar`` as one per medium, the nearest first, with ``reasons``: what makes it alike."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        medium_row = found.setdefault(row["sha256"], {**row, "reasons": []})
        medium_row["reasons"].append({name: row[name] for name in ("algorithm", "distance", "meaning")})
    return list(found.values())


def _similar_rows(
    archive: Archive, asked: Digest, links: Iterable[Link], *, file: str | None, viewer: Viewer
) -> Iterator[dict[str, Any]]:
    """A row per link; media of which the viewer may see no capture are left out."""
    with archive.reader.connect() as connection:
        for link in links:
            other = link.b if link.a == asked else link.a
            captures = [capture.id for capture in occurrences_of(connection, other, viewer=viewer)]
            if not captures:
                continue
            known = medium(connection, other)
            media_type = None if known is None else known.media_type
            yield _row(file, other, captures, link.algorithm, link.distance_bits, link.meaning, media_type)


def _row(
    file: str | None,
    sha256: Digest,
    capture_ids: list[str],
    algorithm: str,
    distance_bits: int,
    meaning: str,
    media_type: str | None,
) -> dict[str, Any]:
    return {
        "kind": "similar",
        "file": file,
        "sha256": str(sha256),
        "capture_ids": capture_ids,
        "algorithm": algorithm,
        "distance": distance_bits,
        "meaning": meaning,
        "picture": media_type in PICTURE_TYPES,
    }
