"""An archive with a few captures of invented pages, and the analysts' door over it."""

import io
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import pytest
from fastapi import Header, HTTPException
from fastapi.testclient import TestClient
from PIL import Image

from access.app import create_app
from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.seaweedfs import ObjectStoreServer
from processors.media.decoder_pool import Decoders
from processors.pages.outcome import Classification, Outcome
from processors.pages.parse_result import Reading
from processors.records.article import Article
from storage.access_labels import Role, Viewer
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_in
from storage.catalogue.records import replace_reading, upsert_outcome
from storage.deposit.deposit import deposit_file
from storage.ledger.crawl_facts import Fact, begin_collection
from storage.similarity.compare import link_new_media
from storage.similarity.media import upsert_medium
from tests.shared_archive import shared_archive_settings
from tests.storage.crawled_files import NIGHT, crawl_one, exchange, no_answer, response

CRAWL = "01JD5PZ4T2V8M6Q3R9S7W1X0YA"
ARTICLE = "https://vesnik.example/навіны/плошча"
HOSTILE = "https://zlo.example/"
SCRIPT = b"<script>document.title = 'taken'; fetch('/api/v2/dags')</script>"


@dataclass(frozen=True)
class Filled:
    """The archive, and the captures in it by address."""

    archive: Archive
    captures: dict[str, Capture]

    def one(self, url: str) -> Capture:
        return self.captures[url]


def picture(kind: str, quality: int = 95) -> bytes:
    """A picture with enough in it to be recognised."""
    canvas = Image.new("RGB", (320, 240), "white")
    for step in range(0, 320, 4):
        for row in range(0, 240, 4):
            shade = (step * step // 7 + row * 13) % 255, (row * row // 5 + step) % 255, (step * row // 9) % 255
            canvas.paste(shade, (step, row, step + 4, row + 4))
    file = io.BytesIO()
    canvas.save(file, kind, quality=quality)
    return file.getvalue()


@pytest.fixture(scope="module")
def own_settings(
    postgres_server: PostgresServer,
    migrated_template: str,
    object_store_server: ObjectStoreServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Settings]:
    """One archive for all questions of a module: they change nothing but the access log."""
    name = f"access_{secrets.token_hex(4)}"
    data = tmp_path_factory.mktemp("data")
    with shared_archive_settings(postgres_server, migrated_template, object_store_server, data, name) as settings:
        yield settings


@pytest.fixture(scope="module")
def own_archive(own_settings: Settings) -> Iterator[Archive]:
    with opened_archive(own_settings) as archive:
        archive.objects.ensure_bucket()
        yield archive


@pytest.fixture(scope="module")
def filled(own_archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    archive, spool = own_archive, tmp_path_factory.mktemp("spool")
    begin_collection(
        archive,
        crawl_id=CRAWL,
        source_id="kanal",
        actor="collector-1",
        facts={
            "collector": Fact("collector-1"),
            "egress_address": Fact(None, "no outside service was asked"),
            "reason": Fact("<b>можа знікнуць</b>"),
        },
    )
    later = NIGHT + timedelta(hours=24)
    html = "<h1>На плошчы</h1>".encode()
    path = crawl_one(
        spool,
        [
            exchange(ARTICLE, response(html)),
            exchange(HOSTILE, response(b"<html>" + SCRIPT)),
            exchange("https://vesnik.example/a.png", response(picture("PNG"), "image/png")),
            exchange("https://vesnik.example/b.jpg", response(picture("JPEG", 60), "image/jpeg")),
            exchange("https://vesnik.example/fake.png", response(b"<svg onload='alert(1)'/>", "image/png")),
            no_answer("https://няма.example/", at=later),
        ],
        crawl_id=CRAWL,
    )
    deposited = deposit_file(archive, path)
    with archive.reader.connect() as connection:
        captures = {capture.url: capture for capture in captures_in(connection, deposited.key)}
    filled = Filled(archive, captures)
    read_all(filled)
    return filled


def read_all(filled: Filled) -> None:
    """What processing would find in these pages, said by hand."""
    article = Article(
        url=ARTICLE,
        title="Затрыманні на плошчы <script>alert(1)</script>",
        text="Сведкі паведамляюць пра затрыманні ў цэнтры горада.",
        published_at=datetime(2026, 11, 20, 18, 0, tzinfo=UTC),
        published_raw="20 лістапада",
    )
    reading = Reading(
        url=ARTICLE, kind="news", outcome=Outcome.CONTENT, parser_version="test-1", records=(article,)
    )
    pictures = {url: picture_bytes(url) for url in filled.captures if url.endswith((".png", ".jpg"))}
    with filled.archive.writer.begin() as connection, Decoders(workers=1) as decoders:
        upsert_outcome(connection, filled.one(ARTICLE).id, "test-1", Classification(Outcome.CONTENT, None))
        replace_reading(connection, filled.one(ARTICLE), reading)
        for url, content in pictures.items():
            upsert_medium(connection, filled.one(url), decoders.fingerprint(content), len(content))
        link_new_media(connection, filled.archive.hash_folder)


def picture_bytes(url: str) -> bytes:
    if "fake" in url:
        return b"<svg onload='alert(1)'/>"
    return picture("PNG") if url.endswith("png") else picture("JPEG", 60)


ROLES = {"reader": Role.READER, "custodian": Role.CUSTODIAN, "admin": Role.ADMINISTRATOR}
"""Whoever has another name is a collector, as analysts are."""


def user_of_header(x_user: Annotated[str | None, Header()] = None) -> Viewer:
    """Stands for the host's own login: whoever says their name is known."""
    if x_user is None:
        raise HTTPException(401, "Log in first.")
    return Viewer(x_user, ROLES.get(x_user, Role.COLLECTOR))


@pytest.fixture
def anonymous(filled: Filled) -> Iterator[TestClient]:
    with TestClient(create_app(lambda: filled.archive, user_of_header)) as client:
        yield client


@pytest.fixture
def analyst(anonymous: TestClient) -> TestClient:
    """The same door for someone who is logged in."""
    anonymous.headers["X-User"] = "analyst"
    return anonymous
