"""Figures as Prometheus reads them: its own parser reads back what was written."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.operations.exposition import as_text, write_textfile
from pipeline.operations.samples import FAMILIES, Sample

TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30)


def read_back(content: bytes) -> list[Sample]:
    families = text_string_to_metric_families(content.decode())
    return [Sample(each.name, each.value, each.labels) for family in families for each in family.samples]


def test_samples_stand_by_name_with_what_they_mean() -> None:
    samples = (
        Sample("letapis_source_failed", 1.0, {"source": "sud"}),
        Sample("letapis_captures", 12.0),
        Sample("letapis_source_failed", 0.0, {"source": "kanal"}),
    )

    assert as_text(samples).decode() == (
        "# HELP letapis_captures Captures in the archive; above a million an estimate of the database.\n"
        "# TYPE letapis_captures gauge\n"
        "letapis_captures 12.0\n"
        "# HELP letapis_source_failed Whether the last ended crawl of a source failed: 1 or 0.\n"
        "# TYPE letapis_source_failed gauge\n"
        'letapis_source_failed{source="sud"} 1.0\n'
        'letapis_source_failed{source="kanal"} 0.0\n'
    )


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5, unique=True))
def test_whatever_stands_in_a_label_is_read_back(labels: list[tuple[str, str]]) -> None:
    samples = [
        Sample("letapis_source_last_crawl_outcomes", number, {"source": source, "outcome": outcome})
        for number, (source, outcome) in enumerate(labels)
    ]

    assert read_back(as_text(samples)) == samples


def test_a_textfile_is_replaced_whole_and_read_by_everybody(tmp_path: Path) -> None:
    file = tmp_path / "letapis.prom"
    file.write_text("old", "utf-8")

    write_textfile([Sample("letapis_captures", 3.0)], file)

    assert read_back(file.read_bytes()) == [Sample("letapis_captures", 3.0)]
    assert file.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [file]


def test_a_textfile_that_cannot_be_written_leaves_nothing_beside_it(tmp_path: Path) -> None:
    folder = tmp_path / "letapis.prom"
    folder.mkdir()

    with pytest.raises(OSError, match="directory"):
        write_textfile([Sample("letapis_captures", 3.0)], folder)

    assert list(tmp_path.iterdir()) == [folder]


def test_the_command_writes_for_a_worker_what_concerns_its_machine_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "spool" / "01JD").mkdir(parents=True)
    monkeypatch.setenv("LETAPIS_DATA", str(tmp_path))
    file = tmp_path / "letapis.prom"

    ran = CliRunner().invoke(app, ["metrics", "--textfile", str(file)])

    assert (ran.exit_code, ran.output) == (0, "")
    found = {(each.name, each.labels.get("state")): each.value for each in read_back(file.read_bytes())}
    assert {name for name, _ in found} == {
        "letapis_build_info",
        "letapis_disk_size_bytes",
        "letapis_disk_free_bytes",
        "letapis_disk_kept_free_bytes",
        "letapis_messages_unsent",
        "letapis_spool_crawls",
        "letapis_written_timestamp_seconds",
    }
    assert found["letapis_disk_kept_free_bytes", None] == 10**9
    assert (found["letapis_spool_crawls", "left"], found["letapis_spool_crawls", "running"]) == (1, 0)


def test_a_name_that_node_exporter_does_not_read_is_refused(tmp_path: Path) -> None:
    ran = CliRunner().invoke(app, ["metrics", "--textfile", str(tmp_path / "letapis.txt")])

    assert ran.exit_code == 2
    assert "expected a name that ends in .prom" in ran.output


def test_names_and_meanings_are_as_prometheus_wants_them() -> None:
    assert [name for name, meaning in FAMILIES.items() if not meaning.endswith(".")] == []
    times = [name for name, meaning in FAMILIES.items() if meaning.startswith(("When", "Since when"))]
    assert [name for name in times if not name.endswith("_timestamp_seconds")] == []
