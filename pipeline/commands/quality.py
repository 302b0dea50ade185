"""The command `quality`: browser captures replayed and compared with what was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.output import Exit, JsonOption, counted, emit, err, fail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from storage.archive import Archive
    from storage.catalogue.captures import Capture

Names = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[CAPTURE]...", help="Captures that a browser made, or their renderings, by their ids."
    ),
]
Night = Annotated[
    bool, typer.Option("--night", help="Every browser capture of the last 24 hours that has no score yet.")
]
Sample = Annotated[
    int | None,
    typer.Option(
        "--sample",
        min=1,
        max=10_000,
        metavar="N",
        help="So many of them, drawn evenly over the sources; with --night of the last 24 hours, else of all.",
    ),
]


def quality(names: Names = None, night: Night = False, sample: Sample = None, as_json: JsonOption = False) -> None:
    """Replay browser captures, compare them with what was seen, and store a quality score of each, 0 to 1.

    Each page is shown in Chromium by a replay of its own, which reaches nothing but the archive. Compared are
    screenshot, visible text and resources (docs/quality.md). Exit code 3 if some could not be compared.
    """
    from sqlalchemy.exc import OperationalError

    from pipeline.config.archive_factory import opened_archive
    from pipeline.config.settings import SettingsError, load_settings
    from pipeline.replay_quality.measuring import QualityUnavailableError, measure, score_line
    from pipeline.replay_quality.seen import NoBrowserCaptureError
    from storage.errors import StorageError

    if bool(names) == (night or sample is not None):
        raise fail(
            "Name captures, or give --night, --sample N or both: there is nothing to measure.", Exit.WRONG_USE
        )
    without = 0
    try:
        settings = load_settings()
        with opened_archive(settings) as archive:
            records = _records(archive, names or (), night=night, most=sample)
            for score in measure(
                settings, archive, records, on_progress=lambda line: err.print(line, markup=False)
            ):
                emit([score.as_json()], as_json=as_json, human=score_line)
                without += score.score is None
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    except (StorageError, NoBrowserCaptureError, QualityUnavailableError) as problem:
        raise fail(str(problem)) from problem
    except OperationalError as problem:
        words = str(problem.orig).strip()
        raise fail(f"The database does not answer: {words}\nCheck that the stack is running.") from problem
    err.print(f"{counted(len(records), 'capture')} replayed, {without} of them without a score.", markup=False)
    if without:
        raise typer.Exit(int(Exit.SOURCES_FAILED))


def _records(archive: Archive, names: Sequence[str], *, night: bool, most: int | None) -> Sequence[Capture]:
    from datetime import UTC, datetime, timedelta

    from pipeline.replay_quality.seen import record_of
    from processors.quality.score import METHOD
    from storage.quality.scores import unscored_page_records

    if names:
        return [record_of(archive, name) for name in names]
    since = datetime.now(UTC) - timedelta(hours=24) if night else datetime.min.replace(tzinfo=UTC)
    with archive.reader.connect() as connection:
        return unscored_page_records(connection, since=since, most=most, method=METHOD)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(quality)
