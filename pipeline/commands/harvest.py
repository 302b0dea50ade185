"""The command `harvest`: what the night does, now, on the running stack."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.output import Exit, JsonOption, emit, fail, print_progress

if TYPE_CHECKING:
    pass


def harvest(
    source: Annotated[
        list[str] | None,
        typer.Option("--source", help="Collect only this source of the watch-list. May be repeated."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run the nightly harvest now, on the running stack; exit code 3 if sources failed."""
    from crawlers.watchlist.loader import InvalidWatchlist
    from pipeline.airflow_api import AirflowApi, AirflowRefused, AirflowUnreachable
    from pipeline.collect.airflow_run import follow_harvest, harvested
    from pipeline.collect.harvest import UnknownSourceError, planned_sources
    from pipeline.config.settings import SettingsError, load_settings

    try:
        settings = load_settings()
        planned_sources(settings, source or ())
        access = settings.airflow()
    except (SettingsError, InvalidWatchlist, UnknownSourceError) as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    run_id = None
    try:
        with AirflowApi(access, on_progress=print_progress) as api:
            run_id = api.trigger("harvest", {"sources": source or []})
            state = follow_harvest(api, run_id, on_progress=print_progress)
            summary = harvested(api, run_id)
    except (AirflowRefused, AirflowUnreachable) as problem:
        started = f"\nThe run {run_id} was started and continues without this command." if run_id else ""
        raise fail(f"{problem}{started}") from problem
    except KeyboardInterrupt as stopped:
        raise fail(still_runs(access.url, run_id), Exit.INTERRUPTED) from stopped
    rows = [dict(row) for row in summary.rows.values()]
    rows += [missing(name, sentence) for name, sentence in summary.failures.items() if name not in summary.rows]
    # if this collector's own network is down, that is printed once below, and not for each source
    emit(rows, as_json=as_json, human=describe_source if summary.network is None else describe_counts)
    where = f"{access.url}/dags/harvest/runs/{run_id}"
    if summary.failures:
        raise fail(f"{summary.sentence()}\n{where}", Exit.SOURCES_FAILED)
    if state != "success":
        raise fail(f"The run ended as {state}: {where}")


def still_runs(airflow_url: str, run_id: str | None) -> str:
    """The sentence after Ctrl-C: what continues, and how to stop it."""
    if run_id is None:
        return "Stopped. It is not known whether the harvest was started: check its runs in Airflow."
    page = f"{airflow_url}/dags/harvest/runs/{run_id}"
    return (
        f"Only this command has ended. The harvest continues in Airflow: {page}\n"
        "To stop the harvest, too, choose Mark Run as, failed, on that page. What it has captured is kept."
    )


def missing(source_id: str, sentence: str) -> dict[str, Any]:
    """The row of a source whose task gave no result."""
    return {"kind": "harvested_source", "source_id": source_id, "problem": sentence, "keys": []}


def describe_source(row: Mapping[str, Any]) -> str:
    """One source as a line, and a line for each remark."""
    if row.get("crawl_id") is None:
        return f"{row['source_id']}: {row['problem']}"
    line = describe_counts(row) + (f". {row['problem']}" if row["problem"] else "")
    return "\n".join((line, *(f"  note: {remark}" for remark in row.get("remarks", ()))))


def describe_counts(row: Mapping[str, Any]) -> str:
    """What was fetched of one source, without its problems."""
    counts = f"{row['pages']} pages, {row['captures']} captures, {len(row['keys'])} WARC files"
    return f"{row['source_id']}: {counts}, {row['bytes']:,} bytes"


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    app.command()(harvest)
