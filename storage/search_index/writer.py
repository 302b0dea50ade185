"""Brings the index of a host up to date from the log of changes, and makes it anew.

In: the database as its reader sees it, and the folder of the index. Out: `Refreshed`. Guaranteed: what is read of
the index is always the catalogue as it was at one position or at a later one; position and documents are committed
together, so that a process killed at any moment loses nothing and repeats what it did not commit. The index is
made anew, beside the one in use, where there is none of this version or the log does not go back to its position.
One process writes at a time. Raises `IndexBusyError`, and the errors of the database.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Self, get_args

import tantivy
from sqlalchemy import Engine, text

from storage.search_index.change_log import (
    Changes,
    Position,
    Subject,
    changes_since,
    one_snapshot,
    present_position,
)
from storage.search_index.documents import PAGE_SUBJECT, page_documents, record_documents
from storage.search_index.folder import (
    current_index,
    new_index,
    rebuild_is_requested,
    remove_others,
    use,
    writer_lock,
)
from storage.search_index.schema import ID, POSITION, SUBJECT, WHAT, opened, schema

SUBJECTS: Final[tuple[Subject, ...]] = get_args(Subject)
BATCH: Final = 1_000
"""Subjects that are read from the database at once."""
COMMIT_EVERY: Final = 50_000
"""Subjects: what a killed writer repeats at most."""
HEAP_BYTES: Final = 64 << 20
REBUILD_HEAP_BYTES: Final = 256 << 20
POSITION_KEPT_S: Final = 3600.0
"""Seconds after which the position is written though nothing has changed, so that the log need not be kept."""

_SUBJECTS_AFTER: Final[Mapping[Subject, str]] = {
    "record": "SELECT id FROM catalogue.records WHERE id > :after ORDER BY id LIMIT :most",
    "page": "SELECT capture_id FROM catalogue.page_texts WHERE capture_id > :after"
    " ORDER BY capture_id LIMIT :most",
}

OnProgress = Callable[[int], None]
"""Called with the number of subjects that have been written."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What one refresh did: how many subjects it wrote, and whether it made the index anew."""

    subjects: int = 0
    made_anew: bool = False


class WritableIndex:
    """The index of a host as its one writer has it; used as a ``with`` block."""

    def __init__(self, reader: Engine, folder: Path) -> None:
        self._database = reader
        self._folder = folder
        self._held = ExitStack()
        self._writer: tantivy.IndexWriter | None = None
        self._position: Position | None = None
        self._committed_at = 0.0

    def __enter__(self) -> Self:
        self._held.enter_context(writer_lock(self._folder))
        self._open(current_index(self._folder))
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
        self._held.close()

    def refresh(self, on_progress: OnProgress = lambda _: None) -> Refreshed:
        """Write what has changed since the last time."""
        if self._position is None or self._writer is None or rebuild_is_requested(self._folder):
            return self.make_anew(on_progress)
        with one_snapshot(self._database) as connection:
            changes = changes_since(connection, self._position)
        if changes.everything:
            return self.make_anew(on_progress)
        if changes.subjects or time.monotonic() - self._committed_at > POSITION_KEPT_S:
            self._apply(self._writer, changes, on_progress)
        self._position = changes.position
        return Refreshed(len(changes.subjects))

    def make_anew(self, on_progress: OnProgress = lambda _: None) -> Refreshed:
        """Make the index from the catalogue, in a new folder, and let it take the place of the one in use."""
        remove_others(self._folder, current_index(self._folder))
        folder = new_index(self._folder)
        writer = opened(str(folder)).writer(REBUILD_HEAP_BYTES)
        with one_snapshot(self._database) as connection:
            position = present_position(connection)
        written = 0
        for subject in SUBJECTS:
            for ids in self._all(subject):
                self._add(writer, subject, ids)
                written += len(ids)
                on_progress(written)
        _write_position(writer, position)
        writer.commit()
        writer.wait_merging_threads()
        self._close()
        use(self._folder, folder)
        self._open(folder)
        return Refreshed(written, made_anew=True)

    def _apply(self, writer: tantivy.IndexWriter, changes: Changes, on_progress: OnProgress) -> None:
        written = uncommitted = 0
        for subject in SUBJECTS:
            changed = [name for what, name in changes.subjects if what == subject]
            for ids in _in_batches(changed):
                for name in ids:
                    writer.delete_documents_by_term(SUBJECT, _subject(subject, name))
                self._add(writer, subject, ids)
                written, uncommitted = written + len(ids), uncommitted + len(ids)
                if uncommitted >= COMMIT_EVERY:
                    writer.commit()
                    uncommitted = 0
                on_progress(written)
        writer.delete_documents_by_term(SUBJECT, POSITION)
        _write_position(writer, changes.position)
        writer.commit()
        self._committed_at = time.monotonic()

    def _add(self, writer: tantivy.IndexWriter, subject: Subject, ids: Sequence[str]) -> None:
        with self._database.connect() as connection:
            documents = record_documents if subject == "record" else page_documents
            for document in documents(connection, ids):
                writer.add_document(document)

    def _all(self, subject: Subject) -> Iterator[Sequence[str]]:
        query, after = text(_SUBJECTS_AFTER[subject]), ""
        while True:
            with self._database.connect() as connection:
                ids = connection.scalars(query, {"after": after, "most": BATCH}).all()
            if not ids:
                return
            yield ids
            after = ids[-1]

    def _open(self, folder: Path | None) -> None:
        if folder is None:
            return
        index = opened(str(folder))
        self._position = position_of(index.searcher())
        self._writer = index.writer(HEAP_BYTES, 1)
        self._committed_at = time.monotonic()

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.wait_merging_threads()
        self._writer = self._position = None


def position_of(searcher: tantivy.Searcher) -> Position | None:
    """The position of an index; None of one that was never finished."""
    query = tantivy.Query.term_query(schema(), SUBJECT, POSITION)
    hits = searcher.search(query, 1).hits
    if not hits:
        return None
    return Position(**json.loads(searcher.doc(hits[0][1])[ID][0]))


def _write_position(writer: tantivy.IndexWriter, position: Position) -> None:
    document = tantivy.Document()
    document.add_text(ID, json.dumps(asdict(position)))
    document.add_text(SUBJECT, POSITION)
    document.add_text(WHAT, POSITION)
    writer.add_document(document)


def _subject(subject: Subject, name: str) -> str:
    return PAGE_SUBJECT + name if subject == "page" else name


def _in_batches(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[start : start + BATCH] for start in range(0, len(names), BATCH))
