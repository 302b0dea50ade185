"""What an alarm is about: silent sources, what an audit found, a store that takes nothing, a full disk."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from gettext import GNUTranslations
from io import BytesIO
from zoneinfo import ZoneInfo

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from ulid import ULID

from access.rendering.translations import Language, in_language
from crawlers.watchlist.source import Expectation, Source
from pipeline.config.settings import Settings
from pipeline.operations.alarm_checks import look
from pipeline.process.run import process_pending
from processors.pages.outcome import Outcome
from storage.archive import Archive
from storage.deposit.deposit import deposit_file
from storage.integrity.audit_share import AUDITED, SUBJECT
from storage.ledger.crawl_facts import begin_collection, end_collection
from storage.ledger.custody import append_and_publish
from storage.objects.errors import StoreUnreachableError
from storage.objects.store import ObjectStore
from tests.pipeline.operations.conftest import ended
from tests.storage.crawled_files import NIGHT, crawl, exchange, response
from tests.storage.integrity.test_rebuilt_catalogue import POST

ZONE = ZoneInfo("UTC")


@pytest.fixture
def watched(stored_settings: Settings, archive: Archive) -> Settings:
    """Settings of an empty archive, on a disk on which crawls may start."""
    return replace(stored_settings, keep_free_mb=0)


def found_by(settings: Settings, *, now: datetime | None = None) -> Mapping[str, str]:
    return look(settings, ZONE, now=now).found


def collected(
    archive: Archive, settings: Settings, source_id: str, *, silent_days: float, label: str | None
) -> None:
    """A crawl of now whose newest post was seen in `NIGHT`."""
    source = Source(id=source_id, kind="telegram", channel=source_id, expect=Expectation(silent_days=silent_days))
    crawl_id = str(ULID())
    begin_collection(archive, crawl_id=crawl_id, source_id=source_id, actor="c", facts={}, access_label=label)
    page = POST.format(number=1).replace("kanal", source_id).encode()
    items = [exchange(f"https://t.me/s/{source_id}", response(page))]
    (file,) = crawl(settings.data / "crawled", items, source=source, crawl_id=crawl_id)
    deposit_file(archive, file)
    end_collection(archive, crawl_id=crawl_id, actor="c", details=ended(pages=1, outcomes={Outcome.CONTENT: 1}))


def test_a_silent_source_is_named_and_one_of_a_case_is_counted(archive: Archive, watched: Settings) -> None:
    for name, silent_days, label in (("quiet", 5, None), ("usual", 900, None), ("witness", 5, "case-k17")):
        collected(archive, watched, name, silent_days=silent_days, label=label)
    process_pending(archive)

    found = found_by(watched)

    assert {key: words for key, words in found.items() if key.startswith("source")} == {
        "source:quiet": f"quiet: nothing new since {NIGHT:%Y-%m-%d}, longer than its habit; look at its newest "
        "captures.",
        "source": "1 source that this message may not name brings nothing new for longer than its habit.",
    }
    assert "witness" not in " ".join([*found, *found.values()])
    assert "source:quiet" not in found_by(watched, now=datetime.now(UTC) + timedelta(days=8))  # not collected now
    assert "source:quiet" not in look(watched, ZONE, with_sources=False).found


def test_what_the_last_audit_found_is_an_alarm_until_another_finds_nothing(
    archive: Archive, watched: Settings
) -> None:
    def audited(wrong: int) -> None:
        append_and_publish(
            archive, AUDITED, subject_id=SUBJECT, actor="c", details={"wrong": wrong, "mismatches": []}
        )

    assert found_by(watched) == {}
    audited(2)
    assert found_by(watched) == {
        "custody:audit": "The last audit found 2 objects unlike what custody states. Change nothing; run letapis "
        "verify."
    }
    audited(0)
    assert found_by(watched) == {}


def test_a_store_that_answers_and_takes_nothing_is_an_alarm(
    archive: Archive, watched: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    append_and_publish(archive, AUDITED, subject_id=SUBJECT, actor="c", details={"wrong": 0, "mismatches": []})
    before = list(archive.objects.list())
    assert found_by(watched) == {}
    assert list(archive.objects.list()) == before  # nothing was stored to find that out

    def full(self: ObjectStore, *_: object, **__: object) -> str | None:
        raise StoreUnreachableError(self.name, self.endpoint, "storing", "no space is left there")

    monkeypatch.setattr(ObjectStore, "_put", full)

    assert found_by(watched) == {"store": "The object store answers and takes nothing: nothing can be deposited."}


def test_a_store_that_is_away_is_an_alarm_and_says_nothing_of_the_clock(
    archive: Archive, watched: Settings
) -> None:
    found = look(replace(watched, s3_endpoint="http://127.0.0.1:9"), ZONE)

    assert found.found == {"store": "The object store does not answer, or refuses the key."}
    assert found.unknown == {"clock"}


def test_a_database_that_is_away_leaves_unknown_what_it_alone_knows(watched: Settings) -> None:
    away = replace(watched, database_reader_url="postgresql+psycopg2://letapis@127.0.0.1:9/letapis")
    found = look(away, ZONE)

    assert found.found["database"] == "The database does not answer, or refuses the login."
    assert found.unknown >= {"migrations", "custody", "outlet", "source"}
    assert not found.knows("outlet:witness")
    assert found.knows("disk")


def test_a_disk_below_its_bound_is_an_alarm_in_the_language_of_the_operator(
    archive: Archive, watched: Settings
) -> None:
    catalogue = Catalog("be")
    catalogue.add(
        "Only %(size)s GB are free, so no crawl starts: make room.", "Вольна толькі %(size)s ГБ: вызваліце месца."
    )
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)

    with in_language(Language("be", GNUTranslations(compiled))):
        found = found_by(replace(watched, keep_free_mb=10**9))

    assert list(found) == ["disk"]
    assert found["disk"].startswith("Вольна толькі ")
