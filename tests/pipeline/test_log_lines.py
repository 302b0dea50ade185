"""What commands and crawls write beside their answers: one object a line where JSON is wanted."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.config.settings import ROOT, Settings
from samples.sites import SampleSites
from storage.log.key_file import make_signing_key
from storage.sealing_keys import make_keys
from tests.secret_values import secrets_of
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


LOCK = {"MODE": "governance", "DAYS": "1"}
SECRETS = {
    "LETAPIS_S3_SECRET_KEY": "store-8d2k4m",
    "LETAPIS_REPLICA_SECRET_KEY": "copy-7f3j9q",
    "LETAPIS_DATABASE_URL": "postgresql://owner:owner-1z5x@127.0.0.1:9/letapis",
    "LETAPIS_DATABASE_WRITER_URL": "postgresql://writer:writer-6c8v@127.0.0.1:9/letapis",
    "LETAPIS_DATABASE_READER_URL": "postgresql://reader:reader-3b7n@127.0.0.1:9/letapis",
    "LETAPIS_DATABASE_DRILL_URL": "postgresql://drill:drill-9m1a@127.0.0.1:9/letapis",
    "LETAPIS_AIRFLOW_PASSWORD": "airflow-2f7d9s",
    "LETAPIS_METRICS_TOKEN": "metrics-3Jx9pQ2vLm8Rt5w",
    "LETAPIS_MORNING_HEARTBEAT_URL": "http://watch:heartbeat-6h2k@127.0.0.1:9/ping",
    "LETAPIS_MORNING_TO": "mailto://ops:morning-9d1f@127.0.0.1:9?to=ops@example.org",
    "LETAPIS_EGRESS_OFFICE": "socks5://office:egress-4k8p@127.0.0.1:9",
}
CLOSED = {
    "LETAPIS_S3_ENDPOINT": "http://127.0.0.1:9",
    "LETAPIS_S3_ACCESS_KEY": "worker",
    "LETAPIS_REPLICA_ENDPOINT": "http://127.0.0.1:9",
    "LETAPIS_REPLICA_ACCESS_KEY": "worker",
    "LETAPIS_REPLICA_BUCKET": "copy",
    "LETAPIS_AIRFLOW_URL": "http://127.0.0.1:9",
    "LETAPIS_AIRFLOW_USER": "admin",
    **{f"LETAPIS_{store}LOCK_{part}": value for store in ("", "REPLICA_") for part, value in LOCK.items()},
}
COMMANDS = (
    ("status",),
    ("doctor",),
    ("verify",),
    ("copies", "--again"),
    ("custody", "--key-lost"),
    ("morning", "--test"),
    ("morning",),
    ("metrics",),
    ("drill",),
    ("search", "court"),
)
WRONG = {
    "LETAPIS_METRICS_TOKEN": "short-1z",
    "LETAPIS_DATABASE_URL": "mysql://root:mysql-7c3x@db/x",
    "LETAPIS_EGRESS_OFFICE": "gopher://office:gopher-5g2h@127.0.0.1",
    "LETAPIS_MORNING_TO": "no address but pass-8e4r",
}


@pytest.mark.slow
@pytest.mark.parametrize("form", ["text", "json"])
def test_no_command_writes_a_secret_where_every_service_is_away(form: str, tmp_path: Path) -> None:
    keys = Settings(data=tmp_path)
    make_keys(keys.sealing_keys_file)
    make_signing_key(keys.log_key_file, "letapis-log/trial")
    env = {**SECRETS, **CLOSED, "LETAPIS_LOGS_AS": form}
    ran = [letapis(*command, data=tmp_path, **env) for command in COMMANDS]
    ran += [letapis("status", data=tmp_path, **{**env, name: value}) for name, value in WRONG.items()]
    said = "".join(done.stdout + done.stderr for done in ran)
    named = {**SECRETS, **{f"{name} wrong": value for name, value in WRONG.items()}}
    secrets = {name: re.search(r"[a-z]+-\w+", value) for name, value in named.items()}
    texts = {name: found[0] for name, found in secrets.items() if found is not None}
    texts |= secrets_of(keys)

    assert {1, 2} <= {done.returncode for done in ran}
    assert len(texts) == len(SECRETS) + len(WRONG) + 2
    assert [name for name, text in texts.items() if text in said] == []
