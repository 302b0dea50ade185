"""Commands of the archive's keeping: `deposit`, `rebuild`."""

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

SAID_FROM_BYTES = 100 * 10**6
"""A file of this length takes a second or more; whoever waits is told what for."""

WarcFiles = Annotated[
    list[Path], typer.Argument(metavar="FILE...", help="WARC, ARC or WACZ files made by any tool.")
]
UpToDamage = Annotated[
    bool, typer.Option("--up-to-damage", help="Take a damaged file, too, for the records before its damage.")
]
FromReplica = Annotated[
    bool, typer.Option("--replica", help="From the second store (LETAPIS_REPLICA_*) instead of the first.")
]
WithExtensions = Annotated[
    bool,
    typer.Option(
        "--with-extensions",
        help="Read with the operators' parsers in LETAPIS_EXTENSIONS as they are now, deposited so or not.",
    ),
]
ForSource = Annotated[
    str | None, typer.Option("--source", metavar="ID", help="The source that files of other tools belong to.")
]


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    app.command()(deposit)
    app.command()(rebuild)


def deposit(
    files: WarcFiles, source: ForSource = None, up_to_damage: UpToDamage = False, as_json: JsonOption = False
) -> None:
    """Take WARC, ARC or WACZ files into the archive: checked, stored under lock, indexed, in custody.

    A file that is damaged is refused with the place of the damage; the others are taken. With --up-to-damage it is
    kept as it is, every byte of it, and the records before the damage are indexed. Bringing the same file again
    changes nothing. A file that a crawl of this archive has signed is that crawl's; any other is an import, and is
    shown with who brought it. The files themselves stay where they are.
    """
    from dataclasses import asdict

    from storage.deposit.deposit import damage_json, deposit_file
    from storage.errors import StorageError
    from storage.objects.keys import is_part
    from storage.warc.reader import WarcDamageError

    if no_files := [f"{path}: expected a file, found {what}." for path in files if (what := _no_file(path))]:
        raise fail("\n".join([*no_files, "Nothing was deposited."]), Exit.WRONG_USE)
    if source is not None and not is_part(source):
        expected = "letters, digits, '.', '_' and '-'"
        raise fail(f"--source: expected {expected}, found {source!r}. Nothing was deposited.", Exit.WRONG_USE)
    refused = 0
    with _archive() as archive:
        for path in files:
            _say_of_large(path)
            try:
                deposited = deposit_file(
                    archive, path, source_id=source, up_to_damage=up_to_damage, actor=current_user()
                )
            except StorageError as problem:
                refused += 1
                err.print(_said_of_refusal(problem), markup=False)
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
                "damage": None if deposited.damage is None else damage_json(deposited.damage),
                "preserved": deposited.preserved,
                "second_copy": None if deposited.second_copy is None else asdict(deposited.second_copy),
            }
            emit([row], as_json=as_json, human=_say_deposit)
    if refused:
        raise typer.Exit(int(Exit.FAILED))


def _say_of_large(path: Path) -> None:
    """What it is that takes so long."""
    with suppress(OSError):  # a file that went away since is the deposit's to tell
        length = path.stat().st_size
        if length > SAID_FROM_BYTES:
            err.print(f"{path}: read, stored and read back ({length / 10**6:.0f} MB) ...", markup=False)


def _no_file(path: Path) -> str | None:
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
    """Derive the catalogue anew from the object store alone: index, records, media, groups, custody.

    The evidence is only read. Run it after an upgrade of the parsers, or when the database was lost. The
    catalogue in use answers as before, until the new one takes its place in one step. After an interruption run it
    again: it goes on where it was. With --replica it is derived from the second store; pages then read from there
    once LETAPIS_S3_* names it.

    Code that the store holds is never run. Pages of an operator's own parser are read where LETAPIS_EXTENSIONS has
    that parser as it was deposited last; otherwise they stay unread, and are named. Exit code 3 if there are any.
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
        report = derive(archive, extensions=use, on_progress=lambda said: err.print(said, markup=False))
    row = {"kind": "rebuild", **asdict(report)}
    del row["process"]["waiting"]  # counts this run alone; `waiting` has what the new catalogue lacks
    emit([row], as_json=as_json, human=_say_rebuild)
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
    """The replica; says so and ends where none is configured."""
    if archive.replica is None:
        raise fail("No second store is configured: set LETAPIS_REPLICA_* (docs/settings.md).", Exit.WRONG_USE)
    return archive.replica


@contextmanager
def _archive() -> Iterator[Archive]:
    """The archive of the settings; what storage refuses is said in its own words, with exit code 1."""
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
        said = str(problem.orig).strip()
        raise fail(f"The database does not answer: {said}\nNothing was changed; is the stack up?") from problem


def _said_of_refusal(problem: Exception) -> str:
    """The error's own words, and the other way where there is one."""
    from storage.warc.reader import WarcDamageError

    if isinstance(problem, WarcDamageError) and problem.record > 1:
        return (
            f"{problem} Or take it with --up-to-damage: every byte is kept, and the records before the damage are "
            "indexed."
        )
    return str(problem)


def _say_deposit(row: Mapping[str, Any]) -> str:
    how = "was there already" if row["already"] else "deposited"
    said = f"{row['file']}: {how} as {row['warc_key']} ({row['captures']} captures, {row['sha256']})"
    if row["origin"] == "crawl":
        said += "; signed by the crawl that wrote it"
    else:
        said += f"; an import, brought by {row['brought_by']}"
        said += f" ({row['origin_reason']})" if row["origin_reason"] else ""
    said += "".join(f"; {remark}" for remark in row["remarks"])
    if damage := row["damage"]:
        said += (
            f"; TAKEN UP TO THE DAMAGE in record {damage['record']} at offset {damage['offset']}: expected "
            f"{damage['expected']}, found {damage['found']}; {row['records']} records before it are indexed, "
            "every byte is kept"
        )
    second = row["second_copy"]
    if second is None:
        return f"{said}; confirmed by the one store there is, no second copy is configured"
    if row["preserved"]:
        return f"{said}; preserved: both stores have confirmed it"
    return f"{said}; NOT YET preserved: the second copy is owed ({second['problem']})"


def _say_rebuild(row: Mapping[str, Any]) -> str:
    read = row["process"]
    return (
        f"{row['custody_entries']} custody entries ({row['custody_restored']} restored), {row['files']} files, "
        f"{row['captures']} captures, {read['pages']} pages, {read['records']} records, {read['media']} media"
    )
