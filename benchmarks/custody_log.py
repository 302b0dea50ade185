"""Time and memory of the log over custody: its first checkpoint, the next one, proofs, verifying the store alone.

Run: ``python -m benchmarks.custody_log [--entries N] [--json]``. The rows of custody lie in the embedded
PostgreSQL; the object store is this process's memory, so that what is measured is our work and not a store's.
Entries are of format 1, about 420 bytes each.
"""

import io
import json
import resource
import secrets
import sys
import tempfile
import time
from argparse import ArgumentParser
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import create_engine

from crawlers.model.iso_time import time_text
from pipeline.config.settings import OwnedDatabase
from pipeline.devstack.postgres import PostgresServer
from pipeline.preserve.verify import verify_store_alone
from processors.digest import Digest, sha256
from processors.transparency_log.merkle import extends, includes
from storage.archive import Archive
from storage.ledger.custody import append
from storage.ledger.entry import NOT_MEASURED, CustodyEntry
from storage.log.key_file import SigningState, make_signing_key
from storage.log.signing import LogSigner, sign_next_checkpoint
from storage.log.tree_reader import LogTree
from storage.migrations import migrate
from storage.objects.keys import custody_key
from storage.objects.model import PRIMARY, ListedVersion, ObjectHead, StoredObject
from storage.objects.store import ObjectStore
from storage.sealing_keys import make_keys, read_keys

PROOFS = 1000
NEXT_ENTRIES = 100
VERSION = "1"


class MemoryStore(ObjectStore):
    """An object store in memory: one version a key, every one locked."""

    def __init__(self) -> None:
        self.name, self.endpoint, self.bucket = PRIMARY, "memory:", "memory"
        self.lock_mode, self.lock_days = "governance", 1
        self._until = datetime.now(UTC) + timedelta(days=2)
        self._at = datetime.now(UTC)
        self._objects: dict[str, bytes] = {}
        self._keys: list[str] = []
        self.reads = 0

    def require_fit(self) -> None:
        """It always is."""

    def put_new(self, key: str, content: Path | bytes | BinaryIO, *, sha256: Digest) -> StoredObject:
        assert isinstance(content, bytes)
        if key not in self._objects:
            self._objects[key] = content
            insort(self._keys, key)
        return StoredObject(key, VERSION, sha256, len(content), self._until)

    def head(self, key: str, version_id: str | None = None) -> ObjectHead | None:
        content = self._objects.get(key)
        return None if content is None else self._head_of_bytes(key, content)

    def get(self, key: str, version_id: str) -> tuple[ObjectHead, bytes] | None:
        content = self._objects.get(key)
        return None if content is None else (self._head_of_bytes(key, content), content)

    def read(self, key: str, version_id: str, *, offset: int = 0, length: int | None = None) -> bytes:
        self.reads += 1
        return self._objects[key]

    def list(self, prefix: str = "") -> Iterator[ListedVersion]:
        for at in range(bisect_left(self._keys, prefix), len(self._keys)):
            key = self._keys[at]
            if not key.startswith(prefix):
                return
            yield ListedVersion(key, VERSION, len(self._objects[key]), True, False, self._at)

    def _head_of_bytes(self, key: str, content: bytes) -> ObjectHead:
        return ObjectHead(key, VERSION, len(content), None, "governance", self._until)


@dataclass(frozen=True, slots=True)
class Measured:
    """One step: seconds of wall clock and CPU, the most memory of the process so far, what else was counted."""

    step: str
    wall_s: float
    cpu_s: float
    most_memory_mb: float
    counted: dict[str, float]


def measured(step: str, work: Callable[[], dict[str, float]]) -> Measured:
    wall, cpu = time.monotonic(), time.process_time()
    counted = work()
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Measured(step, time.monotonic() - wall, time.process_time() - cpu, most, counted)


def chain_of(count: int) -> Iterator[CustodyEntry]:
    """Entries as deposits make them, each after the one before."""
    previous, at = None, datetime(2026, 1, 1, tzinfo=UTC)
    for seq in range(1, count + 1):
        entry = CustodyEntry(
            seq=seq,
            previous=previous,
            event="received",
            subject_id=f"warc/2026/01/01/source-{seq % 50}/01KB8Z{seq:020d}-00000.warc.gz",
            subject_digest=Digest("sha256", seq.to_bytes(32)),
            actor="collector-1",
            at=at + timedelta(seconds=seq),
            software="letapis/0.2.0",
            clock=NOT_MEASURED,
            details={},
        )
        previous = entry.digest
        yield entry


def load(database: OwnedDatabase, store: MemoryStore, count: int) -> None:
    """Rows of custody, confirmed by the store, which gets their objects."""
    connection = create_engine(database.owner_url).raw_connection()
    rows, places = io.StringIO(), io.StringIO()
    columns = (
        "seq, digest, previous, event, subject_id, subject_digest, actor, at, software, clock_reason, details"
    )
    for entry in chain_of(count):
        content = entry.canonical()
        digest = sha256(content)
        store.put_new(custody_key(entry.seq), content, sha256=digest)
        values = (
            entry.seq, digest, entry.previous or "\\N", entry.event, entry.subject_id, entry.subject_digest,
            entry.actor, time_text(entry.at), entry.software, entry.clock.reason, json.dumps(dict(entry.details)),
        )  # fmt: skip
        rows.write("\t".join(map(str, values)) + "\n")
        places.write(f"{entry.seq}\t{PRIMARY}\t{custody_key(entry.seq)}\t{VERSION}\n")
        if entry.seq % 20_000 == 0 or entry.seq == count:
            cursor = connection.cursor()
            for buffer, table in ((rows, f"custody ({columns})"), (places, "custody_objects")):
                buffer.seek(0)
                cursor.copy_expert(f"COPY ledger.{table} FROM STDIN", buffer)
            connection.commit()
            rows, places = io.StringIO(), io.StringIO()
    connection.close()


def run(entries: int, folder: Path) -> list[Measured]:
    """Every step over so many entries."""
    store = MemoryStore()
    make_keys(folder / "sealing.keys")
    with PostgresServer(folder / "postgres") as server:
        database = server.create_database(f"log_{secrets.token_hex(4)}")
        migrate(database.owner_url)
        archive = Archive(
            objects=store,
            writer=create_engine(database.writer_url),
            reader=create_engine(database.reader_url),
            hash_folder=folder,
            sealing=read_keys(folder / "sealing.keys"),
        )
        signer = LogSigner(
            make_signing_key(folder / "log.key", "log.example/benchmark"), SigningState.beside(folder / "log.key")
        )

        def loaded() -> dict[str, float]:
            load(database, store, entries)
            return {"entries": entries}

        def signed() -> dict[str, float]:
            reads = store.reads
            made = sign_next_checkpoint(archive, signer, actor="benchmark")
            assert made is not None
            return {"entries": made.size, "objects_read": store.reads - reads}

        def grown() -> dict[str, float]:
            with archive.writer.begin() as connection:
                for _ in range(NEXT_ENTRIES):
                    append(
                        connection, "received", keys=archive.sealing, subject_id="x", actor="benchmark", details={}
                    )
            return {"entries": NEXT_ENTRIES}

        size = entries + 1 + NEXT_ENTRIES

        def proved() -> dict[str, float]:
            tree = LogTree(store, size)
            root = tree.root()
            for number in range(PROOFS):
                index = number * (entries // PROOFS or 1) % entries
                leaf = tree.leaf(index)
                assert includes(leaf, index, size, tree.inclusion(index), root)
            return {"proofs": PROOFS}

        def consistent() -> dict[str, float]:
            tree = LogTree(store, size)
            assert extends(entries + 1, tree.root(entries + 1), size, tree.root(), tree.consistency(entries + 1))
            return {"hashes": len(tree.consistency(entries + 1))}

        def verified() -> dict[str, float]:
            found = verify_store_alone(store)
            assert [each.subject for each in found if not each.ok] == [], found
            return {"objects": sum(1 for _ in store.list())}

        steps = [
            measured("load rows and objects", loaded),
            measured("sign the first checkpoint", signed),
            measured("append entries", grown),
            measured("sign the next checkpoint", signed),
            measured("prove inclusion", proved),
            measured("prove consistency", consistent),
            measured("verify the store alone", verified),
        ]
        archive.writer.dispose()
        archive.reader.dispose()
    return steps


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="letapis-log-") as folder:
        Path(folder).chmod(0o711)
        for each in run(given.entries, Path(folder)):
            said = (
                f"{each.step}: {each.wall_s:.2f} s, CPU {each.cpu_s:.2f} s, at most {each.most_memory_mb:.0f} MB"
            )
            line = json.dumps(asdict(each)) if given.json else f"{said}, {each.counted}"
            sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
