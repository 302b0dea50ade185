"""The command `metrics`: the figures of the archive and of this machine, for Prometheus."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from pipeline.output import Exit, JsonOption, emit, fail


def metrics(
    textfile: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write what concerns this machine alone into FILE, for node_exporter's textfile collector.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print the figures of the archive and of this machine, as Prometheus reads them."""
    from pipeline.config.settings import SettingsError, load_settings
    from pipeline.operations.exposition import as_text, write_textfile
    from pipeline.operations.samples import all_samples, machine_samples

    try:
        settings = load_settings()
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    samples = tuple(all_samples(settings) if textfile is None else machine_samples(settings))
    if textfile is not None:
        if not textfile.name.endswith(".prom"):
            expected = "expected a name that ends in .prom: node_exporter reads no other"
            raise fail(f"{textfile}: {expected}.", Exit.WRONG_USE)
        try:
            write_textfile(samples, textfile)
        except OSError as problem:
            raise fail(f"{textfile}: could not be written: {problem.strerror}.", Exit.WRONG_USE) from problem
    if as_json:
        emit(({"kind": "metric", **asdict(each)} for each in samples), as_json=True, human=str)
    elif textfile is None:
        emit([{"text": as_text(samples).decode().rstrip()}], as_json=False, human=lambda row: row["text"])


def register(app: typer.Typer) -> None:
    """Add this group's command to the `letapis` command."""
    app.command()(metrics)
