"""The command `forecast`: how the archive grows, when the disk is full, how long a night is."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.output import Exit, JsonOption, emit, fail

if TYPE_CHECKING:
    from pipeline.operations.forecast import Forecast


def forecast(
    pace: Annotated[
        float | None,
        typer.Option(min=0.0, metavar="SECONDS", help="How long a night would be with this pace at each host."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say how many gigabytes a night each source brings, when the disk is full, and how long a night is.

    Exit code 3 if the disk is full within 30 days.
    """
    from pipeline.config.archive_factory import opened_archive
    from pipeline.config.settings import SettingsError, load_settings
    from pipeline.operations.forecast import forecast as make

    try:
        settings = load_settings()
        with opened_archive(settings) as archive, archive.reader.connect() as connection:
            found = make(settings, connection, pace_s=pace)
    except SettingsError as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    emit(forecast_rows(found), as_json=as_json, human=describe_forecast)
    if found.alarms:
        raise typer.Exit(int(Exit.SOURCES_FAILED))


def forecast_rows(found: "Forecast") -> Iterator[dict[str, Any]]:
    """The whole, then each source."""
    whole = asdict(found)
    sources = whole.pop("sources")
    yield {"kind": "forecast", **whole, "alarm": found.alarms}
    for source in sources:
        yield {"kind": "source_forecast", **source}


def describe_forecast(row: Mapping[str, Any]) -> str:
    """One row for a terminal."""
    if row["kind"] == "source_forecast":
        requests = sum(row["requests"].values())
        return f"  {row['source_id']:<32} {gigabytes(row['bytes_a_night']):>12} a night, {requests} requests"
    lines = [f"Deposited: {gigabytes(row['bytes_a_night'])} a night, the mean of {row['nights']:g} nights"]
    free = gigabytes(row["disk_free_bytes"])
    if row["days_until_full"] is None:
        lines.append(f"Disk:      {free} free; when it is full is not known: {row['because']}")
    else:
        day = "" if row["full_on"] is None else f" ({row['full_on']:%Y-%m-%d})"
        left = f"no crawl starts in {row['days_until_full']:g} days{day}"
        lines.append(f"Disk:      {free} free, {gigabytes(row['disk_bytes_a_night'])} go each night; {left}")
    if row["alarm"]:
        lines.append("           That is soon: add a disk, or move the store.")
    if row["night_hours"] is not None:
        lines.append(f"Night:     {row['night_hours']:g} hours")
    if row["hours_at_pace"] is not None:
        at = f"with {row['pace_s']:g} s between two requests to a host"
        lines.append(f"           {row['hours_at_pace']:g} hours {at}; the busiest is {row['busiest_host']}")
    return "\n".join(lines)


def gigabytes(length: int) -> str:
    """A length as people read it, in the unit that fits."""
    size, unit = (length / 10**9, "GB") if length >= 10**8 else (length / 10**6, "MB")
    return f"{size:.1f} {unit}"


def register(app: typer.Typer) -> None:
    """Add this group's command to the `letapis` command."""
    app.command()(forecast)
