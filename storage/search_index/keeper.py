"""Keeps the index of a host up to date while a process serves pages, in a thread of its own.

In: the database as its reader sees it, and the folder of the index. Out: nothing; what goes wrong is logged and
tried again. Of several processes on a host one writes, the others wait for their turn: the lock ends with its
holder, however that ends. Searching goes on meanwhile, by the index as it was.
"""

import logging
import os
import threading
from pathlib import Path
from typing import Final

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from storage.errors import StorageError
from storage.search_index.folder import IndexBusyError
from storage.search_index.writer import WritableIndex

log = logging.getLogger(__name__)

EVERY_S: Final = 2.5
"""Seconds between two looks at the log of changes."""
TURN_S: Final = 5.0
"""Seconds after which a process that does not write asks for its turn again."""
AFTER_PROBLEM_S: Final = 30.0

_kept: Final[dict[tuple[int, Path], threading.Thread]] = {}
"""By process and folder: a forked process has no threads of its parent's."""


def keep_index(reader: Engine, folder: Path) -> None:
    """Start the thread, once in each process."""
    key = (os.getpid(), folder)
    if key not in _kept:
        _kept[key] = threading.Thread(target=_keep, args=(reader, folder), name="search-index", daemon=True)
        _kept[key].start()


def _keep(reader: Engine, folder: Path) -> None:
    pause = threading.Event()
    while True:
        try:
            with WritableIndex(reader, folder) as index:
                while True:
                    done = index.refresh()
                    if done.made_anew:
                        log.info("The search index in %s was made anew: %d subjects.", folder, done.subjects)
                    pause.wait(EVERY_S)
        except IndexBusyError:
            pause.wait(TURN_S)
        except (SQLAlchemyError, StorageError, OSError, ValueError) as problem:
            log.error("The search index in %s was not brought up to date: %s", folder, problem)
            pause.wait(AFTER_PROBLEM_S)
