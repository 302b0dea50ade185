"""Commands about how evidence is held: `copies`, `timestamps`, `custody`."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.arguments import held_name
from pipeline.commands.search import asked_archive
from pipeline.output import Exit, JsonOption, emit, err, fail

if TYPE_CHECKING:
    from storage.archive import Archive


def copies(as_json: JsonOption = False) -> None:
    """Bring the second store what it is owed; exit code 3 if something still is."""
    from sqlalchemy.exc import OperationalError

    from pipeline.config.archive_factory import opened_archive
    from pipeline.config.settings import SettingsError, load_settings
    from pipeline.preserve.replicate import (
        copied_json,
        describe_copied,
        describe_pending,
        pending_copy_json,
        replicate_pending,
    )
    from storage.errors import StorageError

    try:
        settings = load_settings()
        with opened_archive(settings) as archive:
            report = replicate_pending(archive, actor=settings.collector)
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    except StorageError as problem:
        raise fail(str(problem)) from problem
    except OperationalError as problem:
        raise fail(f"The database does not answer: {str(problem.orig).strip()}\nIs the stack up?") from problem
    rows = [*map(copied_json, report.copied), *map(pending_copy_json, report.pending)]
    words = iter([*map(describe_copied, report.copied), *map(describe_pending, report.pending)])
    emit(rows, as_json=as_json, human=lambda _: next(words))
    for sentence in report.problems if report.configured else report.sentences():
        err.print(sentence, markup=False)
    err.print(
        f"{len(report.copied)} copied, {len(report.pending)} owed; of custody {report.entries} entries brought, "
        f"{report.pending_entries} owed",
        markup=False,
    )
    if not report.is_complete:
        raise typer.Exit(int(Exit.SOURCES_FAILED))


def timestamps(as_json: JsonOption = False) -> None:
    """Ask the time authorities for every token they owe; exit code 3 if some are still owed."""
    from sqlalchemy.exc import OperationalError

    from pipeline.config.archive_factory import opened_archive
    from pipeline.config.settings import SettingsError, load_settings
    from pipeline.preserve.timestamp import (
        NO_TIME_AUTHORITY,
        describe_obtained,
        describe_pending_timestamp,
        obtained_json,
        pending_timestamp_json,
        request_timestamps,
    )
    from storage.errors import StorageError

    try:
        settings = load_settings()
        with opened_archive(settings) as archive:
            report = request_timestamps(settings, archive, occasion="command")
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    except StorageError as problem:
        raise fail(str(problem)) from problem
    except OperationalError as problem:
        raise fail(f"The database does not answer: {str(problem.orig).strip()}\nIs the stack up?") from problem
    if not report.configured:
        err.print(f"{NO_TIME_AUTHORITY} (LETAPIS_TIME_AUTHORITIES)", markup=False)
    rows = [*map(obtained_json, report.obtained), *map(pending_timestamp_json, report.pending)]
    words = iter([*map(describe_obtained, report.obtained), *map(describe_pending_timestamp, report.pending)])
    emit(rows, as_json=as_json, human=lambda _: next(words))
    if report.pending:
        raise typer.Exit(int(Exit.SOURCES_FAILED))


def custody(
    name: Annotated[
        str, typer.Argument(metavar="ID|KEY|URL", help="Of a capture, a WARC file, or a page: each capture of it.")
    ],
    as_json: JsonOption = False,
) -> None:
    """Say what is held, since when, in which stores, and how late it can be by outside time."""
    held_name(name)
    with asked_archive() as archive:
        if not emit(_held(archive, name), as_json=as_json, human=in_words):
            raise fail(f"Nothing of {name} is held here. That says nothing about whether it existed.")


def _held(archive: "Archive", name: str) -> Iterator[Mapping[str, Any]]:
    from access.views.captures import captures_of_page
    from access.views.custody_status import held

    names = (row["id"] for row in captures_of_page(archive, name)) if "://" in name else (name,)
    for each in names:
        if (row := held(archive, each)) is not None:
            yield row


def in_words(row: Mapping[str, Any]) -> str:
    """What is held, a sentence a line, the first of them not indented."""
    first, *rest = row["sentences"]
    return "\n".join([first, *(f"  {sentence}" for sentence in rest)])


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    for command in (copies, timestamps, custody):
        app.command()(command)
