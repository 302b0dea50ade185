"""How far the index of a host is behind the catalogue.

In: a connection and the folder of the index. Out: `IndexState`. Reads only.
"""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection

from storage.search_index.change_log import backlog, continues
from storage.search_index.reader import IndexReader


@dataclass(frozen=True, slots=True)
class IndexState:
    """``problem`` says why the index cannot be brought up to date and has to be made anew; None: it can.

    ``documents`` counts wordings and pages; ``behind`` the records and pages that changed since.
    """

    documents: int = 0
    behind: int = 0
    behind_s: float = 0.0
    problem: str | None = None


def state_of(connection: Connection, reader: IndexReader) -> IndexState:
    """The state of the index that the reader opens."""
    searcher, position = reader.searcher(), reader.position()
    if searcher is None:
        return IndexState(problem="it is not made yet")
    if position is None or not continues(connection, position):
        return IndexState(problem="it belongs to another database, or to one long ago")
    waiting = backlog(connection, position)
    return IndexState(max(0, searcher.num_docs - 1), waiting.subjects, waiting.seconds)


def index_state(connection: Connection, folder: Path) -> IndexState:
    """The state of the index in a folder."""
    return state_of(connection, IndexReader(folder))
