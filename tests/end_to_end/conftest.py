"""Two nights on the sample sites through a running Airflow, and what may be asked of it."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from pipeline.airflow_api import ENDED, AirflowApi
from pipeline.chromium import find_chromium
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import ROOT
from samples.sites import SampleSites
from storage.archive import Archive
from storage.queries.nightly_counts import SourceCounts, counts_since, newest_deposit, unread_files
from tests.airflow_requests import wait_for_run
from tests.conftest import RunningStack

HARVEST_S = 600.0
PROCESS_S = 300.0

Answer = TypeVar("Answer")
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Night:
    """One harvest and what followed: its run, its results by source, and counts of what was read of them."""

    run_id: str
    state: str
    results: dict[str, dict[str, Any]]
    figures: dict[str, SourceCounts]

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(key for result in self.results.values() for key in result["keys"])

    @property
    def crawl_ids(self) -> tuple[str, ...]:
        return tuple(result["crawl_id"] for result in self.results.values())


@pytest.fixture(scope="session")
def api(airflow_stack: RunningStack) -> Iterator[AirflowApi]:
    with AirflowApi(airflow_stack.settings.airflow()) as api:
        deadline = time.monotonic() + 120
        while not {"harvest", "process", "archive_url", "handover"} <= api.known_dags():
            assert time.monotonic() < deadline, api.import_errors()
            time.sleep(1)
        yield api


@pytest.fixture(scope="session")
def deposited(airflow_stack: RunningStack) -> Iterator[Archive]:
    """The archive of the running stack."""
    with opened_archive(airflow_stack.settings) as archive:
        yield archive


@pytest.fixture(scope="session")
def first_night(api: AirflowApi, deposited: Archive, sample_sites: SampleSites) -> Night:
    assert sample_sites.day == 1
    return harvest(api, deposited)


@pytest.fixture(scope="session")
def second_night(first_night: Night, api: AirflowApi, deposited: Archive, sample_sites: SampleSites) -> Night:
    sample_sites.set_day(2)
    try:
        return harvest(api, deposited)
    finally:
        sample_sites.set_day(1)


def harvest(api: AirflowApi, archive: Archive, sources: tuple[str, ...] = ()) -> Night:
    """Run the harvest through the scheduler and wait until what it brought has been read."""
    with archive.reader.connect() as connection:
        before = newest_deposit(connection)
    run_id = api.trigger("harvest", {"sources": list(sources)})
    state = wait_for_run(api, "harvest", run_id, timeout_s=HARVEST_S)
    batches = api.xcom("harvest", run_id, "plan")
    results = [api.xcom("harvest", run_id, "collect", map_index=number) for number in range(len(batches))]
    wait_until_read(api, archive)
    with archive.reader.connect() as connection:
        figures = {row.source_id: row for row in counts_since(connection, before)}
    return Night(run_id, state, {row["source_id"]: row for batch in results for row in batch}, figures)


def wait_until_read(api: AirflowApi, archive: Archive) -> None:
    deadline = time.monotonic() + PROCESS_S
    while time.monotonic() < deadline:
        with archive.reader.connect() as connection:
            unread = unread_files(connection)
        if not unread and all(run["state"] in ENDED for run in api.runs("process")):
            return
        time.sleep(1)
    raise AssertionError("the process DAG did not follow")


def eventually(ask: Callable[[], Answer | None], *, every_s: float = 0.2, timeout_s: float = 60.0) -> Answer:
    """What comes of asking again and again until there is an answer."""
    deadline = time.monotonic() + timeout_s
    while not (answer := ask()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(every_s)
    return answer


@pytest.fixture(scope="session")
def letapis(airflow_stack: RunningStack) -> Callable[..., Rows]:
    """The command, as an analyst types it, on the running stack; gives the JSON lines."""

    def run(*words: str, code: int | None = 0) -> Rows:
        ran = subprocess.run(
            [sys.executable, "-m", "pipeline.cli", *words, "--json"],
            env={**os.environ, "LETAPIS_DATA": str(airflow_stack.settings.data)}
            | operators_variables(airflow_stack),
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert code is None or ran.returncode == code, ran.stderr
        return [json.loads(line) for line in ran.stdout.splitlines()]

    return run


def operators_variables(stack: RunningStack) -> dict[str, str]:
    """What the operator told `letapis up`, for other commands beside it."""
    settings = stack.settings
    return {
        "LETAPIS_WATCHLIST": str(settings.watchlist),
        "LETAPIS_CONNECT_TO": " ".join(settings.connect_to),
        "LETAPIS_ALLOW_ADDRESSES": " ".join(settings.allow_addresses),
        "LETAPIS_UPSTREAM_CA": str(settings.upstream_ca),
    }


@pytest.fixture(scope="module")  # while it is there, its loop runs in this thread and no test can run another
def browser() -> Iterator[Browser]:
    found = find_chromium()
    assert found is not None, "no Chromium: `make env` installs one"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=str(found.program), args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def logged_in(browser: Browser, airflow_stack: RunningStack) -> Iterator[Callable[[str], Page]]:
    """A fresh browser session, logged in to Airflow as its own login page does it."""
    contexts: list[BrowserContext] = []

    def log_in(user: str) -> Page:
        contexts.append(browser.new_context())
        page = contexts[-1].new_page()
        page.goto(f"{airflow_stack.settings.airflow_url}/")
        page.fill("input[name=username]", user)
        page.fill("input[name=password]", airflow_stack.passwords[user])
        page.keyboard.press("Enter")
        page.get_by_role("link", name="Archive").wait_for()
        return page

    yield log_in
    for context in contexts:
        context.close()
