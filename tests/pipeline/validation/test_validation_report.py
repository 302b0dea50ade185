"""The validation report: made of what a run of this tree's tests came to, refused where it is another's."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from pipeline.config.settings import ROOT, Settings
from pipeline.crawl.warcinfo import tree_digest
from pipeline.validation.as_text import validation_text
from pipeline.validation.release_report import release_report, write_report_file
from pipeline.validation.validation_report import (
    TREE_PROPERTY,
    ValidationReportError,
    make_validation_report,
)
from processors.digest import sha256

AT = datetime(2026, 11, 30, 5, tzinfo=UTC)
CASES = """
<testcase classname="tests.crawlers.recorder.test_exchange_relay" name="test_kept" time="1.0"/>
<testcase classname="tests.crawlers.recorder.test_into_warc" name="test_read"><failure/></testcase>
<testcase classname="tests.processors.telegram.test_posts" name="test_posts"/>
<testcase classname="tests.processors.telegram.test_posts" name="test_more"><skipped message="none"/></testcase>
<testcase classname="tests.processors.telegrams.test_other" name="test_other"/>
"""


def junit(tree: str, cases: str = CASES) -> bytes:
    stated = f'<properties><property name="{TREE_PROPERTY}" value="{tree}"/></properties>'
    return f'<testsuites><testsuite name="pytest">{stated}{cases}</testsuite></testsuites>'.encode()


def quality(tree: str) -> bytes:
    figures = [{"set": "telegram", "what": "fields of posts", "right": 230, "of": 232}]
    return json.dumps({"tree": tree, "figures": figures}).encode()


def test_a_report_says_by_area_what_came_of_the_run_and_what_was_measured() -> None:
    tests, measured = junit(tree_digest()), quality(tree_digest())
    report = make_validation_report(tests, measured, at=AT)
    found = json.loads(report.content)

    assert found["made_from"] == {"tests": str(sha256(tests)), "measurements": str(sha256(measured))}
    assert found["tests"] == {
        "run": 5,
        "passed": 3,
        "failed": 1,
        "skipped": 1,
        "failed_names": ["tests.crawlers.recorder.test_into_warc.test_read"],
    }
    areas = {each["area"]: each for each in found["areas"]}
    raw = areas["bytes against the log of a raw server"]
    assert (raw["run"], raw["passed"], raw["failed"], raw["tested"], raw["holds"]) == (2, 1, 1, True, False)
    assert (areas["Telegram posts"]["run"], areas["Telegram posts"]["holds"]) == (2, True)
    assert (areas["documents"]["run"], areas["documents"]["tested"], areas["documents"]["holds"]) == (
        0,
        False,
        False,
    )
    assert found["measurements"][0]["error_rate"] == 0.008621
    assert report.tree == tree_digest()
    text = validation_text(report)
    assert "- documents: not tested in this run." in text
    assert "- telegram, fields of posts: 230 of 232, error rate 0.0086" in text
    assert "Outside time: **A token says" in text
    assert make_validation_report(tests, measured, at=AT).digest == report.digest


@pytest.mark.parametrize(
    ("tests", "measured", "expected"),
    [
        (junit("sha256:00"), None, "expected a run of this tree"),
        (b"<testsuites/>", None, "expected a run of this tree"),
        (b"no", None, "expected XML that pytest wrote"),
        (junit(tree_digest(), ""), None, "expected at least one test"),
        (junit(tree_digest()), quality("sha256:00"), "expected those of this tree"),
        (junit(tree_digest()), b"[]", "expected an object, found list"),
    ],
)
def test_what_is_of_another_tree_or_says_nothing_is_refused(
    tests: bytes, measured: bytes | None, expected: str
) -> None:
    with pytest.raises(ValidationReportError, match=expected):
        make_validation_report(tests, measured, at=AT)


def test_the_report_of_another_tree_is_none_of_this_version(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, validation_report=tmp_path / "report.json")
    assert release_report(settings) is None
    report = make_validation_report(junit(tree_digest()), None, at=AT)
    write_report_file(report, tmp_path / "report.json")
    assert release_report(settings) == report
    other = json.loads(report.content)
    other["software"]["tree"] = "sha256:00"
    (tmp_path / "report.json").write_text(json.dumps(other))
    assert release_report(settings) is None
    (tmp_path / "report.json").write_text("{}")
    with pytest.raises(ValidationReportError, match="expected the format letapis/validation-report/1, found None"):
        release_report(settings)


def test_every_area_names_tests_that_there_are() -> None:
    areas = yaml.safe_load((ROOT / "pipeline" / "validation" / "areas.yaml").read_text("utf-8"))
    paths = [ROOT / module.replace(".", "/") for each in areas for module in each["modules"]]

    assert [path for path in paths if not path.is_dir() and not path.with_suffix(".py").is_file()] == []


def test_a_run_of_pytest_says_of_which_tree_it_is(tmp_path: Path) -> None:
    one = "tests/processors/rfc4998/test_evidence_record.py::test_bytes_that_are_no_record_are_refused"
    command = [sys.executable, "-m", "pytest", "-n", "1", "-q", "--junit-xml", str(tmp_path / "run.xml"), one]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)

    report = make_validation_report((tmp_path / "run.xml").read_bytes(), None, at=AT)

    assert json.loads(report.content)["tests"]["passed"] == 1
