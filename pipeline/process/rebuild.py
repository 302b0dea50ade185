"""Derives the catalogue anew from the store alone, with equal rows and ids.

In: an archive; its database may be new. Out: `RebuildReport`. Custody is restored from its objects, the index from
the files custody names, everything else by reading those files again. Entries that were still owed to the store
are brought there first. All of it is built beside the catalogue in use, which is asked as before until the new
one is whole and takes its place in one step; what is deposited meanwhile is in it, too. An interrupted rebuild has
changed nothing, and the next goes on where it was. Raises `ContradictionError`, `RebuildUnreadError` and the
errors of `storage.integrity.rebuilt_catalogue`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from pipeline.crawl.warcinfo import tree_digest
from pipeline.process.extensions import ExtensionUse
from pipeline.process.run import ProcessError, ProcessReport, process_pending, sum_of
from storage.archive import Archive
from storage.catalogue.unread import waiting_for_parsers
from storage.errors import StorageError
from storage.integrity.log_restore import restore_log
from storage.integrity.rebuilt_catalogue import (
    all_processed,
    counts,
    deposits_without_rows,
    drop_replaced,
    one_at_a_time,
    open_next_catalogue,
    swap_catalogues,
)
from storage.integrity.restore import ContradictionError, restore_custody, restore_file
from storage.integrity.restored_batches import restore_batches
from storage.ledger.assessments import restore_assessments
from storage.ledger.batches import store_batches
from storage.ledger.chain import Chain, ChainProblem, read_chain
from storage.ledger.custody import publish_pending_entries
from storage.ledger.disclosures import restore_disclosures
from storage.ledger.entry import CustodyEntry
from storage.ledger.exhibits import restore_exhibits
from storage.ledger.extensions import extension_deposits
from storage.ledger.judgements import restore_assertions
from storage.ledger.memberships import restore_memberships
from storage.ledger.repeats import restore_repeats
from storage.ledger.withdrawals import restore_withdrawals
from storage.migrations import newest_schema

ROUNDS: Final = 3
"""So often what came meanwhile is read before the exchange; deposits that still come are read after it."""

OnProgress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class UnreadExtension:
    """Pages that stay unread for want of an operator's parser. ``digest`` is that of the code deposited last."""

    parser: str
    sources: tuple[str, ...]
    pages: int
    digest: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """Counts, and ``remarks``: what is wrong with the chain, though it could be read, or contradicts its log.

    ``files`` and ``captures`` are those of the new catalogue; ``process`` counts what this run read, which is less
    where it went on with one that was interrupted.
    """

    custody_entries: int
    custody_restored: int
    files: int
    captures: int
    process: ProcessReport
    remarks: tuple[ChainProblem, ...]
    rows_restored: int = 0
    """Requests and rows of the access log that the ledger lacked."""
    not_opened: int = 0
    """Entries whose sealed values are not known, since no key is here that opens them."""
    waiting: tuple[UnreadExtension, ...] = ()
    """Operators' parsers that are not here, or not as they were deposited, and what waits for them."""


class RebuildUnreadError(StorageError):
    """Files could not be read; ``exchanged`` says whether the new catalogue is in use without what they hold."""

    def __init__(self, cause: ProcessError, *, exchanged: bool) -> None:
        state = (
            "The new catalogue is in use; its index is whole, and what could be read is read."
            if exchanged
            else "The catalogue in use had read them and was not changed; what was built is kept beside it."
        )
        super().__init__(f"{cause}\n{state} Mend what is named, then run `letapis rebuild` again.")
        self.exchanged = exchanged


def rebuild(
    archive: Archive,
    *,
    extensions: ExtensionUse | None = None,
    actor: str = "letapis",
    on_progress: OnProgress = lambda _: None,
) -> RebuildReport:
    """Begin from nothing but the store; returns when the new catalogue is whole and in use.

    ``extensions`` are the operators' parsers that may read; the code that the store holds is never run.
    """
    use = extensions or ExtensionUse()
    with one_at_a_time(archive):
        drop_replaced(archive)  # what a rebuild that was killed after its exchange has left
        on_progress("custody: what is owed is brought to the store, and every entry is read from it")
        if archive.sealing is None:
            on_progress("custody: no sealing keys are here; who, why and for which case stays unknown")
            publish_pending_entries(archive)
        else:
            store_batches(archive, actor=actor)
        chain = _chain(archive)
        restored = restore_custody(archive, chain)
        restore_assertions(archive, chain)
        restore_memberships(archive, chain)
        restore_repeats(archive, chain)
        restore_exhibits(archive, chain)
        restore_disclosures(archive, chain)
        restore_withdrawals(archive, chain)
        restore_assessments(archive, chain)
        restored_rows = restore_batches(archive, chain)
        on_progress(f"requests and access log: {restored_rows.rows} rows restored")
        for problem in restored_rows.problems:
            on_progress(problem)
        log = restore_log(archive, chain)
        on_progress(f"custody: {len(chain.entries)} entries, {restored} of them restored")
        there, resumed = open_next_catalogue(archive, _made_for(chain))
        if resumed:
            files, _ = counts(there)
            on_progress(f"goes on where a rebuild was interrupted: {files} files are indexed")
        read = _build(archive, there, use, on_progress)
        files, captures = counts(archive)
        waiting = _waiting(archive)
        drop_replaced(archive)
    return RebuildReport(
        custody_entries=len(chain.entries),
        custody_restored=restored,
        files=files,
        captures=captures,
        process=read,
        remarks=(*chain.problems, *log.problems),
        rows_restored=restored_rows.rows,
        not_opened=sum(each.entry.unknown_because is not None for each in chain.entries),
        waiting=waiting,
    )


def _waiting(archive: Archive) -> tuple[UnreadExtension, ...]:
    found = []
    with archive.reader.connect() as connection:
        for parser, pages in groupby(waiting_for_parsers(connection), key=lambda each: each.parser):
            of_sources = tuple(pages)
            deposits = extension_deposits(connection, parser.partition(".")[0])
            found.append(
                UnreadExtension(
                    parser=parser,
                    sources=tuple(each.source_id for each in of_sources),
                    pages=sum(each.pages for each in of_sources),
                    digest=str(deposits[-1].subject_digest) if deposits else None,
                    reason=of_sources[0].reason,
                )
            )
    return tuple(found)


def _chain(archive: Archive) -> Chain:
    chain = read_chain(archive.objects, archive.sealing)
    for problem in chain.problems:
        if problem.breaks:
            raise ContradictionError(problem.subject, problem.what, problem.expected, problem.found)
    return chain


def _made_for(chain: Chain) -> str:
    """What must be the same for going on: tables, software, and the store, known by its first entry's version."""
    store = chain.entries[0].version_id if chain.entries else "empty"
    return f"letapis rebuild: schema {newest_schema()}, program {tree_digest()}, store {store}"


def _build(archive: Archive, there: Archive, use: ExtensionUse, on_progress: OnProgress) -> ProcessReport:
    """Build the new catalogue until it lacks nothing, and exchange; returns what was read on the way."""
    report = ProcessReport()
    for _ in range(ROUNDS):
        _index(there, deposits_without_rows(there), on_progress)
        try:
            report = sum_of(report, process_pending(there, extensions=use, on_progress=on_progress))
        except ProcessError as unread:
            exchanged = not all_processed(archive, unread.report.unread) and swap_catalogues(archive, there)
            if exchanged:
                drop_replaced(archive)
            raise RebuildUnreadError(unread, exchanged=exchanged) from unread
        on_progress("the new catalogue takes the place of the old one")
        if swap_catalogues(archive, there):
            return report
        on_progress("files were deposited meanwhile")
    swap_catalogues(archive, there, index=lambda entries: _index(there, entries, on_progress))
    return sum_of(report, process_pending(archive, extensions=use, on_progress=on_progress))


def _index(there: Archive, entries: Sequence[CustodyEntry], on_progress: OnProgress) -> None:
    for number, entry in enumerate(entries, start=1):
        restore_file(there, entry)
        on_progress(f"{entry.subject_id}: indexed, {number} of {len(entries)}")
