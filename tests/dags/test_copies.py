"""The DAG `copies` run as Airflow runs its task: red with what is owed, green when all is there."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.config.settings import Settings, variable
from pipeline.devstack.seaweedfs import ObjectStoreServer
from storage.archive import Archive
from storage.deposit.deposit import deposit_file
from storage.integrity.purge import purges
from tests.storage.crawled_files import crawl_one, exchange, response
from tests.storage.integrity.purged_archive import captures, order_purge
from tests.storage.store_outage import outage

if TYPE_CHECKING:
    from airflow.sdk import DAG


def test_the_clock_brings_what_is_owed_and_is_red_while_it_cannot(
    dags: "dict[str, DAG]",
    copied_settings: Settings,
    copied_archive: Archive,
    second_object_store_server: ObjectStoreServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from airflow.providers.standard.operators.python import PythonOperator
    from airflow.sdk.exceptions import AirflowFailException

    for name, value in vars(copied_settings).items():
        if name.startswith(("data", "s3_", "lock_", "database_", "replica_")) and value is not None:
            monkeypatch.setenv(variable(name), str(value))
    task = dags["copies"].get_task("replicate")
    assert isinstance(task, PythonOperator)
    bring = task.python_callable

    with outage(second_object_store_server):
        path = crawl_one(tmp_path, [exchange("https://t.me/s/kanal", response(b"page"))])
        deposited = deposit_file(copied_archive, path)
        with pytest.raises(AirflowFailException, match=f"{deposited.key} is in the first store only"):
            bring()

    assert bring() == {"copied": 1, "entries": 2, "owed": 0}
    assert bring() == {"copied": 0, "entries": 0, "owed": 0}

    (capture,) = captures(copied_archive, deposited.key)
    order_purge(copied_archive, capture.id)
    tend = dags["copies"].get_task("tend_purges")
    assert isinstance(tend, PythonOperator)
    assert tend.python_callable() == {"done": 0, "due": 1}, "no purge key is here"
    assert [each.store for each in purges(copied_archive)[0].old] == ["primary", "replica"]
