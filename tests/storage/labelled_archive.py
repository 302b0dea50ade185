"""An archive with captures that everybody may see, and captures of a case that only its members may."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from crawlers.model.capture import Captured
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.seaweedfs import ObjectStoreServer
from processors.media.decoder_pool import Decoders
from processors.pages.outcome import Classification, Outcome
from processors.pages.parse_result import Reading
from processors.records.article import Article
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_in
from storage.catalogue.records import replace_reading, upsert_outcome
from storage.deposit.deposit import deposit_file
from storage.ledger.memberships import add_member
from storage.similarity.compare import link_new_media
from storage.similarity.media import upsert_medium
from tests.access.conftest import picture
from tests.shared_archive import shared_archive_settings
from tests.storage.crawled_files import KANAL, NIGHT, crawl_one, exchange, no_answer, response

OPEN = "https://vesnik.example/площа"
SECRET = "https://secret.example/page"
CASE = "Справа 7"


@dataclass(frozen=True)
class Labelled:
    """The archive with its settings; ``label`` is that of the case, whose one member is called ala."""

    settings: Settings
    archive: Archive
    label: str


@contextmanager
def labelled_archive(
    postgres: PostgresServer, template: str, store: ObjectStoreServer, folder: Path, name: str
) -> Iterator[Labelled]:
    """The archive in a database and a bucket of its own."""
    with (
        shared_archive_settings(postgres, template, store, folder / "data", name) as settings,
        opened_archive(settings) as archive,
    ):
        archive.objects.ensure_bucket()
        label = add_member(archive, "ala", actor="custodian", case=CASE).label
        fill(archive, folder / "spool", label)
        yield Labelled(settings, archive, label)


def fill(archive: Archive, spool: Path, label: str) -> None:
    """Two nights of an open source, and one of the case."""
    day = timedelta(days=1)
    first: list[Captured] = [
        exchange(OPEN, response("<p>Суд а 10-й</p>".encode())),
        exchange("https://vesnik.example/robots.txt", response(b"User-agent: *", "text/plain")),
        exchange("https://vesnik.example/gone", response(b"gone", status="404 Not Found")),
        exchange("https://vesnik.example/a.png", response(picture("PNG"), "image/png")),
        no_answer("https://127.0.0.1:8443/x?y=1"),
    ]
    second: list[Captured] = [
        exchange(OPEN, response("<p>Суд а 11-й</p>".encode(), status="200 OK"), at=NIGHT + 15 * day)
    ]
    secret: list[Captured] = [
        exchange(SECRET, response("<p>Таямніца</p>".encode())),
        exchange("https://secret.example/b.jpg", response(picture("JPEG", 60), "image/jpeg")),
    ]
    for items, source in (
        (first, KANAL),
        (second, KANAL),
        (secret, replace(KANAL, id="tajny", access_label=label)),
    ):
        deposited = deposit_file(archive, crawl_one(spool, items, source=source))
        with archive.reader.connect() as connection:
            captures = list(captures_in(connection, deposited.key))
        read(archive, captures)
    with archive.writer.begin() as connection:
        link_new_media(connection, archive.hash_folder)


def read(archive: Archive, captures: list[Capture]) -> None:
    """What processing would find, said by hand."""
    with archive.writer.begin() as connection, Decoders(workers=1) as decoders:
        for capture in captures:
            if capture.url in (OPEN, SECRET):
                words = "а 10-й" if capture.captured_at == NIGHT else "а 11-й"
                article = Article(url=capture.url, title="Суд", text=f"Суд пачнецца {words}.")
                upsert_outcome(connection, capture.id, "test-1", Classification(Outcome.CONTENT, None))
                replace_reading(
                    connection,
                    capture,
                    Reading(
                        url=capture.url,
                        kind="news",
                        outcome=Outcome.CONTENT,
                        parser_version="test-1",
                        records=(article,),
                    ),
                )
            elif capture.url.endswith((".png", ".jpg")):
                content = picture("PNG") if capture.url.endswith("png") else picture("JPEG", 60)
                upsert_medium(connection, capture, decoders.fingerprint(content), len(content))
