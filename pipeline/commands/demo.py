"""The whole pipeline on the sample sites: served, harvested through Airflow's scheduler, processed, counted.

In: `Settings`; the demo has a data folder of its own below theirs. Out: what `pipeline.commands.demo_report`
shows, and an exit code that is 0 only if every source of the sample watch-list was collected. Progress goes to
stderr.
"""

import json
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from sqlalchemy.exc import OperationalError

from crawlers.watchlist.loader import read_watchlist
from pipeline.airflow_api import ENDED, AirflowApi
from pipeline.collect.airflow_run import follow_harvest, harvested
from pipeline.commands.demo_report import result_since, show
from pipeline.config.archive_factory import open_archive
from pipeline.config.demo_location import SITES, demo_folder
from pipeline.config.settings import ROOT, Settings
from pipeline.devstack.data_folder import access_lines, make_data_folder
from pipeline.devstack.stack import Stack
from pipeline.devstack.up import bring_up, until_stopped
from pipeline.output import Exit, err, out, print_progress, warn
from pipeline.supervise.processes import ServiceError
from storage.archive import Archive
from storage.queries.nightly_counts import newest_deposit, unread_files

DAGS: Final = ("harvest", "process")

DAGS_READ_S: Final = 900.0
"""The DAG processor reads every file in a few seconds once it is up, on a busy machine in minutes."""

PROCESS_S: Final = 7200.0
"""Far above what two busy cores need; a demo that hangs must end all the same."""

EXAMPLES: Final = (
    'search "суд Прыклад" --kind hearing --since 2026-11-01',
    "captures https://sud.pryklad.example/rasklad/",
    "changes oblsud",
    "similar {folder}/sites/bridge.jpg",
)
"""Questions that the sample sites can answer; `docs/getting-started.md` asks the same."""


def run_demo(settings: Settings, *, day: int, stay: bool, as_json: bool) -> Exit:
    """Run it; with ``stay``, the stack stays up until Ctrl-C. Raises `ServiceError`."""
    data = demo_folder(settings.data)
    make_data_folder(settings.data)
    make_data_folder(data)
    code = Exit.INTERRUPTED  # before the table
    with served_samples(data / SITES, day) as samples:
        demo_settings = replace(
            settings,
            data=data,
            watchlist=ROOT / "samples" / "watchlist.yaml",
            connect_to=(samples["connect_to"],),
            allow_addresses=("127.0.0.0/8",),
            upstream_ca=Path(samples["authority"]),
        )
        stack = Stack(demo_settings, on_progress=print_progress)
        try:
            with until_stopped():
                bring_up(stack, print_progress)
                archive = open_archive(stack.settings)
                with stack.watched(), AirflowApi(stack.settings.airflow(), on_progress=print_progress) as api:
                    code = harvest_and_show(stack.settings, api, archive, as_json=as_json)
                for warning in stack.warnings:
                    warn(warning)
                if stay:
                    access = access_lines(stack.settings, stack.passwords)
                    for line in ("", *access, "", *example_commands(data)):
                        (err if as_json else out).print(line, markup=False)
                    print_progress("Ctrl-C stops everything.")
                    stack.watch()
        finally:
            print_progress("Stopping ...")
            stack.stop()
    again = "make demo" if day == 1 else f"make demo DAY={day}"
    print_progress(f"Stopped. The data stays in {data}. Commands can read it while `{again}` runs.")
    return code


def harvest_and_show(settings: Settings, api: AirflowApi, archive: Archive, *, as_json: bool) -> Exit:
    """Start a harvest through the scheduler, wait until everything is processed, and print the results."""
    wait_for_dags(api)
    with archive.reader.connect() as connection:
        before = newest_deposit(connection)
    runs_before = frozenset(run["dag_run_id"] for run in api.runs("process"))
    run_id = api.trigger("harvest", {})
    with progress("Harvest: waiting for the scheduler") as show_line:
        state = follow_harvest(api, run_id, on_progress=show_line)
    problem = follow_process(api, archive, runs_before)
    watchlist = read_watchlist(
        settings.watchlist, egress=settings.egress_names, extensions=settings.extension_folder
    )
    source_ids = [source.id for source in watchlist.sources]
    result = result_since(archive, before, source_ids)
    show(result, as_json=as_json)
    silent = sorted(set(source_ids) - {row.source_id for row in result.figures})
    if silent:
        print_progress(f"Nothing was deposited from: {', '.join(silent)}.")
    if problem:
        print_progress(problem)
    if state != "success":
        print_progress(f"The harvest ended as {state} (run {run_id}).")
        print_progress(harvested(api, run_id).sentence())
    return Exit.DONE if state == "success" and not silent and not problem else Exit.SOURCES_FAILED


def example_commands(data: Path) -> tuple[str, ...]:
    """Commands for another shell that read the archive of the demo, line by line."""
    folder = shlex.quote(str(data.relative_to(ROOT) if data.is_relative_to(ROOT) else data))
    return (
        "Commands to try, in another shell:",
        f"    export LETAPIS_DATA={folder}",
        *(f"    .venv/bin/letapis {example.format(folder=folder)}" for example in EXAMPLES),
    )


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
            running = [run for run in runs if run["state"] not in ENDED]
            if not unread and not running:
                return None
            if runs and runs[0]["state"] == "failed":
                return f"Processing failed in run {runs[0]['dag_run_id']}. {unread} WARC files are not processed."
            if time.monotonic() > deadline:
                return f"{unread} WARC files are not processed after {PROCESS_S:.0f} s."
            show_line(f"Process: {unread} WARC files to process" if unread else "Process: grouping media")
            time.sleep(1)


@contextmanager
def served_samples(folder: Path, day: int) -> Iterator[dict[str, str]]:
    """The sample sites as a process of their own; yields the facts that it prints (`samples.__main__`)."""
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
        lines = [first]
        print_progress(first)

        def line(text: str) -> None:
            if text != lines[-1]:
                lines.append(text)
                print_progress(text)

        yield line
