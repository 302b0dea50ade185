"""Which captures are hidden, and the labels of their rows: derived from ``ledger.hidden``, whoever writes that.

In: a connection of the writer, in a transaction. Guaranteed: after `apply_hiding` every capture that is withdrawn
or quarantined, and what was seen in it, has the label that says so, and every other the label of its file; what
search and changes have of it goes in the same transaction. Hidden is

- a capture that is named; of a medium, every capture with its bytes; of a record, every capture in which it was
  read, and the exchange that such a rendering depicts;
- with each of them the revisits that stand for it, and the renderings made of it: they show the same;
- what stands for a capture that was purged, also where it comes later.

So a record or medium that comes again is hidden again. The rules look only at ids and digests, never at content.
"""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    column,
    delete,
    func,
    or_,
    select,
    table,
    union,
    update,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP, array

from storage.access_labels import HIDDEN_LABELS
from storage.catalogue.compared_sources import begin_change
from storage.catalogue.crawl_counts import count_files
from storage.catalogue.tables import captures, occurrences, page_texts, sightings, source_changes, warcs

hidden: Final = table(
    "hidden",
    column("custody_seq", BigInteger),
    column("at", TIMESTAMP(timezone=True)),
    column("subject_kind", Text),
    column("subject_id", Text),
    column("basis", Text),
    column("label", Text),
    schema="ledger",
)
"""The view of what is hidden now."""

purged: Final = table(
    "purged",
    column("custody_seq", BigInteger),
    column("at", TIMESTAMP(timezone=True)),
    column("warc_key", Text),
    column("ordered", BigInteger),
    column("subject_kind", Text),
    column("subject_id", Text),
    column("basis", Text),
    column("capture_id", Text),
    column("record_id", Text),
    column("payload_digest", Text),
    schema="ledger",
)
"""The view of captures whose records are gone; what stood for them stays hidden."""

AT_ONCE: Final = 1000

_ANY_HIDDEN: Final = select(hidden.c.custody_seq).limit(1)


def hidden_captures() -> Select[Any]:
    """Every capture that is hidden, as ``id``, with ``label`` and ``custody_seq`` of each act that does so."""
    named = union(_named(true_for=None), _standing_for_purged(true_for=None)).subquery()
    seeds = select(named.c.id, named.c.label, named.c.custody_seq).cte("hidden_captures", recursive=True)
    target = captures.alias("target")
    follows = captures.alias("follows")
    dependent = (
        select(follows.c.id, seeds.c.label, seeds.c.custody_seq)
        .select_from(seeds)
        .join(target, target.c.id == seeds.c.id)
        .join(follows, _follows(follows, target))
    )
    closure = seeds.union(dependent)
    return select(closure.c.id, closure.c.label, closure.c.custody_seq)


def is_purged(connection: Connection, record_id: str) -> bool:
    """Whether a record with this id was purged."""
    return (
        connection.scalar(select(purged.c.custody_seq).where(purged.c.record_id == record_id).limit(1)) is not None
    )


def is_to_be_hidden(connection: Connection, capture_id: str) -> bool:
    """Whether this capture, as it was just read, is one that is to be hidden and is not yet."""
    if not connection.scalar(_ANY_HIDDEN):
        return False  # what is purged is withdrawn, too
    here, target = captures.alias("here"), captures.alias("target")
    named = union(_named(true_for=capture_id), _standing_for_purged(true_for=capture_id)).subquery()
    follows_hidden = (
        select(here.c.id)
        .join(target, _follows(here, target))
        .where(here.c.id == capture_id, target.c.access_label.in_(HIDDEN_LABELS))
    )
    open_still = select(captures.c.id).where(
        captures.c.id == capture_id, captures.c.access_label.not_in(HIDDEN_LABELS)
    )
    query = open_still.where(or_(select(named.c.id).exists(), follows_hidden.exists()))
    return connection.execute(query).first() is not None


def apply_hiding(connection: Connection) -> int:
    """Give every capture the label that the ledger says; returns how many had another."""
    found = hidden_captures().subquery()
    # of two acts the stricter one: withdrawn stands behind quarantined in the alphabet
    strictest = select(found.c.id, func.max(found.c.label).label("label")).group_by(found.c.id).cte("strictest")
    newly_hidden = (
        update(captures)
        .values(access_label=strictest.c.label)
        .where(captures.c.id == strictest.c.id, captures.c.access_label != strictest.c.label)
        .returning(captures.c.id, captures.c.source_id, captures.c.warc_key)
    )
    given_back = (
        update(captures)
        .values(access_label=warcs.c.access_label)
        .where(
            warcs.c.key == captures.c.warc_key,
            captures.c.access_label.in_(HIDDEN_LABELS),
            captures.c.access_label != warcs.c.access_label,
            captures.c.id.not_in(select(found.c.id)),
        )
        .returning(captures.c.id, captures.c.source_id, captures.c.warc_key)
    )
    changed = [*connection.execute(newly_hidden), *connection.execute(given_back)]
    for source_id in sorted({row.source_id for row in changed}):
        begin_change(connection, source_id)
    ids = [row.id for row in changed]
    for start in range(0, len(ids), AT_ONCE):
        _carry_over(connection, ids[start : start + AT_ONCE])
    count_files(connection, {row.warc_key for row in changed})
    return len(changed)


def _carry_over(connection: Connection, some: Sequence[str]) -> None:
    """Sightings get the label of their capture; what search reads is noted as changed; stored changes go."""
    connection.execute(
        update(sightings)
        .values(access_label=captures.c.access_label)
        .where(sightings.c.capture_id == captures.c.id, captures.c.id.in_(some))
    )
    # nothing of the text changes, but its label does, and the log of changes is filled from this table
    connection.execute(
        update(page_texts).values(capture_id=page_texts.c.capture_id).where(page_texts.c.capture_id.in_(some))
    )
    connection.execute(
        delete(source_changes).where(source_changes.c.capture_ids.op("&&")(array(some, type_=Text)))
    )


def _named(*, true_for: str | None) -> Any:
    """The captures that acts name, by what they name; of one capture alone where ``true_for`` is its id."""

    def only(capture_id: ColumnElement[Any]) -> list[ColumnElement[bool]]:
        return [] if true_for is None else [capture_id == true_for]

    def of_kind(kind: str, subject_id: ColumnElement[Any]) -> ColumnElement[bool]:
        return and_(hidden.c.subject_kind == kind, hidden.c.subject_id == subject_id)

    facts = hidden.c.label, hidden.c.custody_seq
    rendering, depicted = captures.alias("rendering"), captures.alias("depicted")
    itself = select(captures.c.id, *facts).join(hidden, of_kind("capture", captures.c.id))
    with_bytes = select(captures.c.id, *facts).join(hidden, of_kind("medium", captures.c.payload_digest))
    of_medium = select(occurrences.c.capture_id.label("id"), *facts).join(
        hidden, of_kind("medium", occurrences.c.sha256)
    )
    of_record = select(sightings.c.capture_id.label("id"), *facts).join(
        hidden, of_kind("record", sightings.c.record_id)
    )
    behind_rendering = (
        select(depicted.c.id, *facts)
        .select_from(sightings)
        .join(hidden, of_kind("record", sightings.c.record_id))
        .join(rendering, and_(rendering.c.id == sightings.c.capture_id, rendering.c.record_type == "resource"))
        .join(depicted, depicted.c.id == rendering.c.refers_to_id)
    )
    return union(
        itself.where(*only(captures.c.id)),
        with_bytes.where(*only(captures.c.id)),
        of_medium.where(*only(occurrences.c.capture_id)),
        of_record.where(*only(sightings.c.capture_id)),
        behind_rendering.where(*only(depicted.c.id)),
    )


def _standing_for_purged(*, true_for: str | None) -> Any:
    """What names a record that was purged; or is a revisit of its payload, which nothing else holds."""
    holder = captures.alias("holder")
    held = (
        select(holder.c.id)
        .where(holder.c.payload_digest == captures.c.payload_digest, holder.c.record_type != "revisit")
        .exists()
    )
    stands_for = or_(
        captures.c.refers_to_id == purged.c.record_id,
        and_(
            captures.c.record_type == "revisit",
            captures.c.refers_to_id.is_(None),
            captures.c.payload_digest == purged.c.payload_digest,
            ~held,
        ),
    )
    same_subject = and_(hidden.c.subject_kind == purged.c.subject_kind, hidden.c.subject_id == purged.c.subject_id)
    query = select(captures.c.id, hidden.c.label, hidden.c.custody_seq).select_from(captures)
    query = query.join(purged, stands_for).join(hidden, same_subject)
    return query if true_for is None else query.where(captures.c.id == true_for)


def _follows(follows: Any, target: Any) -> ColumnElement[bool]:
    """Whether one capture shows what the other is: it names that record, or its address, moment and payload."""
    return or_(
        follows.c.refers_to_id == target.c.record_id,
        and_(
            follows.c.record_type == "revisit",
            follows.c.payload_digest == target.c.payload_digest,
            follows.c.refers_to_url == target.c.url,
            follows.c.refers_to_at == target.c.captured_at,
        ),
    )
