"""`letapis deposit`, `verify`, `rebuild`: their answers, their exit codes, their words."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from pipeline.commands.current_user import current_user
from pipeline.config.settings import Settings, variable
from storage.archive import Archive
from storage.ledger.custody import entries
from tests.storage.crawled_files import crawl_one, exchange, response
from tests.typed_commands import typed


@pytest.fixture(autouse=True)
def settings_in_environment(stored_settings: Settings, archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command finds this test's archive by the environment."""
    del archive
    store = ("s3_endpoint", "s3_access_key", "s3_secret_key", "s3_bucket", "lock_mode", "lock_days")
    database = ("database_url", "database_writer_url", "database_reader_url")
    for name in ("data", *store, *database):
        monkeypatch.setenv(variable(name), str(getattr(stored_settings, name)))


@pytest.fixture
def warc(tmp_path: Path) -> Path:
    return crawl_one(tmp_path, [exchange("https://t.me/s/kanal", response(b"page"))])


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return typed(*arguments)


def rows(result: "subprocess.CompletedProcess[str]") -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_file_is_deposited_and_stays_where_it_is(warc: Path) -> None:
    first, again = run("deposit", str(warc), "--json"), run("deposit", str(warc), "--json")
    assert (first.returncode, again.returncode) == (0, 0)
    assert [row["already"] for row in (*rows(first), *rows(again))] == [False, True]
    assert warc.exists()


def test_custody_names_who_brought_a_file(warc: Path, archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "arkhivar")
    run("deposit", str(warc))
    with archive.reader.connect() as connection:
        assert [(entry.event, entry.actor) for entry in entries(connection)] == [("deposited", "arkhivar")]


def test_who_has_no_name_is_named_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 4_000_000_000)
    assert current_user() == "uid 4000000000"


def test_a_damaged_file_is_refused_and_the_others_are_taken(warc: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.warc.gz"
    damaged.write_bytes(warc.read_bytes()[:-20])
    result = run("deposit", str(damaged), str(warc), "--json")
    assert result.returncode == 1
    refusal, taken = rows(result)
    assert (refusal["kind"], refusal["file"]) == ("deposit_refused", str(damaged))
    assert (refusal["expected"], refusal["found"]) == ("a gzip member with its end", "the end of the file")
    assert (taken["kind"], taken["file"], taken["damage"]) == ("deposit", str(warc), None)
    assert "damaged.warc.gz" in result.stderr and f"at offset {refusal['offset']}" in result.stderr
    assert "--up-to-damage" in result.stderr


def test_a_damaged_file_is_taken_up_to_its_damage_where_that_is_asked_for(warc: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.warc.gz"
    damaged.write_bytes(warc.read_bytes()[:-20])
    result = run("deposit", "--up-to-damage", str(damaged), "--json")
    (row,) = rows(result)
    assert result.returncode == 0
    assert (row["records"], row["captures"]) == (3, 1)
    assert isinstance(row["damage"], dict)
    assert (row["damage"]["record"], row["damage"]["found"]) == (4, "the end of the file")
    said = " ".join(run("deposit", "--up-to-damage", str(damaged)).stdout.split())
    assert "DEPOSITED WITH 1 FAULTS: 3 records are indexed, every byte is stored" in said
    assert f"record 4 at offset {row['damage']['offset']}: expected a gzip member with its end" in said


def test_every_fault_of_a_file_is_named_with_its_place(warc: Path, tmp_path: Path) -> None:
    content = bytearray(warc.read_bytes())
    content += content[-6:-2]  # what is no record
    faulty = tmp_path / "faulty.warc.gz"
    faulty.write_bytes(content)
    result = run("deposit", str(faulty), "--json")
    (row,) = rows(result)
    assert result.returncode == 0
    assert isinstance(row["faults"], list)
    (fault,) = row["faults"]
    assert (fault["offset"], fault["within"], fault["resumed_at"]) == (len(content) - 4, 0, None)
    assert fault["expected"] == "a gzip member" and fault["found"].startswith("b'")
    said = " ".join(run("deposit", str(faulty)).stdout.split())
    assert f"at offset {len(content) - 4}: expected a gzip member" in said
    assert "nothing behind it could be read" in said


def test_what_is_no_file_is_wrong_use_and_said_to_be_what_it_is(tmp_path: Path, warc: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    given = {
        tmp_path / "gone.warc.gz": "no such file or directory",
        tmp_path / "nowhere": "no such file or directory",
        tmp_path: "a folder",
        tmp_path / "pipe": "a pipe",
        Path("/dev/zero"): "a device",
    }
    result = run("deposit", str(warc), *map(str, given))
    assert result.returncode == 2
    assert result.stderr.splitlines() == [
        *(f"{path}: expected a file, found {found}." for path, found in given.items()),
        "Nothing was deposited.",
    ]


def test_a_file_is_taken_through_a_link_under_the_name_that_was_given(tmp_path: Path, warc: Path) -> None:
    link = tmp_path / "link.warc.gz"
    link.symlink_to(warc)
    (row,) = rows(run("deposit", str(link), "--json"))
    assert (row["kind"], row["file"], row["captures"]) == ("deposit", str(link), 1)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty.warc.gz"
    empty.touch()
    for option in ([], ["--up-to-damage"]):
        result = run("deposit", str(empty), *option)
        assert result.returncode == 1
        assert "expected a WARC record, found an empty file. Nothing of the file was stored" in result.stderr


def test_a_source_that_cannot_be_one_is_wrong_use(warc: Path) -> None:
    result = run("deposit", str(warc), "--source", "../x")
    assert result.returncode == 2
    assert "--source: expected letters, digits, '.', '_' and '-', found '../x'." in result.stderr


def test_verify_says_that_all_is_as_expected(warc: Path) -> None:
    run("deposit", str(warc))
    result = run("verify", "--json")
    assert result.returncode == 0
    assert [(row["kind"], row["ok"], row["problems"]) for row in rows(result)] == [("verify", True, [])] * 3


def test_verify_names_what_differs_with_both_values(warc: Path) -> None:
    run("deposit", str(warc))
    content = warc.read_bytes()
    warc.write_bytes(content + b"more")
    result = run("verify", str(warc))
    assert result.returncode == 1
    assert "NOT as expected" in result.stdout
    assert "expected sha256:" in result.stdout and "found sha256:" in result.stdout


def test_verify_of_nothing_known_is_wrong_use() -> None:
    assert run("verify", "nowhere").returncode == 2


def test_rebuild_says_what_it_derived(warc: Path) -> None:
    run("deposit", str(warc))
    result = run("rebuild", "--json")
    assert result.returncode == 0
    (row,) = rows(result)
    assert (row["kind"], row["files"], row["captures"]) == ("rebuild", 1, 1)


def test_a_database_that_is_down_is_said_to_be(monkeypatch: pytest.MonkeyPatch, warc: Path) -> None:
    monkeypatch.setenv(variable("database_writer_url"), "postgresql+psycopg2://nobody@127.0.0.1:1/none")
    result = run("deposit", str(warc))
    assert result.returncode == 1
    assert "The database does not answer" in result.stderr
