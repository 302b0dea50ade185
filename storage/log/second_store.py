"""The second store as an outlet: it gets every tile, bundle, checkpoint and proof of the log that it lacks.

In: an archive with a replica. Out: a receipt (JSON). Copies are locked there. Where other bytes stand under a key
there, that is the problem that is reported. Raises `storage.objects.errors`.
"""

import json
from dataclasses import dataclass

from crawlers.model.iso_time import time_text
from processors.digest import sha256
from processors.transparency_log.checkpoint import read_checkpoint
from storage.archive import Archive
from storage.log.checkpoints import log_keys, newest_in_store
from storage.log.outlets import OutletProof
from storage.log.stored_objects import stored_objects
from storage.objects.errors import KeyTakenError
from storage.objects.keys import CHECKPOINTS_PREFIX, checkpoint_key
from storage.objects.model import REPLICA, ListedVersion, StoredObject
from storage.objects.parallel import map_bounded
from storage.objects.reader import StoreReader
from storage.objects.store import ObjectStore


@dataclass(frozen=True, slots=True)
class SecondStore:
    """The archive's replica."""

    archive: Archive

    @property
    def name(self) -> str:
        """As entries name its copies."""
        return REPLICA

    @property
    def witnesses(self) -> bool:
        """Whoever owns both stores can rewrite both."""
        return False

    def deliver(self, checkpoint: bytes) -> OutletProof:
        """Copy what the replica lacks of the log, the checkpoints last; the proof is a receipt."""
        objects, replica = self.archive.objects, self._replica
        there = {each.key for each in stored_objects(replica)}
        lacking = [each for each in stored_objects(objects) if each.key not in there]
        lacking.sort(key=lambda each: each.key.startswith(CHECKPOINTS_PREFIX))
        copied = sum(1 for _ in map_bounded(lambda each: _copy(objects, replica, each), lacking))
        key = checkpoint_key(read_checkpoint(checkpoint).size)
        stored = replica.put_new(key, checkpoint, sha256=sha256(checkpoint))
        receipt = {
            "store": replica.name,
            "bucket": replica.bucket,
            "key": key,
            "object_version": stored.version_id,
            "sha256": str(stored.sha256),
            "locked_until": time_text(stored.locked_until),
            "copied": copied,
        }
        return OutletProof(json.dumps(receipt, indent=1).encode() + b"\n", "json")

    def newest(self) -> bytes | None:
        """The newest checkpoint of the log's keys that lies in the replica."""
        with self.archive.reader.connect() as connection:
            keys = log_keys(connection).keys
        found = newest_in_store(self._replica, keys)
        return None if found is None else found.note

    @property
    def _replica(self) -> ObjectStore:
        if self.archive.replica is None:
            raise ValueError("this archive has no replica")
        return self.archive.replica


def _copy(objects: StoreReader, replica: ObjectStore, version: ListedVersion) -> StoredObject:
    content = objects.read(version.key, version.version_id)
    try:
        return replica.put_new(version.key, content, sha256=sha256(content))
    except KeyTakenError:
        replica.require_fit()
        raise
