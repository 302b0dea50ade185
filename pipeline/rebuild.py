"""Derives the catalogue anew from the store alone, with equal rows and ids.

In: an archive; its database may be new. Out: `RebuildReport`. Custody is restored from its objects, the index from
the files custody names, everything else by reading those files again. Entries that were still owed to the store
are brought there first. Safe to run again after a crash: it begins from nothing. Raises `ContradictionError`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from pipeline.process import ProcessReport, process_pending
from storage.archive import Archive
from storage.chain import ChainProblem, read_chain
from storage.judgements import restore_assertions
from storage.ledger import settle
from storage.rederive import (
    ContradictionError,
    empty_catalogue,
    restore_custody,
    restore_file,
)


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """Counts, and ``remarks``: what is wrong with the chain, though it could be read."""

    custody_entries: int
    custody_restored: int
    files: int
    captures: int
    process: ProcessReport
    remarks: tuple[ChainProblem, ...]


def rebuild(archive: Archive, *, on_progress: Callable[[str], None] = lambda _: None) -> RebuildReport:
    """Begin from nothing but the store; returns when the catalogue is whole again."""
    settle(archive)
    chain = read_chain(archive.objects)
    for problem in chain.problems:
        if problem.breaks:
            raise ContradictionError(problem.subject, problem.what, problem.expected, problem.found)
    restored = restore_custody(archive, chain)
    restore_assertions(archive, chain)
    on_progress(f"custody: {len(chain.entries)} entries, {restored} of them restored")
    empty_catalogue(archive)
    deposits = [chained.entry for chained in chain.entries if chained.entry.event == "deposited"]
    captures = 0
    for entry in deposits:
        captures += restore_file(archive, entry)
        on_progress(f"{entry.subject_id}: indexed")
    return RebuildReport(
        custody_entries=len(chain.entries),
        custody_restored=restored,
        files=len(deposits),
        captures=captures,
        process=process_pending(archive, on_progress=on_progress),
        remarks=chain.problems,
    )
