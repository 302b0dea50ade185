"""The sealing keys: what opens the values behind the commitments of custody, kept outside store and database.

In: a file for its owner alone, one key a line (``aes256-gcm:<64 hex>``), the newest last; lines that are empty or
begin with ``#`` are remarks. New objects are sealed with the newest key; the older ones stay to open older
objects. A key is known by an id made of it, which each sealed object names. Out: `SealingKeys`. Raises
`SealingKeysError`.
"""

import hashlib
import os
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from storage.errors import StorageError
from storage.private_file import NotPrivateError, make_private_file, read_private_file

KEY_BYTES: Final = 32
ALGORITHM: Final = "aes256-gcm"
LARGEST_BYTES: Final = 1 << 20
_LINE: Final = re.compile(f"{ALGORITHM}:([0-9a-f]{{{2 * KEY_BYTES}}})")

HEADER: Final = """\
# Sealing keys of a Letapis archive, the newest last. They open who did what, why and for which case; without them
# that is lost. Keep a copy where neither the object store nor the database is. Never remove a line.
"""


class SealingKeysError(StorageError):
    """The file of sealing keys cannot be used, or there is none; the operator mends or names it."""

    def __init__(self, place: Path, expected: str, found: str) -> None:
        super().__init__(
            f"Sealing keys {place}: expected {expected}, found {found}. Nothing was written. See "
            'docs/production.md, "Sealing keys"; the setting is LETAPIS_SEALING_KEYS.'
        )
        self.place = place
        self.expected = expected
        self.found = found


class NoSealingKeysError(StorageError):
    """An entry was to be appended where no sealing keys are; the operator names the file."""

    def __init__(self) -> None:
        super().__init__(
            "No sealing keys are here, so nothing can be entered into custody. Nothing was written. Name the file "
            "of keys of this archive (LETAPIS_SEALING_KEYS); `letapis prepare` makes one for a new archive."
        )


@dataclass(frozen=True, slots=True)
class SealingKeys:
    """Keys of 32 bytes each, the newest last; at least one."""

    keys: tuple[bytes, ...] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.keys or any(len(key) != KEY_BYTES for key in self.keys):
            raise ValueError(f"sealing keys: expected at least one key of {KEY_BYTES} bytes each")

    @property
    def newest(self) -> bytes:
        """The key by which new objects are sealed."""
        return self.keys[-1]

    def by_id(self, key_id: str) -> bytes | None:
        """The key with this id; None where it is not among these."""
        return next((key for key in self.keys if id_of_key(key) == key_id), None)


def id_of_key(key: bytes) -> str:
    """Sixteen hexadecimal digits that name a key and disclose nothing of it."""
    return hashlib.sha256(b"letapis/sealing-key/1\n" + key).hexdigest()[:16]


def new_keys() -> SealingKeys:
    """One fresh key."""
    return SealingKeys((secrets.token_bytes(KEY_BYTES),))


def read_keys(place: Path) -> SealingKeys:
    """The keys of a file; raises `SealingKeysError`, also where others may read it."""
    try:
        content = read_private_file(place, LARGEST_BYTES + 1)
    except NotPrivateError as problem:
        raise SealingKeysError(place, problem.expected, problem.found) from problem
    try:
        return parse_keys(content)
    except ValueError as problem:
        raise SealingKeysError(place, *str(problem).split(", found ", 1)) from problem


def parse_keys(content: bytes) -> SealingKeys:
    """The keys in the bytes of a file; raises ``ValueError`` that shows no key."""
    expected = f"lines {ALGORITHM}:<{2 * KEY_BYTES} hexadecimal digits>"
    if len(content) > LARGEST_BYTES:
        raise ValueError(f"{expected}, found more than {LARGEST_BYTES} bytes")
    keys: list[bytes] = []
    for number, line in enumerate(content.decode("utf-8", errors="replace").splitlines(), start=1):
        wanted = line.strip()
        if not wanted or wanted.startswith("#"):
            continue
        match = _LINE.fullmatch(wanted)
        if match is None:
            raise ValueError(f"{expected}, found another line {number}")
        keys.append(bytes.fromhex(match[1]))
    if not keys:
        raise ValueError(f"{expected}, found none")
    return SealingKeys(tuple(keys))


def make_keys(place: Path) -> SealingKeys:
    """A new file with one fresh key, in a folder for its owner alone; a file that is there is left as it is."""
    keys = new_keys()
    try:
        make_private_file(place, (HEADER + _line_of(keys.newest)).encode())
    except FileExistsError:
        return read_keys(place)
    return keys


def add_key(place: Path) -> SealingKeys:
    """Append a fresh key, by which everything is sealed from then on; raises `SealingKeysError`."""
    before = read_keys(place)
    key = secrets.token_bytes(KEY_BYTES)
    with place.open("a", encoding="utf-8") as file:
        if not place.read_bytes().endswith(b"\n"):
            file.write("\n")
        file.write(_line_of(key))
        file.flush()
        os.fsync(file.fileno())
    return SealingKeys((*before.keys, key))


def _line_of(key: bytes) -> str:
    return f"# {id_of_key(key)}, made on {datetime.now(UTC):%Y-%m-%d}\n{ALGORITHM}:{key.hex()}\n"
