"""Reads sealed WARC files: pages into outcomes and records, media into fingerprints, fingerprints into groups.

Then the readings of each source that has new ones are compared, and what changed is stored.

In: the archive; what is to be done stands in the catalogue. Out: `ProcessReport`. The unit of work is one WARC
file, the unit of writing one capture, so a crash repeats nothing and skips nothing. As many files are read at once
as there are cores (`READERS_AT_MOST`), each by workers of its own. A page that a parser cannot
read and a picture that no decoder takes are counted with their reason, never a failure of the run. Raises
`ProcessError` at the end if a whole file could not be read; all others have been.
"""

import os
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import Final

from sqlalchemy import Connection

from pipeline.config.archive_factory import open_archive
from pipeline.config.settings import Settings
from pipeline.process.capture import read_capture
from pipeline.process.extensions import ExtensionUse
from pipeline.process.readers import Readers, open_readers
from pipeline.process.result import CaptureResult
from pipeline.tracing import task_span
from processors.media.fingerprint_file import ALL_HASHES
from processors.pages.outcome import CLASSIFIER_VERSION
from processors.parsing.parser_versions import parser_versions
from processors.parsing.sandboxed_parsers import ConfinedParsers
from storage.access_labels import DEFAULT_LABEL, UPKEEP
from storage.archive import Archive
from storage.catalogue.captures import Capture
from storage.catalogue.crawl_counts import count_files
from storage.catalogue.hiding import apply_hiding, is_to_be_hidden
from storage.catalogue.records import drop_unreferenced
from storage.catalogue.revisits import insert_revisit_occurrences, payload_capture
from storage.catalogue.unread import (
    Lane,
    UnprocessedWarc,
    already_processed,
    claim_unprocessed,
    derived_transaction,
    label_of_file,
    operator_parsers,
    sources_of_earlier,
)
from storage.catalogue.write_gate import enter, is_beside
from storage.deposit.record_reader import BlockTooLargeError, iterate_warc, read_record
from storage.errors import StorageError
from storage.queries.stored_changes import not_compared, store_changes
from storage.search_index.change_log import forget_changes
from storage.similarity.compare import link_new_media

OnProgress = Callable[[str], None]

READERS_AT_MOST: Final = 4
"""Files that one process reads at once: each takes two connections for writing, of the ten that a process has.
More processes, or machines, read more.
"""

PAGE_TEXTS: Final = "page-text-1"
"""Texts of pages without records are kept; files that were read before are read again for them."""

VERSIONS: Final[tuple[str, ...]] = (
    CLASSIFIER_VERSION,
    "dom-1",
    PAGE_TEXTS,
    *sorted(parser.name for parser in parser_versions()),
    *sorted(ALL_HASHES),
)
READ_WITH: Final = " ".join(VERSIONS)
"""What a file is marked with once it was read; a better parser or fingerprint makes all files unread again."""


@dataclass(frozen=True, slots=True)
class WaitingPages:
    """How many pages wait for which operator's parser, by its name and the source."""

    pages: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def __add__(self, other: "WaitingPages") -> "WaitingPages":
        return WaitingPages(dict(Counter(self.pages) + Counter(other.pages)))


@dataclass(frozen=True, slots=True)
class ProcessReport:
    """Counts of one run. ``refused`` are media no decoder took, ``unreadable`` pages a parser could not read.

    ``waiting`` are pages whose operator's parser is not here. ``crawls`` are the ids of those whose files were
    read; ``failed`` are sentences about whole files that stay unread, and ``unread`` their keys.
    """

    files: int = 0
    captures: int = 0
    pages: int = 0
    records: int = 0
    media: int = 0
    refused: int = 0
    unreadable: int = 0
    compared: int = 0
    crawls: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    waiting: WaitingPages = field(default_factory=WaitingPages)


class ProcessError(Exception):
    """Files could not be read; look at each reason, mend it, and let the next run try again."""

    def __init__(self, report: ProcessReport) -> None:
        reasons = "\n".join(report.failed)
        super().__init__(
            f"{len(report.failed)} of {report.files + len(report.failed)} files were not read:\n{reasons}"
        )
        self.report = report


def process_pending(
    where: Settings | Archive,
    *,
    extensions: ExtensionUse | None = None,
    lane: Lane = Lane.BOTH,
    on_progress: OnProgress = lambda _: None,
) -> ProcessReport:
    """Read every file that was not read by the present versions; returns when there is none left.

    ``extensions`` are operators' parsers; None stands for those of the settings, and for none without settings.
    ``lane``: with `Lane.NEW`, files that earlier versions have read are left to `read_earlier`.
    """
    use = extensions
    if use is None:
        use = ExtensionUse() if isinstance(where, Archive) else extension_use(where)
    with _opened(where) as archive:
        return _process(archive, None, use, _Work(on_progress, lane=lane))


def read_earlier(
    archive: Archive,
    *,
    extensions: ExtensionUse | None = None,
    stop: threading.Event,
    on_read: Callable[[str], None] = lambda _: None,
    on_progress: OnProgress = lambda _: None,
) -> ProcessReport:
    """Read what earlier versions have read, one file after another, until none is left or ``stop`` is set.

    What was read of a file that ``stop`` broke off is kept. ``on_read``: called with the key of each file.
    """
    work = _Work(on_progress, lane=Lane.EARLIER, stop=stop, on_read=on_read)
    return _process(archive, None, extensions or ExtensionUse(), work)


def extension_use(settings: Settings) -> ExtensionUse:
    """The parsers in the folder that the settings name."""
    return ExtensionUse(settings.extension_folder, settings.collector)


def process_files(
    archive: Archive,
    keys: Collection[str],
    *,
    started: ConfinedParsers | None = None,
    on_progress: OnProgress = lambda _: None,
) -> ProcessReport:
    """Read these files now, waiting for whoever reads one of them at this moment; no operator's parser is used.

    ``started`` are parsers that were started beforehand; they are closed.
    """
    return _process(archive, keys, ExtensionUse(), _Work(on_progress), started)


@contextmanager
def _opened(where: Settings | Archive) -> Iterator[Archive]:
    if isinstance(where, Archive):
        yield where
        return
    archive = open_archive(where)
    try:
        yield archive
    finally:
        archive.writer.dispose()
        archive.reader.dispose()


def _process(
    archive: Archive,
    keys: Collection[str] | None,
    use: ExtensionUse,
    work: "_Work",
    started: ConfinedParsers | None = None,
) -> ProcessReport:
    with task_span("process") as step:
        try:
            report = _read(archive, keys, use, work, started)
        except ProcessError as unread:
            step.note(failed=len(unread.report.failed), **_counts(unread.report))
            raise
        step.note(**_counts(report))
    return report


def _counts(report: ProcessReport) -> dict[str, int]:
    """Its numbers by name."""
    return {each.name: getattr(report, each.name) for each in fields(report) if each.type in (int, "int")}


def _read(
    archive: Archive,
    keys: Collection[str] | None,
    use: ExtensionUse,
    work: "_Work",
    started: ConfinedParsers | None,
) -> ProcessReport:
    # those who wait for named files wait for the same one; what is read again leaves cores to others
    alone = keys is not None or work.lane is Lane.EARLIER
    readers = 1 if alone else min(len(os.sched_getaffinity(0)), READERS_AT_MOST)
    with ThreadPoolExecutor(readers, thread_name_prefix="read") as threads:
        running = [
            threads.submit(_read_files, archive, keys, use, work, started if readers == 1 else None)
            for _ in range(readers)
        ]
        try:
            for each in running:
                each.result()
        finally:
            broken_off = work.stop.is_set()
            work.stop.set()
    report, failed = work.report, work.failed
    with archive.writer.begin() as connection:
        compared = link_new_media(connection, archive.hash_folder)
        if report.files:
            apply_hiding(connection)
        if report.files:
            drop_unreferenced(connection)
        if not is_beside(connection):
            forget_changes(connection)
    if keys is None and not (broken_off and work.lane is Lane.EARLIER):
        compare_sources(archive, work.on_progress, besides=_left_to_others(archive, work))
    report = replace(report, compared=compared, failed=tuple(failed.values()), unread=tuple(failed))
    if failed:
        raise ProcessError(report)
    return report


class _Work:
    """What the threads of one run have read; ``stop``: one of them met what no file explains, or the run ends."""

    def __init__(
        self,
        on_progress: OnProgress,
        *,
        lane: Lane = Lane.BOTH,
        stop: threading.Event | None = None,
        on_read: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.lane = lane
        self.stop = threading.Event() if stop is None else stop
        self.starting = threading.Lock()
        """Held while a thread looks for operators' parsers: the first of them enters their code into custody."""
        self.report = ProcessReport()
        self.failed: dict[str, str] = {}
        self.sources: set[str] = set()
        """Of the files that were read."""
        self.on_progress = on_progress
        self._on_read = on_read
        self._one_at_a_time = threading.Lock()

    def was_read(self, key: str, source_id: str, found: ProcessReport) -> None:
        """Add what a file gave."""
        with self._one_at_a_time:
            self.sources.add(source_id)
            self._on_read(key)
            self.report = sum_of(self.report, found)
            so_far = f"{self.report.pages} pages, {self.report.records} records, {self.report.media} media"
            self.on_progress(f"{key}: read; so far {so_far}")

    def was_not_read(self, key: str, reason: str) -> None:
        """Leave the file to the next run."""
        with self._one_at_a_time:
            self.failed[key] = f"{key}: {reason}"
            self.on_progress(self.failed[key])

    def unread(self) -> list[str]:
        """The files that this run does not try again."""
        with self._one_at_a_time:
            return list(self.failed)


class _Stopped(Exception):
    """The run ends; what was read of the file is kept, and the next run goes on with it."""


def _read_files(
    archive: Archive,
    keys: Collection[str] | None,
    use: ExtensionUse,
    work: _Work,
    started: ConfinedParsers | None,
) -> None:
    """Read one file after another until none is left."""
    try:
        with open_readers(archive, use, started=started) as readers:
            with work.starting:
                operators = _operators(archive, readers)
            while not work.stop.is_set() and _read_next(archive, keys, operators, readers, work):
                pass
    except _Stopped:
        pass
    except BaseException:
        work.stop.set()
        raise


def _read_next(
    archive: Archive, keys: Collection[str] | None, operators: Mapping[str, str], readers: Readers, work: _Work
) -> bool:
    """Whether there was a file to read."""
    key = ""
    try:
        with claim_unprocessed(
            archive, READ_WITH, among=keys, besides=work.unread(), operators=operators, lane=work.lane
        ) as warc:
            if warc is None:
                return False
            key, source_id = warc.key, warc.source_id
            found = _read_warc(archive, warc, readers, work.stop)
        work.was_read(key, source_id, found)
    except StorageError as problem:
        if not key:
            raise
        work.was_not_read(key, _reason_for_log(archive, key, problem))
    return True


def _left_to_others(archive: Archive, work: _Work) -> frozenset[str]:
    """Sources that a run for new files does not compare: those that are being read again, where nothing came.

    Else each run, every ten minutes, would compare all that an upgrade reads again in days.
    """
    if work.lane is not Lane.NEW:
        return frozenset()
    with archive.reader.connect() as connection:
        return sources_of_earlier(connection, READ_WITH) - work.sources


def compare_sources(
    archive: Archive, on_progress: OnProgress = lambda _: None, *, besides: Collection[str] = ()
) -> None:
    """Store what changed at every source whose readings are not compared yet; the next run does what is left."""
    with archive.reader.connect() as connection:
        waiting = [each for each in not_compared(connection) if each not in besides]
    for source_id in waiting:
        with derived_transaction(archive) as connection:
            enter(connection)
            count = store_changes(connection, source_id)
        on_progress(f"{source_id}: " + ("is being read, compared later" if count is None else f"{count} changes"))


def _reason_for_log(archive: Archive, key: str, problem: StorageError) -> str:
    """The problem as a log may have it, which more people read than may know what a labelled file holds."""
    with archive.reader.connect() as connection:
        if label_of_file(connection, key) == DEFAULT_LABEL:
            return str(problem)
    return "it was not read. Its access label keeps the reason out of logs: `letapis verify` says it."


def _operators(archive: Archive, readers: Readers) -> Mapping[str, str]:
    """The versions of operators' parsers that are here, by name."""
    with archive.reader.connect() as connection:
        named = operator_parsers(connection)
    return readers.operators.versions(named)


def _read_warc(archive: Archive, warc: UnprocessedWarc, readers: Readers, stop: threading.Event) -> ProcessReport:
    operator = (warc.declaration or {}).get("parser")
    versions = VERSIONS if operator is None else (*VERSIONS, readers.operators.parser(operator).version)
    with archive.reader.connect() as connection:
        lacks_texts = warc.processed_with is not None and PAGE_TEXTS not in warc.processed_with.split()
        done = already_processed(connection, warc.key, versions, only_media=lacks_texts)
    report = ProcessReport(files=1, crawls=(warc.crawl_id,))
    for capture, block in iterate_warc(archive, warc.key, warc.object_version):
        if stop.is_set():
            raise _Stopped
        if capture.id in done:
            continue
        with derived_transaction(archive) as connection:
            payload_of = partial(_payload_of, archive, connection)
            found = read_capture(connection, capture, block, warc.declaration, readers, payload_of)
            if not is_beside(connection) and is_to_be_hidden(connection, capture.id):
                apply_hiding(connection)
        report = sum_of(report, _counted(found, warc.source_id))
    with derived_transaction(archive) as connection:
        repeated = insert_revisit_occurrences(connection, warc.key)
        if not is_beside(connection):
            apply_hiding(connection)
        count_files(connection, [warc.key])
    return sum_of(report, ProcessReport(media=repeated))


def _payload_of(archive: Archive, connection: Connection, revisit: Capture) -> bytes | None:
    """The block in which a revisit's payload lies, None where none is here that can be held."""
    target = payload_capture(connection, revisit, viewer=UPKEEP)
    try:
        return None if target is None else read_record(archive, target).block
    except BlockTooLargeError:
        return None


def _counted(found: CaptureResult, source_id: str) -> ProcessReport:
    waiting = {} if found.waits_for is None else {(found.waits_for, source_id): 1}
    return ProcessReport(
        captures=1,
        pages=int(found.page),
        records=found.records,
        media=int(found.medium),
        refused=int(found.refused),
        unreadable=int(found.unreadable),
        waiting=WaitingPages(waiting),
    )


def sum_of(a: ProcessReport, b: ProcessReport) -> ProcessReport:
    """What both runs counted together."""
    names = [each.name for each in fields(ProcessReport)]
    return ProcessReport(**{name: getattr(a, name) + getattr(b, name) for name in names})
