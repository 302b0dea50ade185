"""Command of the second copy: `copies`."""

import typer

from pipeline.output import Exit, JsonOption, emit, err, fail


def copies(as_json: JsonOption = False) -> None:
    """Bring the second store what it is owed; exit code 3 if something still is."""
    from sqlalchemy.exc import OperationalError

    from pipeline.config.archive_factory import opened_archive
    from pipeline.config.settings import SettingsError, load_settings
    from pipeline.preserve.replicate import (
        copied_in_words,
        copied_json,
        describe_pending,
        owed_json,
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
    rows = [*map(copied_json, report.copied), *map(owed_json, report.owed)]
    words = iter([*map(copied_in_words, report.copied), *map(describe_pending, report.owed)])
    emit(rows, as_json=as_json, human=lambda _: next(words))
    for sentence in report.problems if report.configured else report.sentences():
        err.print(sentence, markup=False)
    err.print(
        f"{len(report.copied)} copied, {len(report.owed)} owed; of custody {report.entries} entries brought, "
        f"{report.owed_entries} owed",
        markup=False,
    )
    if not report.whole:
        raise typer.Exit(int(Exit.SOURCES_FAILED))


def register(app: typer.Typer) -> None:
    """Add this group's command to the `letapis` command."""
    app.command()(copies)
