"""The worked example runs as it stands, on an index that was exported."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.config.settings import ROOT
from storage.capture_index.export import FolderTarget, export_index
from tests.storage.labelled_archive import OPEN, Labelled

NOTEBOOK = ROOT / "docs" / "notebooks" / "changes-and-outcomes.ipynb"


def test_the_notebook_finds_the_page_that_changed_and_charts_the_outcomes_by_month(
    labelled: Labelled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with labelled.archive.reader.connect() as connection:
        export_index(connection, FolderTarget(tmp_path), labels={"default"})
    monkeypatch.setenv("LETAPIS_INDEX", str(tmp_path))
    made: dict[str, Any] = {}
    for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            exec(compile("".join(cell["source"]), "<cell of the notebook>", "exec"), made)
    ((url, before, after, _, _),) = made["changed"]
    assert (url, (after - before).days) == (OPEN, 15)
    assert made["outcomes"] == [
        ("2026-11", "content", 1),
        ("2026-11", "not classified", 2),
        ("2026-11", "unreachable", 1),
        ("2026-12", "content", 1),
    ]
    drawn = made["chart"]._repr_svg_()
    assert drawn.count("<rect") == 4
    assert "2026-12: 1 content" in drawn
