"""Takes captures out of the catalogue with all that was derived from them, when their records were purged.

In: a connection of the writer, in a transaction. Guaranteed: what is left is what the files that are left give: no
text and no record that only these captures had, and nothing that a revisit had read from their payloads. Files
from which something else is read now are marked as unread, and search indexes are made anew.
"""

from collections.abc import Collection, Sequence
from typing import Final

from sqlalchemy import Connection, Text, delete, select, text, update
from sqlalchemy.dialects.postgresql import array

from storage.catalogue.crawl_counts import count_files
from storage.catalogue.earlier_readings import forget_earlier
from storage.catalogue.records import drop_unreferenced
from storage.catalogue.tables import (
    captures,
    occurrences,
    outcomes,
    page_texts,
    readings,
    sightings,
    source_changes,
    warcs,
)

AT_ONCE: Final = 1000


def forget_captures(connection: Connection, gone: Collection[str], dependents: Collection[str]) -> tuple[str, ...]:
    """Remove the captures ``gone``, and what the ``dependents``, which stay, had read from them.

    Returns the media that nothing shows any more; `storage.similarity.compare.forget_media` takes them away.
    """
    depicted = _depicted(connection, gone)
    affected = [*gone, *dependents, *depicted]
    shown = _media_of(connection, affected)
    files = _files_of(connection, affected)
    for some in _parts(affected):
        connection.execute(
            delete(source_changes).where(source_changes.c.capture_ids.op("&&")(array(some, type_=Text)))
        )
        for derived in (page_texts, sightings, readings, outcomes):
            connection.execute(delete(derived).where(derived.c.capture_id.in_(some)))
        forget_earlier(connection, some)
    for some in _parts([*gone, *dependents]):
        connection.execute(delete(occurrences).where(occurrences.c.capture_id.in_(some)))
    _mark_unread(connection, [*dependents, *depicted])
    for some in _parts([*gone]):
        connection.execute(delete(captures).where(captures.c.id.in_(some)))
    count_files(connection, files)
    drop_unreferenced(connection)
    connection.execute(text("SELECT changes.note_everything()"))
    return tuple(_unshown(connection, shown))


def _parts(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE)]


def _depicted(connection: Connection, gone: Collection[str]) -> list[str]:
    """Exchanges that stay and whose rendering goes: they are read again, in its place."""
    rendering = captures.alias("rendering")
    query = (
        select(captures.c.id)
        .join(rendering, rendering.c.refers_to_id == captures.c.record_id)
        .where(rendering.c.id.in_(list(gone)), rendering.c.url.like("urn:dom:%"), captures.c.id.not_in(list(gone)))
    )
    return list(connection.scalars(query))


def _media_of(connection: Connection, ids: Sequence[str]) -> list[str]:
    found: set[str] = set()
    for some in _parts(ids):
        found.update(connection.scalars(select(occurrences.c.sha256).where(occurrences.c.capture_id.in_(some))))
    return sorted(found)


def _files_of(connection: Connection, ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for some in _parts(ids):
        found.update(connection.scalars(select(captures.c.warc_key).where(captures.c.id.in_(some))))
    return found


def _mark_unread(connection: Connection, ids: Sequence[str]) -> None:
    for some in _parts(ids):
        of = select(captures.c.warc_key).where(captures.c.id.in_(some))
        connection.execute(update(warcs).where(warcs.c.key.in_(of)).values(processed_with=None))


def _unshown(connection: Connection, shown: Sequence[str]) -> list[str]:
    left: set[str] = set()
    for some in _parts(shown):
        left.update(connection.scalars(select(occurrences.c.sha256).where(occurrences.c.sha256.in_(some))))
    return [each for each in shown if each not in left]
