"""The benchmark of the log over custody runs, in a short form."""

from pathlib import Path

import pytest

from benchmarks.custody_log import NEXT_ENTRIES, run

pytestmark = pytest.mark.slow


def test_the_log_is_built_extended_proved_and_verified(services_folder: Path) -> None:
    folder = services_folder / "custody-log"
    folder.mkdir(mode=0o711)
    steps = {each.step: each.counted for each in run(600, folder)}
    assert steps["sign the first checkpoint"] == {"entries": 601, "objects_read": 0}
    assert steps["sign the next checkpoint"]["entries"] == 601 + NEXT_ENTRIES
    assert steps["sign the next checkpoint"]["objects_read"] <= 8
    assert steps["prove inclusion"] == {"proofs": 1000}
