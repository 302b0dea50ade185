"""An archive after a night: one source came through, two failed, one of them of a case; something is pending."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.responses import PlainTextResponse
from ulid import ULID

from access.operations_gate import OperationsGate
from crawlers.watchlist.source import Source
from pipeline.config.archive_factory import opened_archive
from pipeline.config.log_signer import prepare_signer
from pipeline.config.settings import Settings
from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.seaweedfs import ObjectStoreServer
from pipeline.operations.desk import SettingsOperationsDesk
from pipeline.preserve.checkpoint import sign_and_deliver
from pipeline.process.run import process_pending
from processors.pages.outcome import Outcome
from storage.archive import Archive
from storage.deposit.deposit import deposit_file
from storage.deposit.timestamps import schedule_timestamps
from storage.ledger.crawl_facts import begin_collection, end_collection
from storage.ledger.harvests import DAY, begin_harvest, end_harvest, newest_due
from storage.ledger.requests import insert_request, insert_result
from storage.sealing_keys import make_keys
from tests.embedded_database import drop_database
from tests.storage.crawled_files import crawl, exchange, response
from tests.storage.integrity.test_rebuilt_catalogue import POST

KANAL = Source(id="kanal", kind="telegram", channel="kanal")
SECRET = "tg-witness-k17"
"""A source of a case: its name is for the members of the case alone."""
REASON = "blocked: status 403 at https://sud.example/list"


@dataclass(frozen=True)
class Operated:
    """The archive, settings that know a second store which has nothing yet, and when the night was due."""

    archive: Archive
    settings: Settings
    due_at: datetime


@pytest.fixture(scope="session")
def operated(
    services_folder: Path,
    object_store_server: ObjectStoreServer,
    second_object_store_server: ObjectStoreServer,
    postgres_server: PostgresServer,
    migrated_template: str,
) -> Iterator[Operated]:
    """One for all tests, which only read it."""
    name = f"operated_{secrets.token_hex(4)}"
    database = postgres_server.create_database(name, template=migrated_template)
    settings = Settings(
        data=services_folder / name,
        s3_endpoint=object_store_server.endpoint,
        s3_access_key=object_store_server.access_key,
        s3_secret_key=object_store_server.secret_key,
        s3_bucket=name.replace("_", "-"),
        lock_mode="governance",
        lock_days=1,
        database_url=database.owner_url,
        database_writer_url=database.writer_url,
        database_reader_url=database.reader_url,
        keep_free_mb=0,
    )
    make_keys(settings.sealing_keys_file)
    with opened_archive(settings) as archive:
        archive.objects.ensure_bucket()
        due_at = a_night(archive, settings)
        with_copies = replace(
            settings,
            nights_since=due_at - DAY,
            replica_endpoint=second_object_store_server.endpoint,
            replica_access_key=second_object_store_server.access_key,
            replica_secret_key=second_object_store_server.secret_key,
            replica_bucket=f"copy-{secrets.token_hex(6)}",
            replica_lock_mode="governance",
            replica_lock_days=1,
        )
        yield Operated(archive, with_copies, due_at)
    drop_database(postgres_server, name)


def machine(settings: Callable[[], Settings]) -> TestClient:
    """A client without a login at the API server of an installation; its pages are left out."""
    pages = PlainTextResponse("a page", 404)
    return TestClient(OperationsGate(pages, desk=SettingsOperationsDesk(settings)))


def a_night(archive: Archive, settings: Settings) -> datetime:
    """What the night was: returns when it was due."""
    due_at = newest_due(datetime.now(UTC))
    night = "scheduled__1"
    begin_harvest(
        archive, night, actor="c", due_at=due_at, sources=("kanal", "sud", SECRET), covers_watchlist=True
    )
    page = POST.format(number=1).encode()
    kanal = str(ULID())
    begin_collection(archive, crawl_id=kanal, source_id="kanal", actor="c", facts={})
    items = [exchange("https://t.me/s/kanal", response(page))]
    (file,) = crawl(settings.data / "crawled", items, source=KANAL, crawl_id=kanal)
    deposit_file(archive, file)
    end_collection(archive, crawl_id=kanal, actor="c", details=ended(pages=1, outcomes={Outcome.CONTENT: 1}))
    for source_id, label in (("sud", None), (SECRET, "case-k17")):
        crawl_id = str(ULID())
        begin_collection(archive, crawl_id=crawl_id, source_id=source_id, actor="c", facts={}, access_label=label)
        came_to = ended(
            pages=2, outcomes={Outcome.BLOCKED: 2}, failures=[REASON], pace={"sud.example": {"requests": 100}}
        )
        end_collection(archive, crawl_id=crawl_id, actor="c", details=came_to)
        begin_collection(  # and is being crawled again
            archive, crawl_id=str(ULID()), source_id=source_id, actor="c", facts={}, access_label=label
        )
    end_harvest(archive, night, actor="c", failures={"sud": REASON, SECRET: REASON}, network=None)
    process_pending(archive)
    prepare_signer(settings)
    sign_and_deliver(settings, archive)
    schedule_timestamps(archive, ["https://tsa.example/"], actor="c", occasion="harvest")
    with archive.writer.begin() as connection:
        request = insert_request(connection, actor="ann", urls=["https://a.example/", "https://b.example/"])
        insert_result(connection, request.id, 1, problem="refused")
    (settings.spool_dir / "01JD").mkdir(parents=True)
    return due_at


def ended(
    *,
    pages: int,
    outcomes: dict[Outcome, int],
    failures: list[str] | None = None,
    pace: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """What custody keeps of a crawl's end, as far as figures and message need it."""
    return {"pages": pages, "outcomes": outcomes, "problem": None, "failures": failures or [], "pace": pace or {}}
