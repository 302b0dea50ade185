"""The archive that is attacked: two files, requests and accesses, a time token, a log, a checkpoint outside."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.config.settings import OwnedDatabase, Settings
from pipeline.preserve.timestamp import request_timestamps
from storage.archive import Archive
from storage.deposit.deposit import deposit_file
from storage.ledger.access_log import log_access
from storage.ledger.batches import store_batches
from storage.ledger.requests import insert_request
from storage.log.signing import sign_next_checkpoint
from tests.attacks.attacked_archive import BEGUN, HELD, AttackedArchive
from tests.openssl_authority import TimeAuthorityOfOpenssl
from tests.pipeline.timestamping import held_to
from tests.storage.crawled_files import crawl_one, exchange, response
from tests.storage.log.log_archive import signer_at


@pytest.fixture(scope="session")
def clock_of_others(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimeAuthorityOfOpenssl]:
    """An authority that no attacker has the key of."""
    with TimeAuthorityOfOpenssl(tmp_path_factory.mktemp("attacks") / "authority", "Authority") as running:
        yield running


@pytest.fixture
def attacked(
    archive: Archive,
    stored_settings: Settings,
    database: OwnedDatabase,
    clock_of_others: TimeAuthorityOfOpenssl,
    tmp_path: Path,
) -> AttackedArchive:
    """As expected in every way, before it is attacked."""
    key_file = tmp_path / "log.key"
    signer = signer_at(key_file)
    with archive.writer.begin() as connection:
        insert_request(connection, actor="analyst", urls=["https://a.example/"], reason="a", case_reference="K-1")
    log_access(archive, actor="analyst", action="viewed", subject_id="urn:uuid:1")
    store_batches(archive, actor="clock")
    first = deposit_file(archive, crawl_one(tmp_path, [exchange("https://t.me/s/kanal", response(b"first"))]))
    begun = sign_next_checkpoint(archive, signer, actor="tester")
    second = deposit_file(archive, crawl_one(tmp_path, [exchange("https://t.me/s/kanal", response(b"second"))]))
    settings = held_to(stored_settings, clock_of_others)
    (_,) = request_timestamps(settings, archive, occasion="harvest").obtained
    held = sign_next_checkpoint(archive, signer, actor="tester")
    assert begun is not None and held is not None
    assert (begun.size, held.size) == (BEGUN, HELD)
    outside = tmp_path / "outside" / "checkpoint.txt"
    outside.parent.mkdir()
    outside.write_bytes(held.note)
    return AttackedArchive(archive, database, signer, key_file, first, second, held, outside)
