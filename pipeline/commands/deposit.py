"""Commands that write to the archive: `deposit`, `rebuild`."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.current_user import current_user
from pipeline.output import Exit, JsonOption, emit, err, fail

if TYPE_CHECKING:
    from storage.archive import Archive
    from storage.objects.store import ObjectStore

ANNOUNCED_FROM_BYTES = 100 * 10**6
"""A file of this length takes a second or more, so it is announced."""

FAULTS_SHOWN = 20

WarcFiles = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="WARC, ARC or WACZ files made by any tool.")
]
UpToDamage = Annotated[
    bool,
    typer.Option("--up-to-damage", help="Accept a file that ends in the middle of a record, too."),
]
FromReplica = Annotated[
    bool, typer.Option("--replica", help="Use the second store (LETAPIS_REPLICA_*) instead of the first.")
]
WithExtensions = Annotated[
    bool,
    typer.Option(
        "--with-extensions",
        help="Use the parsers in LETAPIS_EXTENSIONS as they are now, even if they were not deposited so.",
    ),
]
ForSource = Annotated[
    str | None, typer.Option("--source", metavar="ID", help="The source to which files of other tools belong.")
]


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    app.command()(deposit)
    app.command()(rebuild)


def deposit(
    files: WarcFiles, source: ForSource = None, up_to_damage: UpToDamage = False, as_json: JsonOption = False
) -> None:
    """Deposit WARC, ARC or WACZ files in the archive: check, store under lock, index, enter into custody.

    A file with damaged records is stored as it is, every byte of it: the records that are certain are indexed, and
    each of the others is named with its place, here and in custody. A file in which no record is certain is
    refused, and one that ends in the middle of a record, too: it may be an unfinished copy. With --up-to-damage
    that is accepted as well. Depositing the same file again changes nothing. A file that a crawl of this archive
    has signed belongs to that crawl; any other is an import, and is shown with the user who imported it. The files
    themselves stay where they are.
    """
    from dataclasses import asdict

    from pipeline.clock_offset import measured_clock
    from pipeline.config.settings import load_settings
    from storage.deposit.deposit import damage_json, deposit_file
    from storage.deposit.inspection import FileFaults
    from storage.errors import StorageError
    from storage.objects.keys import is_part
    from storage.warc.reader import WarcDamageError

    if missing := [f"{path}: expected a file, found {what}." for path in files if (what := _not_a_file(path))]:
        raise fail("\n".join([*missing, "Nothing was deposited."]), Exit.WRONG_USE)
    if source is not None and not is_part(source):
        expected = "letters, digits, '.', '_' and '-'"
        raise fail(f"--source: expected {expected}, found {source!r}. Nothing was deposited.", Exit.WRONG_USE)
    refused = 0
    with _archive() as archive:
        clock = measured_clock(load_settings().time_servers)
        for path in files:
            _announce_large_file(path)
            try:
                deposited = deposit_file(
                    archive,
                    path,
                    source_id=source,
                    faults=FileFaults.NAMED_WITH_CUT if up_to_damage else FileFaults.NAMED,
                    actor=current_user(),
                    clock=clock,
                )
            except StorageError as problem:
                refused += 1
                err.print(_describe_refusal(problem), markup=False)
                if as_json and isinstance(problem, WarcDamageError):
                    emit(
                        [{"kind": "deposit_refused", "file": str(path), **damage_json(problem)}],
                        as_json=True,
                        human=str,
                    )
                continue
            row = {
                "kind": "deposit",
                "file": str(path),
                "warc_key": deposited.key,
                "object_version": deposited.version_id,
                "sha256": str(deposited.sha256),
                "records": deposited.records,
                "captures": deposited.captures,
                "already": deposited.already,
                "crawl_id": deposited.crawl_id,
                "source": deposited.source_id,
                "origin": deposited.origin.kind,
                "origin_reason": deposited.origin.reason,
                "recovered": deposited.origin.recovered,
                "brought_by": deposited.brought_by,
                "remarks": list(deposited.remarks),
                "faults": [asdict(fault) for fault in deposited.faults],
                "damage": None if deposited.damage is None else damage_json(deposited.damage),
                "preserved": deposited.preserved,
                "second_copy": None if deposited.second_copy is None else asdict(deposited.second_copy),
            }
            emit([row], as_json=as_json, human=_describe_deposit)
    if refused:
        raise typer.Exit(int(Exit.FAILED))


def _announce_large_file(path: Path) -> None:
    """Say what takes so long."""
    with suppress(OSError):  # the deposit itself reports a file that is gone
        length = path.stat().st_size
        if length > ANNOUNCED_FROM_BYTES:
            err.print(f"{path}: storing {length / 10**6:.0f} MB and reading them back ...", markup=False)


def _not_a_file(path: Path) -> str | None:
    """What stands there instead of a file; None where one does."""
    try:
        mode = path.stat().st_mode
    except OSError as problem:
        return problem.strerror.lower() if problem.strerror else str(problem)
    kinds = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
    if stat.S_ISREG(mode):
        return None
    return next((name for matches, name in kinds if matches(mode)), "a device")


def rebuild(
    replica: FromReplica = False, with_extensions: WithExtensions = False, as_json: JsonOption = False
) -> None:
    """Rebuild the catalogue from the object store alone: index, records, media, groups, custody.

    The evidence is only read. Run it after an upgrade of the parsers, or if the database was lost. The present
    catalogue stays in use until the new one replaces it in one step. After an interruption run it again: it
    continues where it was. With --replica it is rebuilt from the second store; pages read from there once
    LETAPIS_S3_* names it.

    Code that the store holds is never run. Pages of an operator's own parser are processed if LETAPIS_EXTENSIONS
    has that parser as it was deposited last; otherwise they stay unprocessed, and are listed. Exit code 3 if there
    are any.
    """
    from dataclasses import asdict, replace

    from pipeline.config.settings import load_settings
    from pipeline.process.extensions import deposited_last
    from pipeline.process.rebuild import rebuild as derive
    from pipeline.process.run import extension_use

    with _archive() as archive:
        if replica:
            archive = replace(archive, objects=second_store(archive))
        settings = load_settings()
        use = (
            extension_use(settings)
            if with_extensions
            else deposited_last(archive, settings.extension_folder, settings.collector)
        )
        report = derive(archive, extensions=use, on_progress=lambda sentence: err.print(sentence, markup=False))
    row = {"kind": "rebuild", **asdict(report)}
    del row["process"]["waiting"]  # counts this run alone; `waiting` has what the new catalogue lacks
    emit([row], as_json=as_json, human=_describe_rebuild)
    for problem in report.remarks:
        err.print(
            f"{problem.subject}: {problem.what}: expected {problem.expected}, found {problem.found}", markup=False
        )
    for unread in report.waiting:
        deposited = f"; its code was deposited last as {unread.digest}" if unread.digest else ""
        err.print(
            f"{unread.pages} pages of {', '.join(unread.sources)} stay unread: {unread.reason}{deposited}",
            markup=False,
        )
    if report.remarks:
        raise typer.Exit(int(Exit.FAILED))
    if report.waiting:
        raise typer.Exit(int(Exit.SOURCES_FAILED))


def second_store(archive: Archive) -> ObjectStore:
    """The second store; raises `typer.Exit` (wrong use) where none is configured."""
    if archive.replica is None:
        raise fail("No second store is configured: set LETAPIS_REPLICA_* (docs/settings.md).", Exit.WRONG_USE)
    return archive.replica


@contextmanager
def _archive() -> Iterator[Archive]:
    """The archive of the settings; errors of storage are printed, with exit code 1."""
    from sqlalchemy.exc import OperationalError

    from pipeline.config.archive_factory import opened_archive
    from pipeline.config.settings import SettingsError, load_settings
    from storage.errors import StorageError

    try:
        with opened_archive(load_settings()) as archive:
            yield archive
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    except StorageError as problem:
        raise fail(str(problem)) from problem
    except OperationalError as problem:
        found = str(problem.orig).strip()
        sentence = f"The database does not answer: {found}\nNothing was changed. Check that the stack is running."
        raise fail(sentence) from problem


def _describe_refusal(problem: Exception) -> str:
    """The error, and how to deposit the file all the same where that is possible."""
    from storage.warc.reader import WarcDamageError

    if isinstance(problem, WarcDamageError) and problem.is_cut and problem.record > 1:
        return (
            f"{problem} If there is no whole copy, add --up-to-damage: every byte is stored, and the records "
            "that are certain are indexed."
        )
    return str(problem)


def _describe_fault(fault: Mapping[str, Any]) -> str:
    resumed = fault["resumed_at"]
    then = "nothing behind it could be read" if resumed is None else f"read on at offset {resumed}"
    return (
        f"\n  record {fault['record']} at offset {fault['offset']}: expected {fault['expected']}, "
        f"found {fault['found']}; {then}"
    )


def _describe_deposit(row: Mapping[str, Any]) -> str:
    from access.rendering.stored_sentences import origin_reason

    how = "was deposited before" if row["already"] else "deposited"
    line = f"{row['file']}: {how} as {row['warc_key']} ({row['captures']} captures, {row['sha256']})"
    if row["origin"] == "crawl":
        line += "; signed by the crawl that wrote it"
    else:
        line += f"; an import by {row['brought_by']}"
        line += f" ({origin_reason(row['origin_reason'])})" if row["origin_reason"] else ""
    line += "".join(f"; {remark}" for remark in row["remarks"])
    if faults := row["faults"]:
        line += (
            f"; DEPOSITED WITH {len(faults)} FAULTS: {row['records']} records are indexed, every byte is stored"
        )
        line += "".join(map(_describe_fault, faults[:FAULTS_SHOWN]))
        if len(faults) > FAULTS_SHOWN:
            line += f"\n  and {len(faults) - FAULTS_SHOWN} more: see --json, or custody"
        line += "\n"
    second = row["second_copy"]
    if second is None:
        return f"{line}; confirmed by the only store; no second store is configured"
    if row["preserved"]:
        return f"{line}; preserved: both stores have confirmed it"
    return f"{line}; NOT YET preserved: the second copy is pending ({second['problem']})"


def _describe_rebuild(row: Mapping[str, Any]) -> str:
    read = row["process"]
    return (
        f"{row['custody_entries']} custody entries ({row['custody_restored']} restored), {row['files']} files, "
        f"{row['captures']} captures, {read['pages']} pages, {read['records']} records, {read['media']} media"
    )
