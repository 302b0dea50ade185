"""`letapis custody`: what is held, since when, in how many stores, by outside time; nothing is claimed beyond."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from access.rendering.formatting import format_time_utc
from access.views.custody_status import capture_custody, file_custody
from pipeline.cli import app
from pipeline.config.settings import Settings, variable
from pipeline.devstack.seaweedfs import ObjectStoreServer
from pipeline.preserve.replicate import replicate_pending
from pipeline.preserve.timestamp import request_timestamps
from storage.archive import Archive
from storage.catalogue.captures import captures_in
from storage.deposit.deposit import Deposited, deposit_file
from tests.openssl_authority import TimeAuthorityOfOpenssl
from tests.pipeline.timestamping import held_to
from tests.storage.crawled_files import crawl_one, exchange, response
from tests.storage.store_outage import outage

PAGE = "https://t.me/s/kanal"


def deposited_in(archive: Archive, folder: Path) -> Deposited:
    return deposit_file(archive, crawl_one(folder, [exchange(PAGE, response(b"page"))]), actor="harvest")


def status_text(archive: Archive, key: str) -> str:
    row = file_custody(archive, key)
    assert row is not None
    return "\n".join(row["sentences"])


def test_with_one_store_and_no_authority_only_that_is_said(archive: Archive, tmp_path: Path) -> None:
    deposited = deposited_in(archive, tmp_path)
    words = status_text(archive, deposited.key)
    head = archive.objects.head(deposited.key, deposited.version_id)

    assert head is not None
    until = f"under lock until {format_time_utc(head.locked_until)}."
    assert f"by harvest (custody entry 1). The first store had confirmed it, {until}" in words
    assert "There is no second copy, because no second store is configured." in words
    assert "There is no trusted timestamp. No authority has been asked for one since the deposit." in words
    assert "reserved" not in words


def test_preserved_is_said_when_the_second_store_has_confirmed_and_not_before(
    copied_archive: Archive, second_object_store_server: ObjectStoreServer, tmp_path: Path
) -> None:
    with outage(second_object_store_server):
        key = deposited_in(copied_archive, tmp_path).key
        assert "Not yet preserved: the copy to the second store is pending." in status_text(copied_archive, key)

    replicate_pending(copied_archive, actor="clock")

    assert "\nPreserved: the second store confirmed its copy at " in status_text(copied_archive, key)
    row = file_custody(copied_archive, key)
    assert row is not None
    assert [(copy["store"], copy["problem"]) for copy in row["copies"]] == [("primary", None), ("replica", None)]


def test_outside_time_is_owed_until_there_is_a_token(
    stored_settings: Settings, archive: Archive, authority: TimeAuthorityOfOpenssl, tmp_path: Path
) -> None:
    stamping = held_to(stored_settings, authority)
    key = deposited_in(archive, tmp_path).key
    authority.stop()
    request_timestamps(stamping, archive, occasion="harvest")
    assert f"The trusted timestamp of {authority.url} has been pending since " in status_text(archive, key)

    authority.start()
    request_timestamps(stamping, archive, occasion="clock")

    assert (
        f"UTC at the latest, according to {authority.url} (trusted timestamp of custody entry 2)."
        in status_text(archive, key)
    )
    assert "pending" not in status_text(archive, key)


def test_the_copy_of_a_token_asks_for_no_new_token(
    copied_settings: Settings, copied_archive: Archive, authority: TimeAuthorityOfOpenssl, tmp_path: Path
) -> None:
    stamping = held_to(copied_settings, authority)
    deposited_in(copied_archive, tmp_path)
    request_timestamps(stamping, copied_archive, occasion="harvest")
    copied = replicate_pending(copied_archive, actor="clock").copied
    assert [len(entry.details["objects"]) for entry in copied] == [2], "the token and its roots"

    for _ in range(2):
        request_timestamps(stamping, copied_archive, occasion="clock")
        replicate_pending(copied_archive, actor="clock")

    assert len(authority.queries) == 1


def test_the_command_answers_for_a_page_a_capture_and_a_file(
    stored_settings: Settings, archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in vars(stored_settings).items():
        if name.startswith(("data", "s3_", "lock_", "database_")) and value is not None:
            monkeypatch.setenv(variable(name), str(value))
    deposited = deposited_in(archive, tmp_path)
    with archive.reader.connect() as connection:
        (capture,) = captures_in(connection, deposited.key)

    answers = [CliRunner().invoke(app, ["custody", name, "--json"]) for name in (PAGE, capture.id, deposited.key)]

    rows = [json.loads(answer.stdout) for answer in answers]
    assert [(row["warc_key"], row["sha256"]) for row in rows] == [(deposited.key, str(deposited.sha256))] * 3
    assert [row["url"] for row in rows] == [PAGE, PAGE, None]
    assert CliRunner().invoke(app, ["custody", "https://nowhere.example/"]).exit_code == 1
    assert capture_custody(archive, "urn:uuid:none") is None
