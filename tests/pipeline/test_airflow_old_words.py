from pathlib import Path
from typing import Any

import pytest

from pipeline.airflow_old_words import RemovedWords, holds_words, remove_logs


@pytest.mark.parametrize(
    ("conf", "held"),
    [
        ({"urls": "https://a.example/", "reason": "слова"}, True),
        ({"urls": "https://a.example/", "case": "K-1"}, True),
        ('{"reason": "слова"}', True),
        ({"urls": "https://a.example/", "reason": None, "case": ""}, False),
        ({"request_id": "01"}, False),
        (None, False),
        ("", False),
    ],
)
def test_a_run_holds_words_where_its_configuration_has_a_reason_or_a_case(conf: Any, held: bool) -> None:
    assert holds_words(conf) is held


def test_the_logs_of_removed_runs_go_and_no_others(tmp_path: Path) -> None:
    dag = tmp_path / "dag_id=archive_url"
    for name in ("run_id=old", "run_id=new"):
        (dag / name / "task_id=check").mkdir(parents=True)
    (tmp_path / "dag_id=harvest").mkdir()
    assert remove_logs(tmp_path, ("old", "never", "../dag_id=harvest")) == 1
    assert [path.name for path in dag.iterdir()] == ["run_id=new"]
    assert (tmp_path / "dag_id=harvest").is_dir()
    assert remove_logs(tmp_path, ("old",)) == 0


def test_what_was_removed_and_what_had_not_ended_is_said() -> None:
    said = RemovedWords(("a", "b"), ("c",), events=3, log_folders=2).sentence()
    assert said.startswith("2 old runs of archive_url with reason or case were removed, with XComs, 3 events")
    assert said.endswith("The requests stay in the ledger. Not removed, since they have not ended: c.")
