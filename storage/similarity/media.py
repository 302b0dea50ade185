"""Media in the catalogue: what they are, where they occurred, their fingerprints, and what was found alike.

In: a capture and what a decoder read from its payload. Out: rows, and the questions about them. The bytes stay in
the WARC files; `storage.similarity.compare` finds what is alike. Guaranteed: writing a reading twice changes
nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, and_, bindparam, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from processors.digest import Digest
from processors.fingerprints.fingerprint import Fingerprint
from processors.media.media_type import MediaFingerprints
from processors.similarity.clustering import Cluster, MediaLink
from storage.access_labels import EVERYONE, Viewer, visible_to
from storage.catalogue.captures import Capture, capture_of, captures_joined
from storage.catalogue.links import link_of
from storage.catalogue.row_arrays import arrays, insert_arrays
from storage.catalogue.tables import captures as captures_table
from storage.catalogue.tables import fingerprints, group_members, links, media, occurrences
from storage.similarity.hash_index import hashes_by_medium

# statements that every medium needs are made once: SQLAlchemy takes longer to make one than to send it
_ABOUT_MEDIUM: Final = (
    "media_type",
    "length_bytes",
    "width",
    "height",
    "frames",
    "duration_s",
    "metadata",
    "decoder",
    "refused",
)
_INSERT_MEDIUM: Final = insert(media)
_UPSERT_MEDIUM: Final = _INSERT_MEDIUM.on_conflict_do_update(
    index_elements=["sha256"], set_={name: _INSERT_MEDIUM.excluded[name] for name in _ABOUT_MEDIUM}
)
_DROP_OTHER_VERSIONS: Final = delete(fingerprints).where(
    fingerprints.c.sha256 == bindparam("of"),
    fingerprints.c.algorithm.in_(bindparam("algorithms", expanding=True)),
    (fingerprints.c.algorithm + "/" + fingerprints.c.version).not_in(bindparam("names", expanding=True)),
)
_INSERT_FINGERPRINTS: Final = insert_arrays(
    fingerprints, "sha256", "algorithm", "version", "bits", "quality", "compared"
)
_UPSERT_FINGERPRINTS: Final = _INSERT_FINGERPRINTS.on_conflict_do_update(
    index_elements=fingerprints.primary_key.columns,
    set_={
        "bits": _INSERT_FINGERPRINTS.excluded.bits,
        "quality": _INSERT_FINGERPRINTS.excluded.quality,
        "compared": and_(fingerprints.c.compared, fingerprints.c.bits == _INSERT_FINGERPRINTS.excluded.bits),
    },
)
_INSERT_OCCURRENCE: Final = insert(occurrences)
_UPSERT_OCCURRENCE: Final = _INSERT_OCCURRENCE.on_conflict_do_update(
    index_elements=["capture_id"], set_={"sha256": _INSERT_OCCURRENCE.excluded.sha256}
)
_MEDIUM: Final = select(media).where(media.c.sha256 == bindparam("of"))


@dataclass(frozen=True, slots=True)
class StoredMedium:
    """A medium and what was read from it; ``refused`` says why there are no fingerprints."""

    sha256: Digest
    media_type: str | None
    length_bytes: int
    width: int | None
    height: int | None
    frames: int | None
    duration_s: float | None
    metadata: tuple[tuple[str, str], ...]
    decoder: str | None
    refused: str | None
    hashes: tuple[Fingerprint, ...]


def upsert_medium(connection: Connection, capture: Capture, reading: MediaFingerprints, length_bytes: int) -> None:
    """Write medium, fingerprints and that it occurred in this capture."""
    name = str(reading.sha256)
    row = {
        "sha256": name,
        "media_type": reading.media_type,
        "length_bytes": length_bytes,
        "width": reading.width,
        "height": reading.height,
        "frames": reading.frames,
        "duration_s": reading.duration_s,
        "metadata": [list(pair) for pair in reading.metadata],
        "decoder": reading.decoder,
        "refused": reading.refused,
    }
    connection.execute(_UPSERT_MEDIUM, row)
    if reading.hashes:
        of_today = {
            "algorithms": [each.algorithm for each in reading.hashes],
            "names": [each.name for each in reading.hashes],
        }
        connection.execute(_DROP_OTHER_VERSIONS, {"of": name, **of_today})
        connection.execute(
            _UPSERT_FINGERPRINTS,
            arrays(
                [
                    {
                        "sha256": name,
                        "algorithm": found.algorithm,
                        "version": found.version,
                        "bits": found.bits,
                        "quality": found.quality,
                        "compared": False,
                    }
                    for found in reading.hashes
                ]
            ),
        )
    upsert_occurrence(connection, capture.id, reading.sha256)


def upsert_occurrence(connection: Connection, capture_id: str, sha256: Digest) -> None:
    """Write that a known medium occurred in a capture, too."""
    connection.execute(_UPSERT_OCCURRENCE, {"capture_id": capture_id, "sha256": str(sha256)})


def medium(connection: Connection, sha256: Digest) -> StoredMedium | None:
    """One medium; None where none of this digest was read."""
    row = connection.execute(_MEDIUM, {"of": str(sha256)}).first()
    if row is None:
        return None
    found = hashes_by_medium(connection, fingerprints.c.sha256 == row.sha256)
    return StoredMedium(
        sha256=sha256,
        media_type=row.media_type,
        length_bytes=row.length_bytes,
        width=row.width,
        height=row.height,
        frames=row.frames,
        duration_s=row.duration_s,
        metadata=tuple((name, value) for name, value in row.metadata),
        decoder=row.decoder,
        refused=row.refused,
        hashes=found.get(sha256, ()),
    )


def sniffed_type(connection: Connection, capture_id: str) -> str | None:
    """What the bytes of a captured medium are, empty where nobody knows; None of what was not read as a medium."""
    query = (
        select(func.coalesce(media.c.media_type, ""))
        .join(occurrences, occurrences.c.sha256 == media.c.sha256)
        .where(occurrences.c.capture_id == capture_id)
    )
    found = connection.scalar(query)
    return None if found is None else str(found)


def medium_of_capture(connection: Connection, capture_id: str) -> Digest | None:
    """The medium that a capture's payload is; None where it is none."""
    found = connection.scalar(select(occurrences.c.sha256).where(occurrences.c.capture_id == capture_id))
    return None if found is None else Digest.parse(found)


def occurrences_of(connection: Connection, sha256: Digest, *, viewer: Viewer = EVERYONE) -> Iterator[Capture]:
    """Every capture in which these very bytes occurred, oldest first."""
    query = (
        captures_joined(viewer)
        .join(occurrences, occurrences.c.capture_id == captures_table.c.id)
        .where(occurrences.c.sha256 == str(sha256))
        .order_by(captures_table.c.captured_at, captures_table.c.id)
    )
    return (capture_of(row) for row in connection.execute(query))


def links_of(connection: Connection, sha256: Digest) -> tuple[MediaLink, ...]:
    """Every link from this medium to another, nearest first."""
    name = str(sha256)
    query = select(links).where(or_(links.c.a == name, links.c.b == name))
    found = (link_of(row) for row in connection.execute(query))
    return tuple(sorted(found, key=lambda link: (link.distance_bits, link)))


def group_of(connection: Connection, sha256: Digest) -> Cluster | None:
    """The group of a medium with its members and the links that made it; None where it is in none."""
    group_id = connection.scalar(select(group_members.c.group_id).where(group_members.c.sha256 == str(sha256)))
    return None if group_id is None else group_by_id(connection, group_id)


def group_by_id(connection: Connection, group_id: str) -> Cluster | None:
    """One group."""
    names = list(
        connection.scalars(
            select(group_members.c.sha256).where(group_members.c.group_id == group_id).order_by("sha256")
        )
    )
    if not names:
        return None
    inside = select(links).where(links.c.a.in_(names), links.c.b.in_(names))
    found = tuple(sorted(link_of(row) for row in connection.execute(inside)))
    return Cluster(group_id, tuple(Digest.parse(name) for name in names), found)


def seen_of(connection: Connection, media_digests: Sequence[Digest], viewer: Viewer) -> tuple[Digest, ...]:
    """Those of the media of which the viewer may see at least one capture, in their order."""
    return tuple(each for each in media_digests if is_visible_to(connection, each, viewer))


def is_visible_to(connection: Connection, sha256: Digest, viewer: Viewer) -> bool:
    """Whether the viewer may see at least one capture of this medium."""
    query = (
        select(occurrences.c.capture_id)
        .join(captures_table, captures_table.c.id == occurrences.c.capture_id)
        .where(occurrences.c.sha256 == str(sha256), visible_to(viewer, captures_table.c.access_label))
        .limit(1)
    )
    return connection.execute(query).first() is not None
