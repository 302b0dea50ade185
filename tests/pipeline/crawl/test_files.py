"""The report of a crawl is written whole, into room that was reserved for it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.config.settings import ROOT
from pipeline.crawl.files import reserve_room, write_json

ROW = {"problem": "на дыску няма месца", "failures": ["x" * 100] * 100}

FULL_BUT_FOR_THE_REPORT = """
import json, sys
from pathlib import Path
from pipeline.crawl.files import reserve_room, write_json
report = Path(sys.argv[1]) / "report.json"
reserve_room(report, 64 << 10)
try:
    with (report.parent / "all-the-rest").open("wb", buffering=0) as rest:
        while True:
            rest.write(bytes(4096))
except OSError as full:
    print(full.strerror, file=sys.stderr)
write_json(report, json.loads(sys.argv[2]))
print(report.read_text("utf-8"))
"""


def test_what_was_reserved_and_not_needed_is_given_back(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    reserve_room(report, 64 << 10)
    assert not report.exists()

    write_json(report, ROW)

    assert json.loads(report.read_text("utf-8")) == ROW
    assert report.stat().st_size < 64 << 10
    assert list(tmp_path.iterdir()) == [report]


def test_a_report_longer_than_its_room_is_whole(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    reserve_room(report, 16)
    write_json(report, ROW)
    assert json.loads(report.read_text("utf-8")) == ROW


@pytest.mark.root
def test_on_a_disk_without_a_free_byte_the_report_is_written(tmp_path: Path) -> None:
    unshare = shutil.which("unshare")
    assert unshare is not None
    script = 'mount -t tmpfs -o size=262144 none "$1" && exec "$2" -c "$3" "$1" "$4"'
    told = ["sh", str(tmp_path), sys.executable, FULL_BUT_FOR_THE_REPORT, json.dumps(ROW)]
    done = subprocess.run(
        [unshare, "--mount", "sh", "-c", script, *told],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "No space left on device" in done.stderr
    assert json.loads(done.stdout) == ROW
