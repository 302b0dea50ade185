"""The DAG `audit` run as Airflow runs its task: green where all is well, red with object, expected and found."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pipeline.config.settings import Settings, variable
from pipeline.devstack.seaweedfs import ObjectStoreServer
from processors.digest import sha256
from storage.archive import Archive
from storage.deposit.deposit import deposit_file
from storage.ledger.chain import read_chain
from storage.ledger.custody import entries
from tests.storage.crawled_files import crawl_one, exchange, response
from tests.storage.store_outage import outage
from tests.storage.store_volumes import turn_bit

if TYPE_CHECKING:
    from airflow.sdk import DAG


@pytest.fixture
def look(
    dags: "dict[str, DAG]", copied_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], dict[str, Any]]:
    """The task's own function, with this test's two stores in the environment."""
    from airflow.providers.standard.operators.python import PythonOperator

    for name, value in vars(copied_settings).items():
        if name.startswith(("data", "s3_", "lock_", "database_", "replica_")) and value is not None:
            monkeypatch.setenv(variable(name), str(value))
    monkeypatch.setenv("LETAPIS_AUDIT_WEEKS", "3")
    task = dags["audit"].get_task("check_share")
    assert isinstance(task, PythonOperator)
    function: Callable[[], dict[str, Any]] = task.python_callable
    return function


def warc(folder: Path, number: int) -> Path:
    return crawl_one(folder, [exchange(f"https://t.me/s/kanal?before={number}", response(b"page"))])


def audits(archive: Archive) -> list[Any]:
    with archive.reader.connect() as connection:
        return [entry.details for entry in entries(connection, subject_id="archive")]


def test_three_audits_of_a_third_each_see_everything_and_the_next_begins_anew(
    look: Callable[[], dict[str, Any]], copied_archive: Archive, tmp_path: Path
) -> None:
    keys = [deposit_file(copied_archive, warc(tmp_path, number)).key for number in range(6)]

    rounds = [look() for _ in range(4)]

    assert [each["wrong"] for each in rounds] == [0, 0, 0, 0]
    assert sum(each["share"] for each in rounds[:3]) >= len(keys)
    told = audits(copied_archive)
    assert [each["after"] for each in told[1:]] == [each["last_seq"] for each in told[:-1]]
    # a share is one of bytes, and files differ by a few: the last of three may find nothing left for it
    assert 0 in [each["left_of_this_round"] for each in told[1:3]]
    assert any(later["last_seq"] < each["last_seq"] for each, later in pairwise(told)), "it went round"
    assert told[0]["stores"] == ["primary", "replica"]


def test_a_bit_turned_on_the_disk_of_either_store_is_named_until_it_is_gone(
    look: Callable[[], dict[str, Any]],
    copied_archive: Archive,
    object_store_server: ObjectStoreServer,
    second_object_store_server: ObjectStoreServer,
    tmp_path: Path,
) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    path = warc(tmp_path, 0)
    content = path.read_bytes()
    deposited = deposit_file(copied_archive, path)
    for server, store in ((object_store_server, "primary"), (second_object_store_server, "replica")):
        turned = turn_bit(server.folder / "objects", content, 8 * len(content) // 2)
        for _ in range(2):
            with pytest.raises(AirflowFailException) as red:
                look()
            expected, found = sha256(content), sha256(turned)
            assert f"{deposited.key} ({store}): sha256: expected {expected}, found {found}" in str(red.value)
        turn_bit(server.folder / "objects", turned, 8 * len(content) // 2)
    assert look()["wrong"] == 0
    assert [each["wrong"] for each in audits(copied_archive)] == [1, 1, 1, 1, 0]


def test_an_object_that_somebody_laid_over_a_file_is_named(
    look: Callable[[], dict[str, Any]], copied_archive: Archive, tmp_path: Path
) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    deposited = deposit_file(copied_archive, warc(tmp_path, 0))
    objects = copied_archive.objects
    laid = objects._client.put_object(Bucket=objects.bucket, Key=deposited.key, Body=b"other")["VersionId"]

    with pytest.raises(AirflowFailException) as red:
        look()

    wanted = f"{deposited.key} (primary): object version: expected none without custody, found {laid}"
    assert str(red.value) == wanted


def test_a_second_store_that_is_away_is_red_and_the_first_is_looked_at(
    look: Callable[[], dict[str, Any]],
    copied_archive: Archive,
    second_object_store_server: ObjectStoreServer,
    tmp_path: Path,
) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    deposit_file(copied_archive, warc(tmp_path, 0))
    with (
        outage(second_object_store_server),
        pytest.raises(AirflowFailException, match="to be checked completely"),
    ):
        look()

    assert audits(copied_archive)[0]["looked_at"] == 4


def test_locks_are_renewed_where_the_settings_say_so_and_custody_names_them(
    look: Callable[[], dict[str, Any]], copied_archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deposited = deposit_file(copied_archive, warc(tmp_path, 0))
    monkeypatch.setenv("LETAPIS_RENEW_LOCKS", "yes")
    monkeypatch.setenv("LETAPIS_LOCK_DAYS", "30")

    assert look()["locks_renewed"] == 5  # the file, two entries and the sealed values of each
    renewed = [
        entry for entry in read_chain(copied_archive.objects).entries if entry.entry.event == "lock_renewed"
    ]
    (row,) = [row for row in renewed[0].entry.details["objects"] if row["key"] == deposited.key]
    assert row["object_version"] == deposited.version_id
    assert look()["locks_renewed"] == 0
