"""The demo's harvest through the session's Airflow: sources come through, and nothing is new twice."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from pipeline.airflow_api import AirflowApi
from pipeline.commands.demo import harvest_and_show
from pipeline.config.archive_factory import open_archive
from pipeline.config.settings import ROOT
from pipeline.output import Exit
from samples import expected
from samples.sites import SampleSites

if TYPE_CHECKING:
    from storage.archive import Archive
    from tests.conftest import RunningStack

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]


@pytest.fixture
def stack_archive(airflow_stack: "RunningStack") -> "Iterator[Archive]":
    archive = open_archive(airflow_stack.settings)
    yield archive
    archive.writer.dispose()
    archive.reader.dispose()


@pytest.fixture
def one_of_each_kind(airflow_stack: "RunningStack") -> Iterator[set[str]]:
    """The demo's watch-list with one channel, one list and one register: the nights harvest all of it."""
    path = airflow_stack.settings.watchlist
    before = path.read_text("utf-8")
    watched = yaml.safe_load(before)
    ids = {next(iter(expected.TELEGRAM_SOURCES)), next(iter(expected.LIST_PAGES)), expected.WANTED_SOURCE}
    watched["sources"] = [source for source in watched["sources"] if source["id"] in ids]
    path.write_text(yaml.safe_dump(watched, allow_unicode=True), "utf-8")
    yield ids
    path.write_text(before, "utf-8")


def harvested(
    stack: "RunningStack", archive: "Archive", capsys: pytest.CaptureFixture[str]
) -> list[dict[str, Any]]:
    capsys.readouterr()
    with AirflowApi(stack.settings.airflow()) as api:
        code = harvest_and_show(stack.settings, api, archive, as_json=True)
    said = capsys.readouterr()
    assert code == Exit.DONE, said.err
    return [row for row in map(json.loads, said.out.splitlines()) if row["kind"] == "harvested"]


def test_every_source_comes_through_and_a_second_harvest_finds_nothing_new(
    airflow_stack: "RunningStack",
    sample_sites: SampleSites,
    one_of_each_kind: set[str],
    stack_archive: "Archive",
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert sample_sites.day == 1

    first = harvested(airflow_stack, stack_archive, capsys)
    second = harvested(airflow_stack, stack_archive, capsys)

    order = [row["source_id"] for row in first]
    assert order == [row["source_id"] for row in second]
    assert set(order) == one_of_each_kind
    assert [
        row["source_id"] for row in first if not (row["pages"] and row["warc_files"] and row["warc_bytes"])
    ] == []
    assert {row["source_id"]: row["new"] for row in second if row["new"]} == {}


def test_the_readme_names_the_demo_as_the_first_command() -> None:
    first_screen = (ROOT / "README.md").read_text("utf-8").splitlines()[:20]

    assert [line.split()[:2] for line in first_screen if line.startswith("    make ")] == [
        ["make", "demo"],
        ["make", "test"],
    ]
