"""`letapis up` looks at the watch-list before it starts anything."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.settings import ROOT

MISTAKEN = """\
sources:
  - {id: sud, kind: court, pages: ["https://sud.example/"]}
  - {id: kanal, kind: telegram}
"""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            MISTAKEN,
            [
                "The watch-list has 2 mistakes; nothing was started.",
                ":2: sources[0].kind: unknown kind 'court'",
                ":3: ",
            ],
        ),
        (
            None,
            ["The watch-list has a mistake; nothing was started.", "cannot be read: No such file or directory"],
        ),
    ],
)
def test_with_a_mistake_in_the_watch_list_nothing_is_started(
    tmp_path: Path, text: str | None, words: list[str]
) -> None:
    watchlist = tmp_path / "watchlist.yaml"
    if text is not None:
        watchlist.write_text(text, "utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "up"],
        env={**os.environ, "LETAPIS_DATA": str(tmp_path / "data"), "LETAPIS_WATCHLIST": str(watchlist)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert [each for each in words if each not in ran.stderr] == [], ran.stderr
    assert not (tmp_path / "data").exists()


def test_in_the_demos_folder_no_stack_of_ones_own_is_started(tmp_path: Path) -> None:
    (tmp_path / "sites").mkdir()
    ran = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "up"],
        env={**os.environ, "LETAPIS_DATA": str(tmp_path)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert f"{tmp_path} is the demo's data folder; nothing was started." in ran.stderr
    assert "unset LETAPIS_DATA" in ran.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["sites"]
