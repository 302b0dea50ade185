"""The command `drill`: a recovery tried in a scratch database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from pipeline.commands.deposit import FromReplica
from pipeline.output import Exit, JsonOption, emit, err, warn

Quiet = Annotated[bool, typer.Option("--quiet", help="Print no progress.")]


def drill(replica: FromReplica = False, quiet: Quiet = False, as_json: JsonOption = False) -> None:
    """Restore the archive from the store into a scratch database, and compare it with the database in use.

    Scratch database and folder are dropped at the end. Nothing in use is changed; custody gets the result. It
    takes as long as `letapis rebuild`. Exit code 1 if something differs.
    """
    from pipeline.backup.drill import drill as try_recovery
    from pipeline.config.archive_factory import opened_archive
    from pipeline.config.settings import load_settings

    settings = load_settings()

    def progress(sentence: str) -> None:
        if not quiet:
            err.print(sentence, markup=False)

    with opened_archive(settings) as archive:
        report = try_recovery(settings, archive, replica=replica, on_progress=progress)
    emit([report.as_json() | {"sentence": report.sentence()}], as_json=as_json, human=_describe)
    for line in (*report.differences(), *report.remarks):
        warn(line)
    if not report.passed:
        raise typer.Exit(int(Exit.FAILED))


def _describe(row: Mapping[str, Any]) -> str:
    return str(row["sentence"])


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    app.command()(drill)
