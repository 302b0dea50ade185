"""Signing and delivering as harvests, requests and the clock do it, and the commands about the log."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.config.log_signer import open_signer, prepare_signer
from pipeline.config.settings import OwnedDatabase, Settings
from pipeline.output import Exit
from pipeline.prepare import prepare_archive
from pipeline.preserve.checkpoint import NO_KEY, sign_and_deliver
from pipeline.preserve.held_checkpoints import outside_log
from pipeline.preserve.verify import verify
from storage.archive import Archive
from storage.deposit.deposit import deposit_file
from tests.administered_store import administrator
from tests.storage.crawled_files import crawl_one, exchange, response
from tests.storage.killed_deposits import environment
from tests.storage.log.log_archive import add_entries


def run(settings: Settings, *arguments: str, code: int = 0) -> tuple[str, str]:
    found = CliRunner(env=environment(settings) | {"LETAPIS_LOG_KEY": str(settings.log_key_file)}).invoke(
        app, list(arguments)
    )
    assert found.exit_code == code, found.output
    return found.stdout, found.stderr


def test_preparing_makes_the_key_once_outside_store_and_database(
    archive: Archive, stored_settings: Settings
) -> None:
    def key_line() -> str:
        (line,) = (each for each in prepare_archive(stored_settings) if each.name == "Key of the log")
        assert line.problem is None
        return line.found

    first = key_line()
    signer = open_signer(stored_settings)
    assert signer is not None
    assert first.endswith(", made")
    assert key_line() == first.replace(", made", ", there before")
    assert stored_settings.log_key_file.stat().st_mode & 0o777 == 0o600
    assert signer.origin.startswith("letapis-log/")


def test_a_log_that_has_begun_is_given_no_second_key(archive: Archive, stored_settings: Settings) -> None:
    prepare_signer(stored_settings)
    add_entries(archive, 1)
    sign_and_deliver(stored_settings, archive)
    stored_settings.log_key_file.unlink()
    (line,) = (each for each in prepare_archive(stored_settings) if each.name == "Key of the log")
    assert line.problem is not None
    assert "Bring it back from your copy" in line.problem
    assert not stored_settings.log_key_file.exists()


def test_the_name_of_the_log_is_the_operators(stored_settings: Settings) -> None:
    signer, made = prepare_signer(replace(stored_settings, log_origin="archive.example.org/log"))
    assert (signer.origin, made) == ("archive.example.org/log", True)


def test_what_keeps_the_log_from_signing_is_reported_and_not_raised(
    archive: Archive, stored_settings: Settings
) -> None:
    add_entries(archive, 1)
    report = sign_and_deliver(stored_settings, archive)
    assert (report.signed, report.problem) == (None, f"Log: {NO_KEY}.")
    assert report.failures() == (f"Log: {NO_KEY}.",)


def test_the_clock_signs_once_an_hour_and_only_where_entries_were_added(
    archive: Archive, stored_settings: Settings, database: OwnedDatabase
) -> None:
    prepare_signer(stored_settings)
    add_entries(archive, 1)
    assert sign_and_deliver(stored_settings, archive, by_clock=True).signed is not None
    add_entries(archive, 1)
    assert sign_and_deliver(stored_settings, archive, by_clock=True).signed is None
    with create_engine(database.owner_url).begin() as owner:
        owner.execute(text("ALTER TABLE ledger.checkpoints DISABLE TRIGGER USER"))
        owner.execute(text("UPDATE ledger.checkpoints SET at = at - interval '61 minutes'"))
    signed = sign_and_deliver(stored_settings, archive, by_clock=True).signed
    assert signed is not None
    assert signed.size == 3
    assert sign_and_deliver(stored_settings, archive).signed is None


def test_verify_holds_what_the_second_store_and_the_file_beside_the_key_still_have(
    copied_archive: Archive, copied_settings: Settings
) -> None:
    prepare_signer(copied_settings)
    add_entries(copied_archive, 2)
    report = sign_and_deliver(copied_settings, copied_archive)
    assert [each.outlet for each in report.deliveries.delivered] == ["replica"]
    outside = outside_log(copied_settings, copied_archive)
    found = verify(copied_archive, outside=outside)
    assert [each.subject for each in found][-2:] == [
        "checkpoint of the file beside the key of the log",
        "checkpoint of the outlet replica",
    ]
    assert [each for each in found if not each.ok] == []

    objects = copied_archive.objects
    for version in list(objects.list("custody/000000000003.json")):
        administrator(objects.endpoint).delete_object(
            Bucket=objects.bucket, Key=version.key, VersionId=version.version_id, BypassGovernanceRetention=True
        )
    wrong = {each.subject: each for each in verify(copied_archive, outside=outside) if not each.ok}
    (problem,) = wrong["checkpoint of the outlet replica"].problems
    assert (problem.expected, problem.found) == (
        "all of the first 3, which the checkpoint covers",
        "not custody/000000000003.json",
    )


@pytest.fixture
def with_log(archive: Archive, stored_settings: Settings, tmp_path: Path) -> Settings:
    prepare_signer(stored_settings)
    deposit_file(archive, crawl_one(tmp_path / "s", [exchange("https://t.me/s/kanal", response(b"page"))]))
    sign_and_deliver(stored_settings, archive)
    return stored_settings


def test_a_checkpoint_that_was_kept_is_held_against_the_archive(with_log: Settings, tmp_path: Path) -> None:
    note, said = run(with_log, "custody")
    key = said.strip().rpartition(": ")[2]
    (tmp_path / "old.txt").write_text(note, "utf-8")
    (tmp_path / "old.key").write_text(f"{key}\n", "utf-8")
    for given in (key, str(tmp_path / "old.key")):
        out, _ = run(with_log, "verify", "--checkpoint", str(tmp_path / "old.txt"), "--key", given, "--json")
        assert json.loads(out)["ok"]
        assert json.loads(out)["remarks"] == []
    out, _ = run(with_log, "verify", "--checkpoint", str(tmp_path / "old.txt"), "--json")
    (remark,) = json.loads(out)["remarks"]
    assert remark.startswith("its signature was not held against a key from outside")
    (tmp_path / "old.txt").write_text(note.replace("\n2\n", "\n9\n"), "utf-8")
    run(with_log, "verify", "--checkpoint", str(tmp_path / "old.txt"), "--key", key, code=int(Exit.FAILED))
    run(with_log, "verify", "--checkpoint", str(tmp_path / "none"), code=int(Exit.WRONG_USE))
    run(with_log, "verify", "--checkpoint", str(tmp_path / "old.txt"), "--key", "x+y", code=int(Exit.WRONG_USE))
    run(with_log, "verify", "--key", key, code=int(Exit.WRONG_USE))


def test_a_proof_is_written_to_a_new_file_alone(with_log: Settings, archive: Archive, tmp_path: Path) -> None:
    (key,) = {each.key for each in archive.objects.list("warc/")}
    path = tmp_path / "proof.json"
    run(with_log, "custody", key, "--proof", "--out", str(path))
    proof = json.loads(path.read_text("utf-8"))
    assert (proof["kind"], proof["warc_key"]) == ("custody_proof", key)
    out, _ = run(with_log, "custody", key, "--proof", "--json")
    assert json.loads(out) == proof
    run(with_log, "custody", key, "--proof", "--out", str(path), code=int(Exit.WRONG_USE))
    run(with_log, "custody", "--proof", code=int(Exit.WRONG_USE))


def test_a_key_is_rotated_by_a_command(with_log: Settings) -> None:
    before = open_signer(with_log)
    _, said = run(with_log, "custody", "--rotate-key")
    after = open_signer(with_log)
    assert before is not None
    assert after is not None
    assert after.key.verifier_key != before.key.verifier_key
    assert str(after.key.verifier_key) in said
    assert not with_log.log_key_file.with_name("log.key.next").exists()
