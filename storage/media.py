"""Media in the catalogue: what they are, where they occurred, their fingerprints, and which look alike.

In: a capture and what a decoder read from its payload. Out: rows, and the questions about them. The bytes stay in
the WARC files. Guaranteed: writing the same reading twice changes nothing; every pair of fingerprints is compared
exactly once however many processes read media at once, and the outcome does not depend on their order.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, case, delete, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from processors.cluster import Cluster, Link, groups
from processors.digest import Digest
from processors.fingerprint import Fingerprint
from processors.match import links as links_among
from processors.media import MediaReading
from storage.captures import Capture, capture_of, captures_joined
from storage.catalogue_tables import captures as captures_table
from storage.catalogue_tables import fingerprints, group_members, links, media, occurrences
from storage.catalogue_tables import groups as groups_table
from storage.visibility import EVERYONE, Viewer, visible_to

LOCK_KEY: Final = 7_305_510_003
"""Advisory lock of the comparison: a number of our own; one process compares at a time."""


@dataclass(frozen=True, slots=True)
class Medium:
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


@dataclass(frozen=True, slots=True)
class Hashed:
    """A medium as far as comparing needs it."""

    sha256: Digest
    hashes: tuple[Fingerprint, ...]


def keep_medium(connection: Connection, capture: Capture, reading: MediaReading, length_bytes: int) -> None:
    """Write medium, fingerprints and that it occurred in this capture."""
    name = str(reading.sha256)
    row = {
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
    connection.execute(
        insert(media).values(sha256=name, **row).on_conflict_do_update(index_elements=["sha256"], set_=row)
    )
    for found in reading.hashes:
        connection.execute(
            delete(fingerprints).where(
                fingerprints.c.sha256 == name,
                fingerprints.c.algorithm == found.algorithm,
                fingerprints.c.version != found.version,
            )
        )
        values = {"bits": found.bits, "quality": found.quality}
        same = fingerprints.c.bits == found.bits
        connection.execute(
            insert(fingerprints)
            .values(sha256=name, algorithm=found.algorithm, version=found.version, compared=False, **values)
            .on_conflict_do_update(
                index_elements=fingerprints.primary_key.columns,
                set_={**values, "compared": fingerprints.c.compared & same},
            )
        )
    keep_occurrence(connection, capture.id, reading.sha256)


def keep_occurrence(connection: Connection, capture_id: str, sha256: Digest) -> None:
    """Write that a known medium occurred in a capture, too."""
    connection.execute(
        insert(occurrences)
        .values(capture_id=capture_id, sha256=str(sha256))
        .on_conflict_do_update(index_elements=["capture_id"], set_={"sha256": str(sha256)})
    )


def compare_new(connection: Connection) -> int:
    """Find the neighbours of every medium not compared yet and group anew what that touches; returns how many."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
    waiting = select(fingerprints.c.sha256).where(~fingerprints.c.compared).distinct()
    new = hashed(connection, fingerprints.c.sha256.in_(waiting))
    if not new:
        return 0
    names = [str(each.sha256) for each in new]
    connection.execute(delete(links).where(or_(links.c.a.in_(names), links.c.b.in_(names))))
    known = hashed(connection, fingerprints.c.sha256.not_in(waiting))
    found = links_among(new, known)
    if found:
        connection.execute(insert(links).on_conflict_do_nothing(), [_link_row(link) for link in found])
    connection.execute(update(fingerprints).where(fingerprints.c.sha256.in_(names)).values(compared=True))
    _group_again(connection, names)
    return len(new)


def hashed(connection: Connection, condition: Any) -> list[Hashed]:
    """Media with their fingerprints, in the order of their digests."""
    by_name: dict[str, list[Fingerprint]] = {}
    asked = select(fingerprints).where(condition).order_by(fingerprints.c.sha256, fingerprints.c.algorithm)
    for row in connection.execute(asked):
        by_name.setdefault(row.sha256, []).append(_fingerprint(row))
    return [Hashed(Digest.parse(name), tuple(hashes)) for name, hashes in by_name.items()]


def _group_again(connection: Connection, names: list[str]) -> None:
    """Everything that links reach from these media is grouped from nothing: the outcome knows no history."""
    reached = _reached(connection, names)
    old = select(group_members.c.group_id).where(group_members.c.sha256.in_(reached)).distinct()
    stale = list(connection.scalars(old))
    if stale:
        # a group may hold media that links no longer reach: they are grouped again with their own neighbours
        members = list(
            connection.scalars(select(group_members.c.sha256).where(group_members.c.group_id.in_(stale)))
        )
        reached = _reached(connection, sorted({*reached, *members}))
        connection.execute(delete(group_members).where(group_members.c.group_id.in_(stale)))
        connection.execute(delete(groups_table).where(groups_table.c.id.in_(stale)))
    among = select(links).where(links.c.a.in_(reached))
    for cluster in groups(_link(row) for row in connection.execute(among)):
        connection.execute(
            insert(groups_table).values(id=cluster.id, members=len(cluster.members)).on_conflict_do_nothing()
        )
        rows = [{"group_id": cluster.id, "sha256": str(member)} for member in cluster.members]
        connection.execute(insert(group_members).on_conflict_do_nothing(), rows)


def _reached(connection: Connection, names: list[str]) -> list[str]:
    """These media and all that chains of links reach from them."""
    reached = select(media.c.sha256.label("name")).where(media.c.sha256.in_(names)).cte("reached", recursive=True)
    other = case((links.c.a == reached.c.name, links.c.b), else_=links.c.a)
    onward = select(other).join(reached, or_(links.c.a == reached.c.name, links.c.b == reached.c.name))
    return [str(name) for name in connection.scalars(select(reached.union(onward).c.name))]


def medium(connection: Connection, sha256: Digest) -> Medium | None:
    """One medium; None where none of this digest was read."""
    row = connection.execute(select(media).where(media.c.sha256 == str(sha256))).first()
    if row is None:
        return None
    found = hashed(connection, fingerprints.c.sha256 == row.sha256)
    return Medium(
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
        hashes=found[0].hashes if found else (),
    )


def medium_of_capture(connection: Connection, capture_id: str) -> Digest | None:
    """The medium that a capture's payload is; None where it is none."""
    found = connection.scalar(select(occurrences.c.sha256).where(occurrences.c.capture_id == capture_id))
    return None if found is None else Digest.parse(found)


def occurrences_of(connection: Connection, sha256: Digest, *, viewer: Viewer = EVERYONE) -> Iterator[Capture]:
    """Every capture in which these very bytes occurred, oldest first."""
    asked = (
        captures_joined(viewer)
        .join(occurrences, occurrences.c.capture_id == captures_table.c.id)
        .where(occurrences.c.sha256 == str(sha256))
        .order_by(captures_table.c.captured_at, captures_table.c.id)
    )
    return (capture_of(row) for row in connection.execute(asked))


def links_of(connection: Connection, sha256: Digest) -> tuple[Link, ...]:
    """Every link from this medium to another, nearest first."""
    name = str(sha256)
    asked = select(links).where(or_(links.c.a == name, links.c.b == name))
    found = (_link(row) for row in connection.execute(asked))
    return tuple(sorted(found, key=lambda link: (link.distance_bits, link)))


def similar_to(connection: Connection, asked: Hashed) -> tuple[Link, ...]:
    """Links from a picture in hand, which need not be in the archive, to media that are; nearest first."""
    known = hashed(connection, fingerprints.c.sha256 != str(asked.sha256))
    return tuple(sorted(links_among([asked], known), key=lambda link: (link.distance_bits, link)))


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
    found = tuple(sorted(_link(row) for row in connection.execute(inside)))
    return Cluster(group_id, tuple(Digest.parse(name) for name in names), found)


def seen_by(connection: Connection, sha256: Digest, viewer: Viewer) -> bool:
    """Whether the viewer may see at least one capture of this medium."""
    asked = (
        select(occurrences.c.capture_id)
        .join(captures_table, captures_table.c.id == occurrences.c.capture_id)
        .where(occurrences.c.sha256 == str(sha256), visible_to(viewer, captures_table.c.access_label))
        .limit(1)
    )
    return connection.execute(asked).first() is not None


def _fingerprint(row: Any) -> Fingerprint:
    return Fingerprint(row.algorithm, row.version, bytes(row.bits), row.quality)


def _link(row: Any) -> Link:
    return Link(
        a=Digest.parse(row.a),
        b=Digest.parse(row.b),
        algorithm=row.algorithm,
        distance_bits=row.distance_bits,
        meaning=row.meaning,
        quality=row.quality,
        matched=row.matched,
    )


def _link_row(link: Link) -> dict[str, Any]:
    return {
        "a": str(link.a),
        "b": str(link.b),
        "algorithm": link.algorithm,
        "matched": link.matched,
        "distance_bits": link.distance_bits,
        "meaning": link.meaning,
        "quality": link.quality,
    }
