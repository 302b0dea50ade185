"""The archive as stage code gets it: object store and database, already opened.

Built only by `pipeline.config.archive_factory.open_archive`; nothing here opens, closes or configures anything.
"""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from storage.objects.store import ObjectStore
from storage.sealing_keys import SealingKeys


@dataclass(frozen=True, slots=True)
class Archive:
    """``writer`` may append to the ledger and derive the catalogue; ``reader`` may only ask.

    ``accesses`` may append to the access log in a person's name, and nothing else; None where this process has not
    that right (`storage.ledger.access_log`).
    ``replica`` is the second, independent store where one is configured; `storage.deposit.replication` brings it
    what it lacks. ``nights_since`` is the moment from which on nights are due, None where nobody has said.
    ``sealing`` are the keys that open what entries commit to; without them nothing can be entered into custody,
    and of entries that are read from the store who and why is not known.
    ``outlets`` are the names of the places outside to which checkpoints of the log go.
    ``hash_folder`` is where this worker keeps its files of hashes (`storage.similarity.hash_index`), and
    ``search_folder`` where this host has its search index (`storage.search_index`); None: it has none.
    """

    objects: ObjectStore
    writer: Engine
    reader: Engine
    replica: ObjectStore | None = None
    nights_since: datetime | None = None
    accesses: Engine | None = None
    sealing: SealingKeys | None = None
    outlets: tuple[str, ...] = ()
    hash_folder: Path = field(kw_only=True)
    search_folder: Path | None = None
