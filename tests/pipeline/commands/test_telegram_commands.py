"""`letapis import-telegram`, `coverage` and `withheld`, as people and programs run them."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import cast

import pytest

from pipeline.config.settings import Settings, variable
from pipeline.process.run import process_pending
from storage.archive import Archive
from storage.deposit.deposit import deposit_file
from tests.pipeline.collect.test_telegram_import import FIXTURE
from tests.pipeline.commands.test_telegram import NEWEST, NIGHT, SOURCE, TOO_BIG, page, post
from tests.storage.crawled_files import crawl_one, exchange, response
from tests.typed_commands import typed


@pytest.fixture
def configured(stored_settings: Settings, archive: Archive, monkeypatch: pytest.MonkeyPatch) -> Archive:
    """The commands find this test's archive by the environment."""
    store = ("s3_endpoint", "s3_access_key", "s3_secret_key", "s3_bucket", "lock_mode", "lock_days")
    database = ("database_url", "database_writer_url", "database_reader_url")
    for name in ("data", *store, *database):
        monkeypatch.setenv(variable(name), str(getattr(stored_settings, name)))
    return archive


def letapis(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return typed(*arguments)


def rows(result: "subprocess.CompletedProcess[str]") -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_an_export_is_taken_in_once_and_its_posts_are_counted(configured: Archive, tmp_path: Path) -> None:
    folder = tmp_path / "ChatExport"
    folder.mkdir()
    shutil.copy(FIXTURE, folder / "result.json")
    first = letapis("import-telegram", str(folder), "--json")
    again = letapis("import-telegram", str(folder))
    assert first.returncode == again.returncode == 0
    (row,) = rows(first)
    assert (row["kind"], row["source"], row["files"], row["records"]) == (
        "telegram_import", "telegram-export-1700000001", 1, 8,
    )  # fmt: skip
    assert "Nothing was changed" in again.stdout


def test_a_folder_without_an_export_fails_and_says_what_was_expected(configured: Archive, tmp_path: Path) -> None:
    refused = letapis("import-telegram", str(tmp_path))
    assert refused.returncode == 1
    assert "result.json" in refused.stderr and "Nothing was imported" in refused.stderr
    assert letapis("import-telegram", str(tmp_path / "nowhere")).returncode == 2


def test_coverage_and_what_was_withheld_are_told_in_json_and_in_words(configured: Archive, tmp_path: Path) -> None:
    shown = page(post(3), post(5, more=TOO_BIG))
    deposit_file(configured, crawl_one(tmp_path, [exchange(NEWEST, response(shown), at=NIGHT)], source=SOURCE))
    process_pending(configured)
    (covered,) = rows(letapis("coverage", "rechka", "--json"))
    assert (covered["kind"], covered["newest_id"], covered["posts"]) == ("coverage", 5, 2)
    assert "  4: visited, no post was shown" in letapis("coverage", "rechka").stdout.splitlines()
    (owed,) = rows(letapis("withheld", "--json"))
    assert (owed["kind"], owed["url"]) == ("withheld", "https://t.me/rechka/5")
    assert "Media is too big" in letapis("withheld", "rechka").stdout
    assert [each["name"] for each in cast(list[dict[str, str]], covered["handles"])] == ["rechka"]
    assert "  @rechka: from 2026-11-20 21:00:00 UTC" in letapis("coverage", "rechka").stdout
    for command in ("coverage", "withheld"):
        slip = letapis(command, "rehcka")
        assert slip.returncode == 2
        assert "has no files of a source 'rehcka'. It has: rechka." in slip.stderr.replace("\n", " ")
