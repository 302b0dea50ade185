"""The command `validation-report`: what the tests and measurements of this release came to, as a file."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from pipeline.output import Exit, JsonOption, emit, fail


def validation_report(
    tests: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The JUnit file of a run of the tests of this very tree."),
    ] = None,
    quality: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The JSON file of `python -m benchmarks.quality --json`.")
    ] = None,
    to: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where the report goes. Default: the file of the settings.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make the validation report of this release from its test run; without --tests, show the one there is."""
    from pipeline.config.settings import SettingsError, load_settings
    from pipeline.validation.release_report import release_report, report_row, write_report_file
    from pipeline.validation.validation_report import make_validation_report
    from storage.errors import StorageError

    try:
        settings = load_settings()
        if tests is None:
            if quality is not None or to is not None:
                raise fail("--quality and --to: expected --tests beside them, a run.", Exit.WRONG_USE)
            report, path = release_report(settings), settings.validation_report_file
            if report is None:
                raise fail(
                    f"No validation report was made for this version: {path} is not there, or is about another "
                    "tree. Packages say so. Make one with --tests."
                )
        else:
            measured = None if quality is None else quality.read_bytes()
            report = make_validation_report(tests.read_bytes(), measured, at=datetime.now(UTC))
            path = to or settings.validation_report_file
            write_report_file(report, path)
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    except StorageError as problem:
        raise fail(str(problem)) from problem
    except OSError as problem:
        raise fail(f"{problem.filename}: {problem.strerror}. Nothing was written.", Exit.WRONG_USE) from problem
    emit([report_row(report, path)], as_json=as_json, human=describe_report)


def describe_report(row: Mapping[str, Any]) -> str:
    """One report for a terminal."""
    return (
        f"{row['file']}: {row['passed']} of {row['run']} tests passed, {row['failed']} failed, {row['skipped']} "
        f"left out; {row['measurements']} figures. {row['digest']}"
    )


def register(app: typer.Typer) -> None:
    """Add this group's command to the `letapis` command."""
    app.command(name="validation-report")(validation_report)
