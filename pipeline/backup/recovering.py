"""Puts a backup in place on a machine, and brings the catalogue back from the store: what `letapis recover` does.

In: contents of a backup and the plan for them. Out: `RecoveredArchive`. Order: the store is seen to be that of the
backup, files, settings, database, catalogue, the check of what came back. Each step is safe to repeat: a run that
was killed is finished by the next. Raises `AnotherArchiveError`, `ConflictError`, ``OSError``, and what preparing
and rebuilding raise.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlalchemy import func, select

from pipeline.backup.archive_of_backup import held_checkpoint, require_archive_of
from pipeline.backup.contents import Contents
from pipeline.backup.gathering import LAST_CHECKPOINT
from pipeline.backup.last_backup import LastBackup, digests_of, note_backup
from pipeline.backup.placing import place_file
from pipeline.backup.recovery_plan import Action, Placement, RecoveryPlan
from pipeline.config.archive_factory import open_store, opened_archive
from pipeline.config.log_signer import open_signer
from pipeline.config.settings import Settings
from pipeline.devstack.data_folder import make_data_folder
from pipeline.devstack.stack import Stack
from pipeline.output import counted
from pipeline.prepare import prepare_archive
from pipeline.process.extensions import deposited_last
from pipeline.process.rebuild import RebuildReport, rebuild
from processors.transparency_log.checkpoint import read_checkpoint
from processors.transparency_log.signed_note import VerifierKey
from storage.archive import Archive
from storage.errors import StorageError
from storage.integrity.rebuilt_catalogue import counts, deposits_without_rows
from storage.ledger.chain import read_chain
from storage.ledger.custody import ledger_digests
from storage.ledger.tables import custody
from storage.log.checkpoints import log_keys

OnProgress = Callable[[str], None]


class ConflictError(StorageError):
    """Files of this machine differ from those of the backup; the operator says which are meant."""

    def __init__(self, conflicts: tuple[Placement, ...]) -> None:
        lines = "".join(f"\n  {each.path}: {each.what}" for each in conflicts)
        super().__init__(
            f"{counted(len(conflicts), 'file')} of this machine {'is' if len(conflicts) == 1 else 'are'} not as "
            f"in the backup:{lines}\nNothing was changed. See whether this machine has an archive of its own; if "
            "the backup's are meant, add --replace, which keeps those of now beside them."
        )


class CatalogueState(StrEnum):
    """What became of the catalogue."""

    DERIVED = "derived"
    THERE = "there"
    NOT_LOOKED_AT = "not_looked_at"


@dataclass(frozen=True, slots=True)
class RecoveredArchive:
    """What the database has now. Numbers are None where it was not looked at, for which ``reason`` is given.

    ``problems``: what is not as it should be. ``open_points``: what a person has to bring or do.
    """

    state: CatalogueState
    reason: str | None = None
    custody_entries: int | None = None
    files: int | None = None
    captures: int | None = None
    checkpoint_size: int | None = None
    problems: tuple[str, ...] = ()
    open_points: tuple[str, ...] = ()


def store_is_that_of(contents: Contents, settings: Settings) -> bool | None:
    """Whether the store was compared and is the backup's; None where no store is known. Raises of another."""
    if settings.s3_endpoint is None:
        return None
    return require_archive_of(open_store(settings), contents.manifest.archive)


def place_all(plan: RecoveryPlan, data: Path, on_placed: Callable[[Placement, Path | None], None]) -> None:
    """Write what is not there yet, the settings last; ``on_placed`` gets each, and where another is kept now."""
    if plan.conflicts:
        raise ConflictError(plan.conflicts)
    make_data_folder(data)
    for each in plan.placements:
        beside = None
        if each.action in (Action.PLACED, Action.REPLACED, Action.COMPLETED):
            beside = place_file(each.path, each.content, keep_other=each.action is Action.REPLACED)
        on_placed(each, beside)


def note_where_it_came_from(contents: Contents, file: Path, settings: Settings) -> None:
    """So that the status screen of this machine knows the backup."""
    made = LastBackup(contents.manifest.made_at, str(file.absolute()), digests_of(contents))
    with suppress(OSError):  # a note for people; all that counts is in place
        note_backup(settings.data, made)


def recover_catalogue(
    contents: Contents, settings: Settings, *, always: bool, on_progress: OnProgress
) -> RecoveredArchive:
    """Derive the catalogue from the store where the database has none, or ``always``; then check what is there."""
    if settings.s3_endpoint is None:
        return RecoveredArchive(
            CatalogueState.NOT_LOOKED_AT,
            "no object store is known: set LETAPIS_S3_*, or start the embedded one with `letapis up`, and run "
            "this again",
        )
    with _services(settings, on_progress) as reached, opened_archive(reached) as archive:
        require_archive_of(archive.objects, contents.manifest.archive)
        report = None
        if always or counts(archive)[0] == 0:
            use = deposited_last(archive, reached.extension_folder, reached.collector)
            report = rebuild(archive, extensions=use, on_progress=on_progress)
        return _checked(contents, reached, archive, report, on_progress)


@contextmanager
def _services(settings: Settings, on_progress: OnProgress) -> Iterator[Settings]:
    """A database with tables and roles: that of the settings, or the embedded one for as long as it takes."""
    if settings.database_writer_url is not None or settings.database_reader_url is not None:
        for thing in prepare_archive(settings):
            if thing.problem is not None:
                on_progress(thing.problem)
        yield settings
        return
    stack = Stack(settings, on_progress=on_progress)
    stack.start_storage()
    try:
        yield stack.settings
    finally:
        stack.stop()


def _checked(
    contents: Contents, settings: Settings, archive: Archive, report: RebuildReport | None, on_progress: OnProgress
) -> RecoveredArchive:
    on_progress("the custody chain in the store is held against the backup's last checkpoint")
    of, problems, open_points = contents.manifest.archive, list[str](), list[str]()
    chain = read_chain(archive.objects, archive.sealing)
    with archive.reader.connect() as connection:
        last = int(connection.scalar(select(func.max(custody.c.seq))) or 0)
        digests = ledger_digests(connection)
        newest_key = log_keys(connection).newest
    if chain.entries and (stored := chain.entries[-1].entry.seq) > last:
        problems.append(f"The store has {stored} custody entries, the database {last}: run it with --catalogue.")
    if of.custody_entries and digests.get(of.custody_entries) != of.newest_digest:
        problems.append(
            f"Custody entry {of.custody_entries} in the database: expected {of.newest_digest}, found "
            f"{digests.get(of.custody_entries, 'none')}."
        )
    if lacking := len(deposits_without_rows(archive)):
        problems.append(f"{counted(lacking, 'deposited file')} without rows in the catalogue.")
    size = None
    if (note := contents.bytes_of.get(LAST_CHECKPOINT)) is not None:
        size = read_checkpoint(note).size
        keys = () if of.verifier_key is None else (VerifierKey.parse(of.verifier_key),)
        held = held_checkpoint(archive.objects, chain, note, keys)
        problems += [
            f"{held.subject}: {each.what}: expected {each.expected}, found {each.found}" for each in held.problems
        ]
    if report is not None:
        problems += [
            f"{each.subject}: {each.what}: expected {each.expected}, found {each.found}" for each in report.remarks
        ]
        open_points += [f"{each.pages} pages stay unread: {each.reason}" for each in report.waiting]
    if closed := sum(each.entry.unknown_because is not None for each in chain.entries):
        open_points.append(
            f"{counted(closed, 'custody entry')} cannot be opened: the backup is older than the sealing key that "
            "has sealed them. Bring a newer backup, or the file of keys."
        )
    signer = open_signer(settings)
    if signer is None and newest_key is not None:
        open_points.append(f"No checkpoint can be signed: the key of the log ({newest_key}) is not here.")
    elif signer is not None and newest_key is not None and signer.key.verifier_key != newest_key:
        open_points.append(
            f"No checkpoint can be signed: the key of the log was exchanged after the backup. Custody names "
            f"{newest_key}, the backup has {signer.key.verifier_key}. Bring a newer backup, or the key's file."
        )
    files, captures = counts(archive)
    return RecoveredArchive(
        state=CatalogueState.THERE if report is None else CatalogueState.DERIVED,
        custody_entries=last,
        files=files,
        captures=captures,
        checkpoint_size=size,
        problems=tuple(problems),
        open_points=tuple(open_points),
    )
