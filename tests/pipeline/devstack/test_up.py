"""`letapis up` looks at the watch-list before it starts anything."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.config.settings import ROOT

pytestmark = pytest.mark.slow

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
                "The watch-list has 2 mistakes. Nothing was started.",
                ":2: sources[0].kind: unknown kind 'court'",
                ":3: ",
            ],
        ),
        (
            None,
            ["The watch-list has a mistake. Nothing was started.", "cannot be read: No such file or directory"],
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
    assert f"{tmp_path} is the data folder of the demo. Nothing was started." in ran.stderr
    assert "unset LETAPIS_DATA" in ran.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["sites"]


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        (["up"], 1, "expected a folder that can be written to, found that it cannot be written to"),
        (["demo", "--once"], 1, "expected a folder that can be written to, found that it cannot be written to"),
        (["doctor"], 2, "stack.json: closed to this user; run this as the user whose it is"),
        (["search", "court"], 2, "stack.json: closed to this user; run this as the user whose it is"),
    ],
)
def test_a_data_folder_that_is_closed_to_this_user_is_named(
    tmp_path: Path, command: list[str], code: int, words: str
) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0)
    no_exception = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    ran = subprocess.run(
        [*no_exception, sys.executable, "-m", "pipeline.cli", *command],
        env={**os.environ, "LETAPIS_DATA": str(data)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (ran.returncode, ran.stdout) == (code, "")
    assert str(data) in ran.stderr
    assert words in ran.stderr
