"""The archive as stage code gets it: object store and database, already opened.

Built only by `pipeline.connect.open_archive`; nothing here opens, closes or configures anything.
"""

from dataclasses import dataclass

from sqlalchemy import Engine

from storage.objects import ObjectStore


@dataclass(frozen=True, slots=True)
class Archive:
    """``writer`` may append to the ledger and derive the catalogue; ``reader`` may only ask."""

    objects: ObjectStore
    writer: Engine
    reader: Engine
