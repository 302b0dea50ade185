"""Pages of the sample sites, captured with Chromium once, whole and with exchanges missing."""

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator

from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import Settings
from pipeline.devstack.postgres import PostgresServer
from pipeline.devstack.seaweedfs import ObjectStoreServer
from samples.sites import SampleSites
from storage.archive import Archive
from storage.catalogue.captures import captures_in
from storage.deposit.deposit import deposit_file
from tests.shared_archive import shared_archive_settings
from tests.typed_commands import typed

NOTICES = "https://abvestki.pryklad.example/"
PAGES = (
    NOTICES,
    "https://t.me/s/pryklad_vestki",
    "https://vesnik.pryklad.example/",
    "https://oblsud.pryklad.example/modules.php?name=sud_delo&srv_num=1",
    "https://sud.pryklad.example/rasklad/",
    "https://vyshuk.pryklad.example/",
)


@pytest.fixture(scope="module")
def quality_settings(
    postgres_server: PostgresServer,
    migrated_template: str,
    object_store_server: ObjectStoreServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Settings]:
    name = f"quality_{secrets.token_hex(4)}"
    data = tmp_path_factory.mktemp("quality")
    with shared_archive_settings(postgres_server, migrated_template, object_store_server, data, name) as settings:
        yield settings


@pytest.fixture(scope="module")
def quality_archive(quality_settings: Settings) -> Iterator[Archive]:
    with opened_archive(quality_settings) as archive:
        archive.objects.ensure_bucket()
        yield archive


def crawled(folder: Path, sites: SampleSites, *urls: str) -> tuple[Path, ...]:
    """The files of a crawl of these pages with Chromium."""
    named = [argument for url in urls for argument in ("--url", url)]
    done = typed(
        *("crawl", *named, "--engine", "browser", "--spool", str(folder / "spool")),
        *("--connect-to", sites.connect_to, "--upstream-ca", str(sites.authority)),
        *("--allow-address", "127.0.0.0/8", "--json"),
        env={**os.environ, "LETAPIS_DATA": str(folder / "data")},
    )
    assert done.returncode == 0, done.stderr
    return tuple(sorted((folder / "spool").glob("**/*.warc.gz")))


def deposited(archive: Archive, *paths: Path) -> dict[str, str]:
    """The ids of the pages by their addresses."""
    keys = [deposit_file(archive, path).key for path in paths]
    with archive.reader.connect() as connection:
        found = [capture for key in keys for capture in captures_in(connection, key)]
    return {capture.url: capture.id for capture in found if capture.record_type != "metadata"}


def without(path: Path, target: Path, is_left_out: Callable[[str, str], bool]) -> Path:
    """A copy of a WARC file that lacks what is left out, by address and type of the record."""
    content = path.read_bytes()
    with path.open("rb") as file, target.open("wb") as copy:
        records = ArchiveIterator(file, no_record_parse=True)
        for record in records:
            url = (record.rec_headers.get_header("WARC-Target-URI") or "").removeprefix("urn:exchange:")
            records.read_to_end(record)
            begin, length = records.get_record_offset(), records.get_record_length()
            if not is_left_out(url, record.rec_type):
                copy.write(content[begin : begin + length])
    return target
