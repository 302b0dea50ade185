"""A signer that is killed between any two steps: the next run ends with one whole log, as if nothing had been."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.config.settings import ROOT, Settings
from pipeline.preserve.verify import verify
from storage.archive import Archive
from storage.log.checkpoints import all_in_ledger
from storage.log.signing import sign_next_checkpoint
from tests.storage.killed_deposits import environment
from tests.storage.log.log_archive import add_entries, expected_root, signer_at

STEPS = ("entries", "tiles", "signature", "state", "checkpoint", "row")


def signed_by_a_process(settings: Settings, key: Path, step: str) -> int:
    command = [sys.executable, "-m", "tests.storage.log.signing_program", str(key), step]
    return subprocess.run(command, cwd=ROOT, env=environment(settings), check=False).returncode


@pytest.mark.parametrize("step", STEPS)
def test_a_signer_killed_at_a_step_leaves_what_the_next_one_finishes(
    archive: Archive, stored_settings: Settings, tmp_path: Path, step: str
) -> None:
    path = tmp_path / "log.key"
    signer = signer_at(path)
    add_entries(archive, 2)
    sign_next_checkpoint(archive, signer, actor="tester")
    add_entries(archive, 2)
    assert signed_by_a_process(stored_settings, path, step) == -signal.SIGKILL
    add_entries(archive, 1)
    assert signed_by_a_process(stored_settings, path, "") == 0
    with archive.reader.connect() as connection:
        signed = all_in_ledger(connection)
    assert [each.size for each in signed] == ([3, 6] if step in ("entries", "tiles", "signature") else [3, 5, 6])
    assert [each.checkpoint.root for each in signed] == [expected_root(archive, each.size) for each in signed]
    assert [each.subject for each in verify(archive) if not each.ok] == []


def test_two_signers_at_once_make_one_log(archive: Archive, stored_settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    signer_at(path)
    add_entries(archive, 3)
    command = [sys.executable, "-m", "tests.storage.log.signing_program", str(path), ""]
    both = [subprocess.Popen(command, cwd=ROOT, env=environment(stored_settings)) for _ in range(2)]
    assert [each.wait(timeout=120) for each in both] == [0, 0]
    with archive.reader.connect() as connection:
        assert [each.size for each in all_in_ledger(connection)] == [4]
