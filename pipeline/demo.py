"""The whole way of the data on the sample sites: served, harvested through Airflow's scheduler, read, counted.

In: `Settings`; the demo has a data folder of its own below theirs. Out: a table per source, and an exit code that
is 0 only if every source of the sample watch-list came through. Progress goes to stderr.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import OperationalError

from crawlers.watchlist import read_watchlist
from pipeline.airflow_api import ENDED, AirflowApi
from pipeline.connect import open_archive
from pipeline.nightly import follow_harvest, harvested
from pipeline.output import Exit, emit, err, out, warn
from pipeline.services.data_folder import described, make_data_folder
from pipeline.services.processes import ServiceError
from pipeline.services.stack import Stack
from pipeline.settings import ROOT, Settings
from pipeline.up import bring_up, until_told_to_stop
from storage.archive import Archive
from storage.figures import SourceFigures, figures_since, newest_deposit, unread_files

DAGS: Final = ("harvest", "process")

DAGS_READ_S: Final = 900.0
"""The DAG processor reads every file in a few seconds once it is up, on a busy machine in minutes."""

PROCESS_S: Final = 7200.0
"""Far above what two busy cores need; a demo that hangs must end all the same."""

TABLE_WIDTH: Final = 120
"""Where the output is no terminal, the table is not squeezed into the 80 columns that are then assumed."""

COLUMNS: Final = ("pages", "posts", "articles", "hearings", "media", "new", "duplicates", "failures")


def run_demo(settings: Settings, *, day: int, stay: bool, as_json: bool) -> Exit:
    """Run it; with ``stay``, the stack stays up until Ctrl-C. Raises `ServiceError`."""
    data = settings.data / "demo"
    make_data_folder(settings.data)
    make_data_folder(data)
    code = Exit.FAILED  # what an interruption before the table leaves
    with served_samples(data / "sites", day) as samples:
        demo_settings = replace(
            settings,
            data=data,
            watchlist=ROOT / "samples" / "watchlist.yaml",
            connect_to=(samples["connect_to"],),
            allow_addresses=("127.0.0.0/8",),
            upstream_ca=Path(samples["authority"]),
        )
        stack = Stack(demo_settings, say=say)
        try:
            with until_told_to_stop():
                bring_up(stack, say)
                archive = open_archive(stack.settings)
                with stack.watched(), AirflowApi(stack.settings.airflow(), say=say) as api:
                    code = harvest_and_show(stack.settings, api, archive, as_json=as_json)
                for line in described(stack.settings, stack.passwords):
                    (err if as_json else out).print(line, markup=False)
                for warning in stack.warnings:
                    warn(warning)
                if stay:
                    say("Ctrl-C stops all of it.")
                    stack.watch()
        finally:
            say("Stopping ...")
            stack.stop()
    return code


def harvest_and_show(settings: Settings, api: AirflowApi, archive: Archive, *, as_json: bool) -> Exit:
    """Start a harvest through the scheduler, wait until all of it is read, and print what it brought."""
    wait_for_dags(api)
    with archive.reader.connect() as connection:
        before = newest_deposit(connection)
    runs_before = frozenset(run["dag_run_id"] for run in api.runs("process"))
    run_id = api.trigger("harvest", {})
    with progress("Harvest: waiting for the scheduler") as show_line:
        state = follow_harvest(api, run_id, say=show_line)
    problem = follow_process(api, archive, runs_before)
    with archive.reader.connect() as connection:
        figures = figures_since(connection, before)
    asked = [source.id for source in read_watchlist(settings.watchlist, egress=settings.egress_names).sources]
    show(figures, asked, as_json=as_json)
    silent = sorted(set(asked) - {row.source_id for row in figures})
    if silent:
        say(f"Nothing was deposited of: {', '.join(silent)}.")
    if problem:
        say(problem)
    if state != "success":
        say(f"The harvest ended as {state}: {settings.airflow_url}/dags/harvest/runs/{run_id}")
        say(harvested(api, run_id).sentence())
    return Exit.DONE if state == "success" and not silent and not problem else Exit.SOURCES_FAILED


def wait_for_dags(api: AirflowApi) -> None:
    """Return when the DAGs are known; raises `ServiceError` with Airflow's reason why they are not."""
    deadline = time.monotonic() + DAGS_READ_S
    while missing := set(DAGS) - api.known_dags():
        if time.monotonic() > deadline:
            errors = "\n".join(api.import_errors()) or "no reason given"
            raise ServiceError(f"Airflow has not read the DAGs {', '.join(sorted(missing))}: {errors}")
        time.sleep(1)


def follow_process(api: AirflowApi, archive: Archive, runs_before: frozenset[str]) -> str | None:
    """Wait until every deposited file has been read and grouped; returns what went wrong, None if nothing did."""
    with progress("Process: waiting for the scheduler") as show_line:
        deadline = time.monotonic() + PROCESS_S
        while True:
            try:
                with archive.reader.connect() as connection:
                    unread = unread_files(connection)
            except OperationalError:  # the database has fallen, and the stack starts it again
                if time.monotonic() > deadline:
                    raise
                time.sleep(1)
                continue
            runs = [run for run in api.runs("process") if run["dag_run_id"] not in runs_before]
            at_work = [run for run in runs if run["state"] not in ENDED]
            if not unread and not at_work:
                return None
            if runs and runs[0]["state"] == "failed":
                return f"Reading failed: {runs[0]['dag_run_id']}; {unread} WARC files are unread."
            if time.monotonic() > deadline:
                return f"{unread} WARC files are unread after {PROCESS_S:.0f} s."
            show_line(f"Process: {unread} WARC files to read" if unread else "Process: grouping media")
            time.sleep(1)


def show(figures: tuple[SourceFigures, ...], asked: list[str], *, as_json: bool) -> None:
    """The table, in the order of the watch-list; for programs one row per source."""
    order = {source_id: place for place, source_id in enumerate(asked)}
    rows = sorted(figures, key=lambda row: order.get(row.source_id, len(order)))
    if as_json:
        emit([{"kind": "harvested", **asdict(row)} for row in rows], as_json=True, human=str)
        return
    table = Table(box=SIMPLE)
    table.add_column("source", no_wrap=True)
    for name in (*COLUMNS, "WARC files", "bytes"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        counts = [str(getattr(row, name)) for name in COLUMNS]
        table.add_row(row.source_id, *counts, str(row.warc_files), f"{row.warc_bytes:,}")
    Console(file=sys.stdout, width=max(out.width, TABLE_WIDTH)).print(table)
    if not sum(row.new for row in rows):
        out.print("Nothing new: every record and every medium was known before.")


@contextmanager
def served_samples(folder: Path, day: int) -> Iterator[dict[str, str]]:
    """The sample sites as a process of their own; yields what it says of itself (`samples.__main__`)."""
    sites = subprocess.Popen(
        [sys.executable, "-m", "samples", "--folder", str(folder), "--day", str(day)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for us; the sites go when the crawls are done
    )
    assert sites.stdout is not None
    try:
        line = sites.stdout.readline()
        if not line:
            raise ServiceError(f"The sample sites did not start (code {sites.wait()}).")
        yield json.loads(line)
    finally:
        sites.terminate()
        sites.wait()


@contextmanager
def progress(first: str) -> Iterator[Callable[[str], None]]:
    """One line that changes, with a spinner, on a terminal; elsewhere a line per change."""
    if err.is_terminal:
        with err.status(first) as status:
            yield lambda text: status.update(text)
    else:
        said = [first]
        say(first)

        def line(text: str) -> None:
            if text != said[-1]:
                said.append(text)
                say(text)

        yield line


def say(text: str) -> None:
    """Progress, for people."""
    err.print(text, markup=False)
