"""The keys of JSON that are promised: written down with their meaning, and those that the code writes.

What a command prints is put together in many places, so the code is read for objects with a kind, and the commands
that need no stack are run.
"""

import ast
import json
import shutil
from collections.abc import Iterator
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from crawlers.model.report import CrawlReport
from docs.generator.commands_page import commands
from docs.generator.json_page import PRINTS, RECORD, json_page, keys_of, meanings, promised
from pipeline.cli import app
from pipeline.collect.archived import Archived
from pipeline.collect.harvest import HarvestResult
from pipeline.config.settings import ROOT
from pipeline.crawl.egress_check import EgressProbe
from pipeline.output import Exit
from pipeline.prepare import Prepared
from pipeline.process.rebuild import RebuildReport
from pipeline.setup.doctor import Check
from pipeline.setup.status import StatusLine
from pipeline.sources.trial import Trial
from processors.kinds import record_kinds
from samples.media.files import media_file
from storage.queries.nightly_counts import NightlyFailure, SourceCounts, counts_json, record_names

PROMISED = {promise.kind: promise for promise in promised()}
OF_DATACLASSES: dict[str, type] = {
    "archived": Archived,
    "prepared": Prepared,
    "check": Check,
    "egress": EgressProbe,
    "status": StatusLine,
    "source_trial": Trial,
    "rebuild": RebuildReport,
    "failure": NightlyFailure,
}
"""Kinds whose keys are the fields of a class."""

INNER = {"exchange", "purged"}
"""Kinds of objects that stand in WARC files or custody and are printed by no command."""


def objects_in_code() -> Iterator[tuple[str, str, str]]:
    """Kind, key and place of every object with a kind that the code writes down as a dictionary."""
    for folder in ("access", "crawlers", "pipeline", "storage"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path.stem == "line_parser":
                continue  # its dictionaries are entries of the watch-list
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if not isinstance(node, ast.Dict):
                    continue
                keys = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
                kind = next(
                    (
                        v.value
                        for k, v in zip(keys, node.values, strict=True)
                        if k == "kind" and isinstance(v, ast.Constant)
                    ),
                    None,
                )
                if isinstance(kind, str) and kind.islower() and len(keys) > 1:
                    yield from (
                        (kind, str(key), path.relative_to(ROOT).as_posix()) for key in keys if key is not None
                    )


def test_every_kind_and_key_of_the_code_is_promised() -> None:
    found = [each for each in objects_in_code() if each[0] not in INNER]

    assert {kind for kind, _, _ in found} >= {
        "capture",
        "custody",
        "medium",
        "verify",
        "timestamp",
        "crawl",
        "change",
    }
    assert {kind for kind, _, _ in found} - set(PROMISED) == set()
    assert [each for each in found if each[1] != "kind" and each[1] not in PROMISED[each[0]].words] == []


@pytest.mark.parametrize("kind", OF_DATACLASSES)
def test_every_field_that_is_printed_is_promised(kind: str) -> None:
    names = {each.name for each in fields(OF_DATACLASSES[kind])} - {"kind"}

    assert names - PROMISED[kind].words == set()


def test_every_key_of_a_harvested_source_is_promised() -> None:
    at = datetime(2026, 3, 5, tzinfo=UTC)
    row = HarvestResult(CrawlReport("01K", "a-court", at, at), (), 0).as_json()

    assert set(row) - {"kind"} - PROMISED["harvested_source"].words == set()


def test_every_count_of_the_demo_is_promised() -> None:
    counts = SourceCounts(source_id="a-court", records=dict.fromkeys(record_names(), 1))

    assert set(counts_json(counts)) == PROMISED["harvested"].words


@pytest.mark.parametrize("kind", [kind for kind in PROMISED if kind not in record_kinds()])
def test_every_promised_key_has_a_meaning(kind: str) -> None:
    keys, _ = keys_of(PROMISED[kind])

    assert [key.name for key in keys if not key.meaning.endswith(".")] == []


def test_no_meaning_is_left_of_a_key_that_is_gone() -> None:
    said = {kind: names for kind, names in meanings().items() if kind != "every"}
    every = meanings()["every"]
    keys = {
        kind: {key.name for key in keys_of(promise)[0]}
        for kind, promise in PROMISED.items()
        if kind not in record_kinds()
    }

    assert set(said) - set(keys) == set()
    assert {(kind, name) for kind, names in said.items() for name in names if name not in keys[kind]} == set()
    assert set(every) - {name for names in keys.values() for name in names} == set()


def test_the_page_says_what_every_command_prints() -> None:
    page = json_page()

    assert set(PRINTS) == {name for name, _ in commands()}
    assert {kind for kinds in PRINTS.values() for kind in kinds} - set(PROMISED) == set()
    assert set(PROMISED) - {kind for kinds in PRINTS.values() for kind in kinds} == {
        "every record",
        "address",
        "capture_text",
        "comparison",
        "health",
        "overview",
        "request",
        "user",
    }
    assert [kind for kind in PROMISED if f"\n### {kind}\n" not in page] == []
    assert RECORD in PROMISED


def printed(*command: str) -> list[dict[str, Any]]:
    ran = CliRunner().invoke(app, [*command, "--json"])
    assert ran.exit_code in (Exit.DONE, Exit.FAILED, Exit.SOURCES_FAILED), ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["parse", "fingerprint", "group", "sources", "sources import", "doctor"])
def test_what_a_command_prints_without_a_stack_is_what_is_promised(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = ROOT / "tests/processors/pages/fixtures/news-article/page.html"
    picture = tmp_path / "bridge.jpg"
    picture.write_bytes(media_file("bridge/c10/w800/q82").content)
    listed = tmp_path / "list.csv"
    listed.write_text("https://t.me/a_channel\nno address\n", "utf-8")
    watchlist = shutil.copy(ROOT / "samples/watchlist.yaml", tmp_path / "watchlist.yaml")
    arguments = {
        "parse": ["news", str(page), "--url", "https://news.example/a"],
        "fingerprint": [str(picture)],
        "group": [str(picture), str(picture)],
        "sources": ["--watchlist", str(watchlist)],
        "sources import": [str(listed), "--watchlist", str(watchlist), "--dry-run"],
        "doctor": [],
    }[name]

    monkeypatch.setenv("LETAPIS_DATA", str(tmp_path / "data"))

    rows = printed(*name.split(), *arguments)

    assert rows
    assert {row["kind"] for row in rows} <= set(PRINTS[name])
    for row in rows:
        assert set(row) - {"kind"} - PROMISED[row["kind"]].words == (
            set() if row["kind"] not in record_kinds() else {"officials", "struck", "remarks", "names"}
        )
