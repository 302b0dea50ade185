"""An empty catalogue, a folder for its index, and a way to ask."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.queries.search import reset_index_state, search
from storage.search_index.answer import SearchAnswer
from storage.search_index.question import SearchQuery
from storage.search_index.writer import Refreshed, WritableIndex
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


@pytest.fixture
def searchable(archive: Archive, tmp_path: Path) -> Searchable:
    folder = tmp_path / "search"
    return Searchable(replace(archive, search_folder=folder), folder)
