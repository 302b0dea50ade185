"""An empty catalogue, a folder for its index, and a way to ask."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from pipeline.config.archive_factory import opened_archive
from pipeline.config.settings import OwnedDatabase, Settings
from pipeline.devstack.postgres import PostgresServer
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.queries.search import reset_index_state, search
from storage.search_index.answer import SearchAnswer
from storage.search_index.question import SearchQuery
from storage.search_index.writer import Refreshed, WritableIndex
from tests.embedded_database import drop_database
from tests.storage.search_index.catalogue_rows import CatalogueRows


@dataclass
class Searchable:
    """A catalogue with an index that is written when a test says so."""

    archive: Archive
    folder: Path
    _made: int = 0

    @contextmanager
    def writing(self, engine: Engine | None = None) -> Iterator[CatalogueRows]:
        """One transaction."""
        with (engine or self.archive.writer).begin() as connection:
            rows = CatalogueRows(connection, self._made)
            yield rows
            self._made = rows.made

    def refresh(self) -> Refreshed:
        with WritableIndex(self.archive.reader, self.folder) as index:
            return index.refresh()

    def ask(self, text: str = "", *, viewer: Viewer = EVERYONE, **asked: Any) -> SearchAnswer:
        of_answer = {name: asked.pop(name) for name in ("limit", "offset", "facets", "histogram") if name in asked}
        reset_index_state()
        answer = search(self.archive, SearchQuery(text=text, **asked), viewer=viewer, **of_answer)
        assert answer.answered_by == "index", answer.because
        return answer

    def keys(self, text: str = "", **asked: Any) -> list[str]:
        """Natural keys of records, urls of pages, in the order of the answer."""
        found = []
        for hit in self.ask(text, **asked).hits:
            assert (hit.sighting is None) != (hit.page is None)
            found.append(hit.sighting.natural_key if hit.sighting else hit.page.url if hit.page else "")
        return found


def opened(database: OwnedDatabase, folder: Path) -> Iterator[Searchable]:
    """Over a database alone: search asks no store."""
    settings = Settings(
        data=folder,
        s3_endpoint="http://127.0.0.1:9",
        s3_access_key="none",
        s3_secret_key="none",
        lock_mode="governance",
        lock_days=1,
        database_writer_url=database.writer_url,
        database_reader_url=database.reader_url,
    )
    with opened_archive(settings) as archive:
        yield Searchable(archive, settings.search_folder)


@pytest.fixture
def searchable(database: OwnedDatabase, tmp_path: Path) -> Iterator[Searchable]:
    yield from opened(database, tmp_path)


@pytest.fixture(scope="module")
def own_searchable(
    postgres_server: PostgresServer, migrated_template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Searchable]:
    """One for all tests of a module."""
    name = f"search_{secrets.token_hex(4)}"
    yield from opened(
        postgres_server.create_database(name, template=migrated_template), tmp_path_factory.mktemp("search")
    )
    drop_database(postgres_server, name)
