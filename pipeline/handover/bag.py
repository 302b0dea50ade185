"""Makes a folder a bag: manifests over every file, and the tag files that name it.

In: a folder whose ``data`` is filled, fields of ``bag-info.txt``. Out: `Bagged`, and in the folder ``bagit.txt``,
``bag-info.txt``, manifests and tag manifests with sha256 and sha512. Each file is read back from the disk once,
for both digests. Raises ``OSError``. Source: BagIt 1.0 (RFC 8493).
"""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from processors.digest import Digest

DECLARATION: Final = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
ALGORITHMS: Final = ("sha256", "sha512")
PAYLOAD: Final = "data"
PIECE_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Bagged:
    """How many files and bytes the payload has; ``digest`` is that of ``tagmanifest-sha256.txt``, and covers
    all."""

    files: int
    length_bytes: int
    digest: Digest


def make_bag(folder: Path, info: Iterable[tuple[str, str]], on_bytes: Callable[[int], None]) -> Bagged:
    """Write the tag files; ``on_bytes`` is called with how many bytes of the payload have been read so far."""
    lines: dict[str, list[str]] = {algorithm: [] for algorithm in ALGORITHMS}
    files = length = 0
    for path in _files(folder / PAYLOAD):
        name = path.relative_to(folder).as_posix()
        size, digests = _digests(path)
        for algorithm, digest in digests.items():
            lines[algorithm].append(f"{digest}  {_escaped(name)}\n")
        files, length = files + 1, length + size
        on_bytes(length)
    tags = {
        "bagit.txt": DECLARATION,
        "bag-info.txt": _info((*info, ("Payload-Oxum", f"{length}.{files}"))),
        **{f"manifest-{algorithm}.txt": "".join(lines[algorithm]).encode() for algorithm in ALGORITHMS},
    }
    tag_manifests = {
        f"tagmanifest-{algorithm}.txt": "".join(
            f"{hashlib.new(algorithm, tags[name]).hexdigest()}  {name}\n" for name in sorted(tags)
        ).encode()
        for algorithm in ALGORITHMS
    }
    for name, content in (tags | tag_manifests).items():
        (folder / name).write_bytes(content)
    whole = hashlib.sha256(tag_manifests["tagmanifest-sha256.txt"])
    return Bagged(files, length, Digest("sha256", whole.digest()))


def sync_tree(folder: Path) -> None:
    """Return when every file and folder is on the disk."""
    for path in (*_files(folder), *(each for each in folder.rglob("*") if each.is_dir()), folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def files_of_bag(folder: Path) -> tuple[Path, ...]:
    """Every file, by name."""
    return tuple(_files(folder))


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted((each for each in folder.rglob("*") if each.is_file()), key=lambda each: each.as_posix())


def _digests(path: Path) -> tuple[int, dict[str, str]]:
    running = {algorithm: hashlib.new(algorithm) for algorithm in ALGORITHMS}
    length = 0
    with path.open("rb") as file:
        while piece := file.read(PIECE_BYTES):
            length += len(piece)
            for each in running.values():
                each.update(piece)
    return length, {algorithm: each.hexdigest() for algorithm, each in running.items()}


def _escaped(name: str) -> str:
    """Section 2.1.3: line ends and the percent sign itself."""
    return name.replace("%", "%25").replace("\n", "%0A").replace("\r", "%0D")


def _info(fields: Iterable[tuple[str, str]]) -> bytes:
    return "".join(f"{name}: {' '.join(value.split())}\n" for name, value in fields).encode()
