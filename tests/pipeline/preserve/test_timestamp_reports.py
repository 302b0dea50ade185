"""Trusted timestamps as people see them: doctor, commands, settings, the end of a request."""

import json
import subprocess
from dataclasses import replace

import pytest

from pipeline.collect.waiting import archive_urls
from pipeline.config.settings import Settings, SettingsError, load_settings, variable
from pipeline.preserve.time_authority import pinned_roots
from pipeline.preserve.timestamp import request_timestamps, timestamp_status
from pipeline.setup.doctor import Check, examine
from samples.sites import SampleSites
from storage.archive import Archive
from storage.deposit.timestamps import record_failed_attempt
from tests.openssl_authority import TimeAuthorityOfOpenssl
from tests.pipeline.timestamping import chain, events, note
from tests.typed_commands import typed


def found_by_doctor(settings: Settings) -> Check:
    return next(check for check in examine(settings) if check.name == "Outside time")


def test_the_doctor_shows_authorities_and_pending_timestamps(
    stamping: Settings, archive: Archive, authority: TimeAuthorityOfOpenssl
) -> None:
    assert found_by_doctor(stamping).state == "ok"
    authority.stop()
    note(archive)
    request_timestamps(stamping, archive, occasion="harvest")

    check = found_by_doctor(stamping)

    assert check.state == "warning"
    assert (
        f"roots from {authority.roots}); 1 timestamp is pending. "
        f"Trusted timestamp: entry 2 is pending at {authority.url} since "
    ) in check.found
    assert "ConnectError" in check.found


def test_the_doctor_says_that_no_time_authority_is_configured(settings: Settings) -> None:
    check = found_by_doctor(settings)

    assert (check.state, check.found) == ("warning", "no time authority is configured")


def test_the_reader_of_the_ledger_may_not_write_attempts_and_the_last_one_counts(
    stamping: Settings, archive: Archive, authority: TimeAuthorityOfOpenssl
) -> None:
    authority.stop()
    note(archive)
    (owed,) = request_timestamps(stamping, archive, occasion="harvest").pending
    record_failed_attempt(archive, owed, "the last")

    (owed,) = timestamp_status(archive)

    assert (owed.failed, owed.problem) == (2, "the last")


def test_a_persons_request_has_its_token_at_its_end(
    stamping: Settings, archive: Archive, sample_sites: SampleSites, authority: TimeAuthorityOfOpenssl
) -> None:
    settings = replace(
        stamping,
        connect_to=(sample_sites.connect_to,),
        allow_addresses=("127.0.0.0/8",),
        upstream_ca=sample_sites.authority,
    )
    url = "https://oblsud.pryklad.example/modules.php?name=sud_delo&srv_num=1"

    (archived,) = archive_urls(settings, (url,), actor="analyst")

    assert archived.problem is None
    assert [event for event in events(archive) if not event.endswith("_batched")][-3:] == [
        "collection_ended", "time_owed", "timestamped",
    ]  # fmt: skip
    assert chain(archive)[-2].details["occasion"] == f"request {archived.request_id}"


def run(settings: Settings, *arguments: str) -> "subprocess.CompletedProcess[str]":
    store = ("s3_endpoint", "s3_access_key", "s3_secret_key", "s3_bucket", "lock_mode", "lock_days")
    database = ("database_url", "database_writer_url", "database_reader_url")
    told = {variable(name): str(getattr(settings, name)) for name in ("data", *store, *database)}
    told["LETAPIS_TIME_AUTHORITIES"] = ",".join(settings.time_authorities)
    with pytest.MonkeyPatch.context() as environment:
        for name, value in told.items():
            environment.setenv(name, value)
        return typed(*arguments)


def test_the_command_says_what_is_owed_and_what_was_had(
    stamping: Settings, archive: Archive, authority: TimeAuthorityOfOpenssl
) -> None:
    note(archive)
    authority.stop()
    owing = run(stamping, "timestamps", "--json")
    authority.start()
    had = run(stamping, "timestamps", "--json")

    (owed,), (obtained,) = ([json.loads(line) for line in result.stdout.splitlines()] for result in (owing, had))
    assert (owing.returncode, owed["state"], owed["key"]) == (3, "owed", None)
    assert (had.returncode, obtained["state"]) == (0, "obtained")
    assert (owed["seq"], owed["digest"]) == (obtained["seq"], obtained["digest"])


def test_verify_says_what_is_owed_and_is_no_failure(
    stamping: Settings, archive: Archive, authority: TimeAuthorityOfOpenssl
) -> None:
    note(archive)
    authority.stop()
    request_timestamps(stamping, archive, occasion="harvest")

    verified = run(stamping, "verify")

    assert verified.returncode == 0
    assert f"Trusted timestamp: entry 2 is pending at {authority.url} since" in verified.stderr


def test_settings_name_authorities_and_the_files_they_are_held_to(authority: TimeAuthorityOfOpenssl) -> None:
    told = f"http://one.example/tsr, {authority.url}|{authority.roots}"

    read = load_settings({"LETAPIS_TIME_AUTHORITIES": told}, running_stack=False)

    assert read.time_authorities == ("http://one.example/tsr", f"{authority.url}|{authority.roots}")
    assert pinned_roots(read) == {authority.url: authority.roots.read_bytes()}


@pytest.mark.parametrize(
    "told", ["one.example", "http://one.example|/nowhere.pem", "http://one.example, http://one.example"]
)
def test_a_mistake_in_the_settings_is_named(told: str) -> None:
    with pytest.raises(SettingsError, match="LETAPIS_TIME_AUTHORITIES: expected web addresses"):
        load_settings({"LETAPIS_TIME_AUTHORITIES": told}, running_stack=False)
