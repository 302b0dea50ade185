"""The figures of an archive after a night, and that rules and dashboard name none that does not exist."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.config.settings import ROOT
from pipeline.operations.exposition import as_text
from pipeline.operations.samples import FAMILIES, Sample, all_samples
from tests.pipeline.operations.conftest import REASON, SECRET, Operated
from tests.storage.killed_deposits import environment

MONITORING = ROOT / "deploy" / "monitoring"
RULES, DASHBOARD = MONITORING / "letapis.rules.yml", MONITORING / "grafana-dashboard.json"


def by_name(samples: tuple[Sample, ...]) -> dict[str, dict[tuple[str, ...], float]]:
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for each in samples:
        found.setdefault(each.name, {})[tuple(each.labels.values())] = each.value
    return found


def test_every_figure_is_given_with_what_the_night_came_to(operated: Operated) -> None:
    samples = tuple(all_samples(operated.settings))
    found = by_name(samples)

    assert set(FAMILIES) - set(found) == {
        "letapis_disk_days_until_full",  # the store is elsewhere
        "letapis_drill_timestamp_seconds",  # no drill was made
        "letapis_drill_passed",
    }
    assert set(found) <= set(FAMILIES)
    one = {name: values[()] for name, values in found.items() if () in values}
    assert found["letapis_part_up"].pop(("second store",)) < 1
    assert found["letapis_part_up"] == {("database",): 1, ("migrations",): 1, ("store",): 1, ("disk",): 1}
    assert found["letapis_source_failed"] == {("kanal",): 0, ("sud",): 1}
    assert found["letapis_source_last_crawl_outcomes"] == {("kanal", "content"): 1, ("sud", "blocked"): 2}
    assert found["letapis_source_last_crawl_pages"] == {("kanal",): 1, ("sud",): 2}
    assert found["letapis_records"] == {("telegram_post",): 1}
    assert (one["letapis_sources"], one["letapis_sources_failed"]) == (3, 2)
    assert (one["letapis_captures"], one["letapis_deposited_files"], one["letapis_unread_files"]) == (1, 1, 0)
    assert one["letapis_deposited_bytes"] == found["letapis_source_deposited_bytes"]["kanal",] > 0
    assert one["letapis_pending_copies"] > 0
    assert one["letapis_pending_time_tokens"] == 1
    assert 0 < one["letapis_checkpoint_entries"] < one["letapis_custody_entries"]
    assert one["letapis_outlets"] == 1
    assert one["letapis_night_due_timestamp_seconds"] == operated.due_at.timestamp()
    assert (one["letapis_night_sources"], one["letapis_night_sources_failed"]) == (3, 2)
    assert (one["letapis_nights_bad"], one["letapis_nights_missed"]) == (2, 1)
    assert one["letapis_requests_waiting"] == 1
    assert found["letapis_spool_crawls"] == {("running",): 0, ("left",): 1}


def test_figures_name_no_source_of_a_case_and_no_address(operated: Operated) -> None:
    text = as_text(all_samples(operated.settings)).decode()

    assert 'source="sud"' in text
    assert [word for word in (SECRET, "k17", "example", "ann", REASON) if word in text] == []


def test_with_the_database_away_what_is_known_is_given_and_nothing_is_zero(operated: Operated) -> None:
    settings = replace(operated.settings, database_reader_url="postgresql+psycopg2://nobody@127.0.0.1:9/none")

    found = by_name(tuple(all_samples(settings)))

    assert found["letapis_part_up"]["database",] == 0
    assert found["letapis_disk_free_bytes"][()] > 0
    assert "letapis_captures" not in found
    assert "letapis_sources_failed" not in found


def test_the_command_prints_the_same_as_text_and_as_json(operated: Operated) -> None:
    env = environment(operated.settings)

    text = CliRunner(env=env).invoke(app, ["metrics"])
    rows = CliRunner(env=env).invoke(app, ["metrics", "--json"])

    assert (text.exit_code, rows.exit_code) == (0, 0)
    assert "# TYPE letapis_captures gauge\nletapis_captures 1.0\n" in text.stdout
    assert {"kind": "metric", "name": "letapis_captures", "value": 1, "labels": {}} in [
        json.loads(line) for line in rows.stdout.splitlines()
    ]


@pytest.mark.promtool
def test_promtool_finds_nothing_wrong_with_the_figures(operated: Operated) -> None:
    checked = promtool("check", "metrics", stdin=as_text(all_samples(operated.settings)))

    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def named(expression: str) -> set[str]:
    return set(re.findall(r"\bletapis_[a-z_]+", expression))


def test_every_metric_that_rules_and_dashboard_name_exists() -> None:
    rules = [rule for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"] for rule in group["rules"]]
    panels = json.loads(DASHBOARD.read_text("utf-8"))["panels"]
    of_rules = {rule["alert"]: named(rule["expr"]) for rule in rules}
    of_panels = {panel["title"]: named(str([each["expr"] for each in panel["targets"]])) for panel in panels}

    assert len(of_rules) == len(rules)
    assert [
        name for name, metrics in {**of_rules, **of_panels}.items() if not metrics or metrics - set(FAMILIES)
    ] == []


def test_every_alert_is_explained_to_the_operator() -> None:
    rules = [rule for group in yaml.safe_load(RULES.read_text("utf-8"))["groups"] for rule in group["rules"]]
    page = (ROOT / "docs" / "monitoring.md").read_text("utf-8")

    assert [rule["alert"] for rule in rules if f"| `{rule['alert']}` |" not in page] == []
    assert [rule["alert"] for rule in rules if set(rule["annotations"]) != {"summary", "description"}] == []
    assert {rule["labels"]["severity"] for rule in rules} == {"page", "ticket"}


@pytest.mark.promtool
@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "rules", "letapis.rules.yml"),
        ("test", "rules", "letapis.rules.test.yml"),
        ("check", "config", "prometheus.yml"),
    ],
)
def test_promtool_accepts_the_files(arguments: tuple[str, ...], tmp_path: Path) -> None:
    folder = tmp_path / "monitoring"
    shutil.copytree(MONITORING, folder)
    (folder / "letapis-token").write_text("k3Jx-9pQ2-vLm8-Rt5w\n", "utf-8")  # the operator's own

    checked = promtool(*arguments, folder=folder)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def promtool(
    *arguments: str, stdin: bytes = b"", folder: Path = MONITORING
) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run(["promtool", *arguments], input=stdin, cwd=folder, capture_output=True, timeout=60)
