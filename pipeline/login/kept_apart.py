"""What a crawl with a login keeps out of the archive: redacted values with their salts, and withheld captures.

In: rows that are JSON, one at a time. Out: the file ``kept/<crawl id>.kept`` in the folder of profiles: a line of
base64 for each row, sealed (AES-256-GCM) with a key of this crawl alone and its place in the file; and
``<crawl id>.key``, that key sealed with the keys of profiles. A row is written whole or not at all; a last line
that a crash has torn is left out by who reads.
"""

import base64
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pipeline.login.profiles import ProfileError, ProfileStore
from storage.ledger.sealed_objects import SealedError, open_sealed, seal
from storage.private_file import make_private_file, read_private_file
from storage.private_folder import closed_folder
from storage.sealing_keys import KEY_BYTES, SealingKeys
from storage.warc.writer import sync_folder

FOLDER: Final = "kept"
PART_BYTES: Final = 1 << 20
"""How much of a large thing stands in one row."""
MOST_KEY_BYTES: Final = 1 << 16


def new_crawl_key(store: ProfileStore, crawl_id: str) -> tuple[bytes, Path]:
    """A fresh key for one crawl, which the store can open later; and where the crawl is to keep things apart."""
    key, folder = secrets.token_bytes(KEY_BYTES), closed_folder(store.folder / FOLDER)
    sealed = seal(store.keys(), _key_name(crawl_id), {"key": key.hex()})
    make_private_file(folder / f"{crawl_id}.key", sealed)
    sync_folder(folder)
    return key, folder / f"{crawl_id}.kept"


class KeptApart:
    """The file of one crawl, being written."""

    def __init__(self, path: Path, key: bytes, crawl_id: str) -> None:
        self._keys, self._crawl_id = SealingKeys((key,)), crawl_id
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._file = os.fdopen(os.open(path, flags, 0o600), "wb")
        self.rows = 0

    def add(self, row: Mapping[str, Any]) -> int:
        """Write one row; returns its number, from 1."""
        number = self.rows + 1
        line = base64.b64encode(seal(self._keys, _row_name(self._crawl_id, number), row)) + b"\n"
        self._file.write(line)
        self._file.flush()
        os.fsync(self._file.fileno())
        self.rows = number
        return number

    def add_bytes(self, row: Mapping[str, Any], pieces: Iterator[bytes]) -> int:
        """Write a thing of any length, in parts behind its row; returns the number of the row."""
        number = self.add(row)
        for piece in pieces:
            for start in range(0, len(piece), PART_BYTES):
                part = base64.b64encode(piece[start : start + PART_BYTES]).decode()
                self.add({"what": "part", "of": number, "base64": part})
        return number

    def close(self) -> None:
        """Nothing more comes."""
        self._file.close()


def kept_of_crawl(store: ProfileStore, crawl_id: str) -> Iterator[Mapping[str, Any]]:
    """The rows of one crawl, in order, each with its ``number``; raises `ProfileError` where they do not open."""
    folder = store.folder / FOLDER
    try:
        sealed = read_private_file(folder / f"{crawl_id}.key", MOST_KEY_BYTES)
        keys = SealingKeys((bytes.fromhex(open_sealed(store.keys(), _key_name(crawl_id), sealed)["key"]),))
        with (folder / f"{crawl_id}.kept").open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    return
                row = open_sealed(keys, _row_name(crawl_id, number), base64.b64decode(line))
                yield {**row, "number": number}
    except (OSError, ValueError, SealedError) as problem:
        raise ProfileError(f"What crawl {crawl_id} has kept apart, in {folder}: {problem}.") from problem


def _key_name(crawl_id: str) -> str:
    return f"key of crawl {crawl_id}"


def _row_name(crawl_id: str, number: int) -> str:
    return f"row {number} of crawl {crawl_id}"
