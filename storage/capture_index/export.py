"""Writes the index of captures as Parquet files into a folder or the object store, with a manifest of digests.

In: a reading connection, labels, a target. Out: `Manifest`. The rows pass through one at a time, whatever their
number; a partition lies on disk once more while its file is made. Guaranteed: each file takes its place whole, and
the manifest last, so that whoever finds a manifest whose digests agree has a complete index; the same captures
give the same files, byte for byte. Raises `NotAnIndexError`, and the errors of the store.
"""

import fcntl
import json
import shutil
import tempfile
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import chain, groupby, islice
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import Connection

from processors.digest import Digest, sha256
from storage.capture_index.rows import COLUMNS, IndexRow, index_rows
from storage.errors import StorageError
from storage.objects.store import ObjectStore
from storage.parquet import PARTIAL, write_parquet

FORMAT: Final = "letapis-capture-index/1"
MANIFEST: Final = "_manifest.json"
"""Readers of Parquet folders leave out names that begin with an underscore."""
INDEX_PREFIX: Final = "index/"
ROWS_OF_FILE: Final = 5_000_000


class NotAnIndexError(StorageError):
    """The folder holds other things; the operator names another one."""


@dataclass(frozen=True, slots=True)
class IndexFile:
    """One file: its path below that of the index, and what it holds."""

    path: str
    rows: int
    length_bytes: int
    sha256: Digest


@dataclass(frozen=True, slots=True)
class Manifest:
    """Every file of one index, in the order of their paths; ``labels`` are those that were asked for."""

    labels: tuple[str, ...] | None
    files: tuple[IndexFile, ...]

    @property
    def rows(self) -> int:
        """How many captures it has."""
        return sum(each.rows for each in self.files)

    def content(self) -> bytes:
        """The manifest as it is written: without a time, so that the same index has the same one."""
        return json.dumps(
            {
                "format": FORMAT,
                "labels": None if self.labels is None else list(self.labels),
                "rows": self.rows,
                "columns": [{"name": each.name, "type": each.type} for each in COLUMNS],
                "files": [
                    {
                        "path": each.path,
                        "rows": each.rows,
                        "length_bytes": each.length_bytes,
                        "sha256": each.sha256.hex,
                    }
                    for each in self.files
                ],
            },
            ensure_ascii=False,
            indent=1,
        ).encode()


class IndexTarget(Protocol):
    """Where an index goes."""

    def opened(self) -> AbstractContextManager[Path]:
        """A folder in which files are made, for as long as the export takes; one export at a time."""

    def finish(self, folder: Path, manifest: Manifest) -> str:
        """Put the index in its place, the manifest last; returns where it is."""


def export_index(
    connection: Connection,
    target: IndexTarget,
    *,
    labels: Collection[str] | None,
    rows_of_file: int = ROWS_OF_FILE,
) -> tuple[Manifest, str]:
    """Write the index of the captures with these labels, of all where None; returns it, and where it is."""
    with target.opened() as folder:
        files = tuple(_written(folder, index_rows(connection, labels), rows_of_file))
        manifest = Manifest(None if labels is None else tuple(sorted(labels)), files)
        return manifest, target.finish(folder, manifest)


def _written(folder: Path, rows: Iterator[IndexRow], rows_of_file: int) -> Iterator[IndexFile]:
    for partition, group in groupby(rows, key=lambda row: row.partition):
        (folder / partition.path).mkdir(parents=True, exist_ok=True)
        for number, part in enumerate(_parts(group, rows_of_file)):
            path = f"{partition.path}/part-{number:05d}.parquet"
            written = write_parquet(folder / path, COLUMNS, part)
            yield IndexFile(path, written.rows, written.length_bytes, written.sha256)


def _parts(rows: Iterator[IndexRow], most: int) -> Iterator[Iterator[Sequence[Any]]]:
    for first in rows:
        yield (row.values for row in chain((first,), islice(rows, most - 1)))


@dataclass(frozen=True, slots=True)
class FolderTarget:
    """A folder of files: each export replaces file by file, and removes those that are no longer part of it."""

    folder: Path

    @contextmanager
    def opened(self) -> Iterator[Path]:
        """Raises `NotAnIndexError`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._require_index()
        with (self.folder / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as taken:
                raise NotAnIndexError(
                    f"{self.folder}: another export writes there. Nothing was changed. Wait until it has ended."
                ) from taken
            for left in self.folder.glob(f"subset=*/crawl=*/.*{PARTIAL}"):
                left.unlink()  # of an export that was killed
            yield self.folder

    def finish(self, folder: Path, manifest: Manifest) -> str:
        """The manifest takes its place, then files of an earlier export go that it does not name."""
        draft = folder / f".{MANIFEST}{PARTIAL}"
        draft.write_bytes(manifest.content())
        draft.replace(folder / MANIFEST)
        named = {each.path for each in manifest.files}
        for file in folder.glob("subset=*/crawl=*/part-*.parquet"):
            if file.relative_to(folder).as_posix() not in named:
                file.unlink()
        return str(folder)

    def _require_index(self) -> None:
        if any(letter in str(self.folder) for letter in "*?["):
            raise NotAnIndexError(
                f"{self.folder}: expected a path without *, ? and [, which readers of Parquet take for patterns. "
                "Nothing was written."
            )
        others = [
            each.name
            for each in self.folder.iterdir()
            if each.name not in (MANIFEST, ".lock") and not each.name.startswith(("subset=", "."))
        ]
        if others:
            raise NotAnIndexError(
                f"{self.folder}: expected an empty folder or one of an earlier export, found {others[0]!r}. "
                "Nothing was written. Name another folder."
            )


@dataclass(frozen=True, slots=True)
class StoreTarget:
    """The object store, where nothing is ever overwritten: each index has a prefix of its own."""

    objects: ObjectStore

    @contextmanager
    def opened(self) -> Iterator[Path]:
        """A temporary folder on this machine."""
        folder = Path(tempfile.mkdtemp(prefix="letapis-index-"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder)

    def finish(self, folder: Path, manifest: Manifest) -> str:
        """Store the files, the manifest last; the prefix is named by the manifest's digest."""
        content = manifest.content()
        prefix = f"{INDEX_PREFIX}{sha256(content).hex[:16]}/"
        for each in manifest.files:
            self.objects.put_new(f"{prefix}{each.path}", folder / each.path, sha256=each.sha256)
        self.objects.put_new(f"{prefix}{MANIFEST}", content, sha256=sha256(content))
        return f"s3://{self.objects.bucket}/{prefix}"
