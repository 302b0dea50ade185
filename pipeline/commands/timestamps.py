"""Command of outside time: `timestamps`."""

import typer

from pipeline.output import Exit, JsonOption, emit, err, fail


def timestamps(as_json: JsonOption = False) -> None:
    """Ask the time authorities for every token they owe; exit code 3 if some are still owed."""
    from sqlalchemy.exc import OperationalError

    from pipeline.config.archive_factory import opened_archive
    from pipeline.config.settings import SettingsError, load_settings
    from pipeline.preserve.timestamp import (
        NO_OUTSIDE_TIME,
        describe_obtained,
        obtained_json,
        owed_in_words,
        owed_json,
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
        err.print(f"{NO_OUTSIDE_TIME} (LETAPIS_TIME_AUTHORITIES)", markup=False)
    rows = [*map(obtained_json, report.obtained), *map(owed_json, report.owed)]
    words = iter([*map(describe_obtained, report.obtained), *map(owed_in_words, report.owed)])
    emit(rows, as_json=as_json, human=lambda _: next(words))
    if report.owed:
        raise typer.Exit(int(Exit.SOURCES_FAILED))


def register(app: typer.Typer) -> None:
    """Add this group's command to the `letapis` command."""
    app.command()(timestamps)
