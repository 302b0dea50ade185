"""Rotation of the log's key, the key's file, and the keys that custody names."""

from pathlib import Path

import pytest

from processors.transparency_log.checkpoint import open_checkpoint
from processors.transparency_log.signed_note import NoteRefusedError
from storage.archive import Archive
from storage.integrity.held_checkpoint import hold_checkpoint, leaves_of_chain
from storage.ledger.chain import read_chain
from storage.ledger.custody import entries
from storage.log.checkpoints import log_keys, newest_in_ledger
from storage.log.key_file import LogKeyError, make_signing_key, read_signing_key
from storage.log.log_keys import keys_in
from storage.log.rotation import rotate_key
from storage.log.signing import sign_next_checkpoint
from tests.storage.log.log_archive import ORIGIN, add_entries, signer_at


class Killed(Exception):
    """Stands for a process that ends here."""


def test_a_rotation_is_an_entry_that_the_old_key_signs_and_covers(archive: Archive, tmp_path: Path) -> None:
    path = tmp_path / "keys" / "log.key"
    old = signer_at(path)
    add_entries(archive, 1)
    new = rotate_key(archive, path, actor="tester")
    assert read_signing_key(path).verifier_key == new
    assert not path.with_name("log.key.next").exists()
    with archive.reader.connect() as connection:
        rotated = entries(connection)[-1]
        newest = newest_in_ledger(connection)
        assert log_keys(connection).keys == (old.key.verifier_key, new)
    assert (rotated.event, rotated.details["signed_by"]) == ("log_key_rotated", str(old.key.verifier_key))
    assert newest is not None
    assert open_checkpoint(newest.note, [old.key.verifier_key]).size == rotated.seq

    add_entries(archive, 1)
    later = sign_next_checkpoint(archive, signer_at(path), actor="tester")
    assert later is not None
    with pytest.raises(NoteRefusedError):
        open_checkpoint(later.note, [old.key.verifier_key])
    chain = read_chain(archive.objects)
    trusted = [old.key.verifier_key]
    assert hold_checkpoint(archive.objects, chain, leaves_of_chain(chain), later.note, trusted, subject="c").ok


@pytest.mark.parametrize("step", ["new key", "entry", "checkpoint"])
def test_a_rotation_that_was_killed_is_finished_by_the_next(archive: Archive, tmp_path: Path, step: str) -> None:
    path = tmp_path / "log.key"
    old = signer_at(path)
    add_entries(archive, 1)

    def kill(reached: str) -> None:
        if reached == step:
            raise Killed

    with pytest.raises(Killed):
        rotate_key(archive, path, actor="tester", on_step=kill)
    add_entries(archive, 1)
    sign_next_checkpoint(archive, signer_at(path), actor="tester")
    new = rotate_key(archive, path, actor="tester")
    with archive.reader.connect() as connection:
        assert log_keys(connection).keys == (old.key.verifier_key, new)


def test_a_rotation_without_the_old_keys_signature_is_not_believed(archive: Archive, tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    signer_at(path)
    rotate_key(archive, path, actor="tester")
    with archive.reader.connect() as connection:
        begun, rotated = (each for each in entries(connection) if each.event.startswith("log_"))
    other = make_signing_key(tmp_path / "other.key", ORIGIN).verifier_key
    object.__setattr__(rotated, "details", {**rotated.details, "verifier_key": str(other)})
    found = keys_in([begun, rotated])
    assert len(found.keys) == 1
    assert [each.seq for each in found.problems] == [rotated.seq]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "log.key"
    make_signing_key(path, ORIGIN)
    path.chmod(mode)
    with pytest.raises(LogKeyError) as refused:
        read_signing_key(path)
    assert refused.value.found == f"mode {mode:04o}"
    assert f"chmod 600 {path}" in str(refused.value)


def test_a_key_is_made_for_its_owner_alone_and_never_over_another(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "log.key"
    key = make_signing_key(path, ORIGIN)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert read_signing_key(path) == key
    with pytest.raises(FileExistsError):
        make_signing_key(path, ORIGIN)
    assert read_signing_key(path) == key


def test_a_missing_or_damaged_key_is_told_without_its_content(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    with pytest.raises(LogKeyError) as missing:
        read_signing_key(path)
    assert (missing.value.expected, missing.value.found) == ("a file", "none")
    key = make_signing_key(path, ORIGIN)
    path.write_text(key.private_text()[:-4], "utf-8")
    with pytest.raises(LogKeyError, match="expected one line PRIVATE") as damaged:
        read_signing_key(path)
    assert key.private_text()[-20:-4] not in str(damaged.value)


def test_a_link_to_a_key_is_refused(tmp_path: Path) -> None:
    make_signing_key(tmp_path / "real.key", ORIGIN)
    (tmp_path / "log.key").symlink_to(tmp_path / "real.key")
    with pytest.raises(LogKeyError, match="expected a file that can be read"):
        read_signing_key(tmp_path / "log.key")
