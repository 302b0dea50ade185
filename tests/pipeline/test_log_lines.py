"""What commands and crawls write beside their answers: one object a line where JSON is wanted."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.config.settings import ROOT
from samples.sites import SampleSites
from tests.typed_commands import typed

ARTICLE = "https://vesnik.pryklad.example/naviny/biudzet/"


def letapis(*arguments: str | Path, data: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LETAPIS_")}
    return typed(*map(str, arguments), env={**clean, "LETAPIS_DATA": str(data), **variables})


@pytest.mark.slow
def test_each_line_of_the_log_is_an_object_where_json_is_wanted(sample_sites: SampleSites, tmp_path: Path) -> None:
    reaching = ("--connect-to", sample_sites.connect_to, "--allow-address", "127.0.0.0/8")
    wanted = {"data": tmp_path, "LETAPIS_LOGS_AS": "json", "LETAPIS_WORKER": "3"}
    crawled = letapis(
        *("crawl", "--url", ARTICLE, "--spool", tmp_path / "spool", *reaching),
        *("--upstream-ca", sample_sites.authority),
        **wanted,  # type: ignore[arg-type]  # one dict of two types
    )
    failed = letapis("verify", **wanted)  # type: ignore[arg-type]  # the same

    rows = [json.loads(line) for done in (crawled, failed) for line in done.stderr.splitlines()]
    assert (crawled.returncode, failed.returncode) == (0, 2)
    assert {tuple(row) for row in rows} == {("at", "level", "logger", "pid", "message")}
    misspelt = [row["level"] for row in rows if row["message"].startswith("LETAPIS_WORKER: no setting")]
    assert misspelt == ["warning", "warning"]
    assert any(row["level"] == "info" and "on-demand" in row["message"] for row in rows)
    assert rows[-1]["level"] == "error"


def test_warnings_and_uncaught_errors_of_every_process_are_lines_of_json() -> None:
    program = """
import logging, warnings
from crawlers.log_lines import begin_json_lines
begin_json_lines()
warnings.warn("old")
logging.getLogger("a.b").error("went %s", "wrong")
logging.getLogger("a.b").info("nothing")
raise ValueError("line one\\nline two")
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "LETAPIS_LOGS_AS": "json"},
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    rows = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(row["level"], row["logger"]) for row in rows] == [
        ("warning", "py.warnings"),
        ("error", "a.b"),
        ("critical", "letapis"),
    ]
    assert rows[1]["message"] == "went wrong"
    assert rows[2]["error"].startswith("Traceback (most recent call last)")


def test_another_form_of_the_log_is_a_mistake_in_words(tmp_path: Path) -> None:
    done = letapis("status", data=tmp_path, LETAPIS_LOGS_AS="yaml")

    assert (done.returncode, done.stderr) == (2, "LETAPIS_LOGS_AS: expected text or json, found 'yaml'.\n")
