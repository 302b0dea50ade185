"""What changed over all sources: the changes of each source, stored after its readings were compared.

In: a connection, a `ChangeQuestion`, whom the answer is for. Out: `SourceChange`s, the newest first, and how many
there are. Comparing a source reads all of its history (`storage.queries.changes`), so what came of it is stored in
the catalogue and made anew once its readings have changed; `not_compared` names the sources for which that has yet
to be done.

Guaranteed: a viewer is shown only changes whose proof they may see. Who may see every capture of a source gets
what comparing all of them gives, who may see those of the default label alone what comparing these gives. Who may
see more than these and less than all gets both, as far as they may see each proof; where a capture that they may
not see lies between two that they may, the change between the two is not in it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Connection,
    Text,
    and_,
    column,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    table,
    true,
)
from sqlalchemy.dialects.postgresql import array

from storage.access_labels import DEFAULT_LABEL, EVERYONE, HIDDEN_LABELS, Role, Viewer
from storage.catalogue.compared_sources import begin_comparison
from storage.catalogue.sources_of_files import sources_of_files, visible_file
from storage.catalogue.tables import captures, compared_sources, readings, source_changes
from storage.queries.changes import Change, ChangeKind, changes

ALL: Final = "all"
DEFAULT: Final = "default"

COUNTED_UP_TO: Final = 10_000
"""More are not counted: nobody pages through them, and counting would take longer than reading a page of them."""

ROWS_AT_ONCE: Final = 1000

_NOBODY: Final = Viewer("", Role.READER)
"""Whom no label is granted: sees what has the default label."""

_MEMBERS: Final = table("members", column("member", Text), column("label", Text), schema="ledger")


@dataclass(frozen=True, slots=True)
class ChangeQuestion:
    """Changes at a source (None: at all), from a moment (included) until another (excluded), of one kind."""

    source_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    kind: ChangeKind | None = None

    def admits(self, change: Change) -> bool:
        """Whether a change of the source is among those that are asked for."""
        return (
            (self.since is None or change.at >= self.since)
            and (self.until is None or change.at < self.until)
            and (self.kind is None or change.kind == self.kind)
        )


@dataclass(frozen=True, slots=True)
class SourceChange:
    """A change, and the source at which it was noticed."""

    source_id: str
    change: Change


def not_compared(connection: Connection, *, viewer: Viewer = EVERYONE) -> tuple[str, ...]:
    """The sources with files that have readings which are not compared yet, in the order of their ids."""
    every = sources_of_files()
    of_source = select(compared_sources.c.source_id).where(
        compared_sources.c.source_id == every.c.source_id, compared_sources.c.current
    )
    query = select(every.c.source_id).where(~of_source.exists(), visible_file(every.c.source_id, viewer))
    return tuple(connection.scalars(query.order_by(every.c.source_id)))


def stored_for(connection: Connection, source_id: str, *, viewer: Viewer = EVERYONE) -> bool:
    """Whether the stored changes of the source are up to date, and the very ones for this viewer."""
    query = select(compared_sources.c.labels).where(
        compared_sources.c.source_id == source_id, compared_sources.c.current
    )
    labels = connection.scalar(query)
    if labels is None:
        return False
    theirs = {DEFAULT_LABEL, *connection.scalars(select(_MEMBERS.c.label).where(_MEMBERS.c.member == viewer.name))}
    return viewer.every_label or set(labels) <= theirs or set(labels) & theirs == {DEFAULT_LABEL}


def store_changes(connection: Connection, source_id: str) -> int | None:
    """Compare the source's readings and store what changed; None where they are being written at this moment.

    Returns how many changes there are. Takes as long as reading the source's history.
    """
    if not begin_comparison(connection, source_id):
        return None
    labels = _labels_of_source(connection, source_id)
    compared = {ALL: changes(connection, source_id)}
    if DEFAULT_LABEL in labels and len(labels) > 1:
        compared[DEFAULT] = changes(connection, source_id, viewer=_NOBODY)
    for stored in (source_changes, compared_sources):
        connection.execute(delete(stored).where(stored.c.source_id == source_id))
    connection.execute(insert(compared_sources).values(source_id=source_id, labels=labels, current=True))
    for name, found in compared.items():
        of_captures = _labels_of_captures(connection, found) if len(labels) > 1 else {}
        rows = [_row(source_id, name, number, each, of_captures, labels) for number, each in enumerate(found)]
        for start in range(0, len(rows), ROWS_AT_ONCE):
            connection.execute(insert(source_changes), rows[start : start + ROWS_AT_ONCE])
    return len(compared[ALL])


def stored_changes(
    connection: Connection, question: ChangeQuestion, *, viewer: Viewer = EVERYONE, limit: int, offset: int = 0
) -> tuple[SourceChange, ...]:
    """The changes that the question asks for, the newest first, without the first ``offset``."""
    query = (
        select(source_changes)
        .where(_matching(question), _shown_to(viewer))
        .order_by(source_changes.c.at.desc(), source_changes.c.source_id, source_changes.c.number.desc())
        .limit(limit)
        .offset(offset)
    )
    return tuple(SourceChange(row.source_id, _change_of(row)) for row in connection.execute(query))


def count_changes(connection: Connection, question: ChangeQuestion, *, viewer: Viewer = EVERYONE) -> int:
    """How many changes the question asks for; `COUNTED_UP_TO` stands for that many and more."""
    some = select(literal(1)).select_from(source_changes).where(_matching(question), _shown_to(viewer))
    counted = select(func.count()).select_from(some.limit(COUNTED_UP_TO).subquery())
    return int(connection.scalar(counted) or 0)


def count_by_kind(
    connection: Connection, question: ChangeQuestion, *, viewer: Viewer = EVERYONE
) -> Mapping[str, int]:
    """The same by kind of change; a kind of which there are none is not in it."""
    some = select(source_changes.c.kind).where(_matching(question), _shown_to(viewer))
    some_of_them = some.limit(COUNTED_UP_TO * 10).subquery()
    counted = select(some_of_them.c.kind, func.count().label("changes")).group_by(some_of_them.c.kind)
    return {row.kind: row.changes for row in connection.execute(counted)}


def _matching(question: ChangeQuestion) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [true()]
    if question.source_id is not None:
        conditions.append(source_changes.c.source_id == question.source_id)
    if question.since is not None:
        conditions.append(source_changes.c.at >= question.since)
    if question.until is not None:
        conditions.append(source_changes.c.at < question.until)
    if question.kind is not None:
        conditions.append(source_changes.c.kind == question.kind)
    return and_(*conditions)


def _shown_to(viewer: Viewer) -> ColumnElement[bool]:
    """The condition under which the viewer may be shown a stored change; the module says which they are shown."""
    of_all, of_default = source_changes.c.compared == ALL, source_changes.c.compared == DEFAULT
    if viewer.every_label:
        return of_all
    granted = func.array(
        select(_MEMBERS.c.label).where(_MEMBERS.c.member == viewer.name).scalar_subquery(), type_=ARRAY(Text)
    )
    theirs = func.array_append(granted, literal(DEFAULT_LABEL, Text), type_=ARRAY(Text))
    source_labels = (
        select(compared_sources.c.labels)
        .where(compared_sources.c.source_id == source_changes.c.source_id)
        .scalar_subquery()
    )
    sees_all = source_labels.bool_op("<@")(theirs)
    only_default = source_changes.c.labels == array([DEFAULT_LABEL], type_=Text)
    return or_(
        and_(of_all, sees_all),
        and_(of_default, ~sees_all),
        and_(
            of_all,
            ~sees_all,
            source_changes.c.labels.bool_op("<@")(theirs),
            ~only_default,
            # since when a thing that returned was missing may have been seen in a capture that they may not see
            source_changes.c.kind != "returned",
        ),
    )


def _labels_of_source(connection: Connection, source_id: str) -> list[str]:
    query = (
        select(captures.c.access_label)
        .distinct()
        .join(readings, readings.c.capture_id == captures.c.id)
        .where(readings.c.source_id == source_id, captures.c.access_label.not_in(HIDDEN_LABELS))
    )
    return sorted(connection.scalars(query))


def _labels_of_captures(connection: Connection, found: Iterable[Change]) -> dict[str, str]:
    ids = sorted({capture_id for change in found for capture_id in change.capture_ids})
    labels: dict[str, str] = {}
    for start in range(0, len(ids), ROWS_AT_ONCE):
        some = ids[start : start + ROWS_AT_ONCE]
        query = select(captures.c.id, captures.c.access_label).where(captures.c.id.in_(some))
        labels |= {row.id: row.access_label for row in connection.execute(query)}
    return labels


def _row(
    source_id: str,
    compared: str,
    number: int,
    change: Change,
    labels: Mapping[str, str],
    labels_of_source: list[str],
) -> dict[str, Any]:
    of_proof = sorted({labels[each] for each in change.capture_ids}) if labels else labels_of_source
    return {
        "source_id": source_id,
        "compared": compared,
        "number": number,
        "at": change.at,
        "kind": change.kind,
        "record_id": change.record_id,
        "record_kind": change.record_kind,
        "natural_key": change.natural_key,
        "version_ids": list(change.version_ids),
        "capture_ids": list(change.capture_ids),
        "fields": list(change.fields),
        "since": change.since,
        "labels": of_proof,
    }


def _change_of(row: Any) -> Change:
    return Change(
        kind=row.kind,
        record_id=row.record_id,
        record_kind=row.record_kind,
        natural_key=row.natural_key,
        version_ids=tuple(row.version_ids),
        capture_ids=tuple(row.capture_ids),
        fields=tuple(row.fields),
        at=row.at,
        since=row.since,
    )
