"""A folder as one ZIP in parts of a chosen size, which `cat` or any tool that knows ``.zip.001`` joins again.

In: a folder, a path that ends in ``.zip``, the bytes of a part. Out: `WrittenPart`s ``<name>.zip.001`` and so on:
plain cuts of one ZIP whose files are stored as they are. The same folder and time give the same parts. Raises
``OSError``. Source: PKWARE APPNOTE.TXT 6.3.10 (ZIP64).
"""

import io
import os
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Final

from pipeline.handover.bag import files_of_bag
from pipeline.handover.exhibit_wacz import digest_of_file, zip_member
from processors.digest import Digest

PIECE_BYTES: Final = 1 << 20
SMALLEST_PART_BYTES: Final = 1 << 16
MOST_PARTS: Final = 999


@dataclass(frozen=True, slots=True)
class WrittenPart:
    """One part, and the digest of its bytes as the disk gives them back."""

    path: Path
    length_bytes: int
    sha256: Digest


def write_zip_parts(
    folder: Path, path: Path, *, part_bytes: int, root: str, at: datetime, on_bytes: Callable[[int], None]
) -> tuple[WrittenPart, ...]:
    """Write the parts; ``root`` is the name of the folder inside."""
    parts = PartsFile(path, part_bytes)
    written = 0
    try:
        with zipfile.ZipFile(parts, "w", zipfile.ZIP_STORED) as whole:
            for file in files_of_bag(folder):
                member = zip_member(f"{root}/{file.relative_to(folder).as_posix()}", at)
                member.file_size = file.stat().st_size
                with file.open("rb") as source, whole.open(member, "w") as out:
                    shutil.copyfileobj(source, out, PIECE_BYTES)
                written += member.file_size
                on_bytes(written)
    finally:
        parts.close()
    return tuple(WrittenPart(each, *digest_of_file(each)) for each in parts.paths)


def parts_text(parts: tuple[WrittenPart, ...]) -> bytes:
    """A list for `sha256sum --check`."""
    return "".join(f"{each.sha256.hex}  {each.path.name}\n" for each in parts).encode()


class PartsFile(io.RawIOBase):
    """A file to write and seek in, which lies on the disk as parts of ``part_bytes`` each."""

    def __init__(self, path: Path, part_bytes: int) -> None:
        if part_bytes < SMALLEST_PART_BYTES:
            raise ValueError(f"parts: expected at least {SMALLEST_PART_BYTES} bytes each, found {part_bytes}")
        self._path = path
        self._part_bytes = part_bytes
        self._files: list[IO[bytes]] = []
        self._at = 0
        self._end = 0

    @property
    def paths(self) -> tuple[Path, ...]:
        """The parts so far, in order."""
        return tuple(_part(self._path, number) for number in range(len(self._files)))

    def seekable(self) -> bool:
        """Yes: the head of a member is written again once its digest is known."""
        return True

    def writable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Bytes before the place of the next write."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a place from the beginning, from here or from the end."""
        self._at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._end}[whence]
        return self._at

    def write(self, content: Any, /) -> int:
        """Write over what is there, and go on in the next part where one is full."""
        left = memoryview(content).cast("B")
        length = len(left)
        while left:
            number, offset = divmod(self._at, self._part_bytes)
            if number == len(self._files):
                self._files.append(_part(self._path, number).open("xb"))
            file = self._files[number]
            piece = left[: self._part_bytes - offset]
            file.seek(offset)
            file.write(piece)
            self._at += len(piece)
            left = left[len(piece) :]
        self._end = max(self._end, self._at)
        return length

    def close(self) -> None:
        """Return when the parts are on the disk."""
        if not self.closed:
            for file in self._files:
                with file:
                    file.flush()
                    os.fsync(file.fileno())
        super().close()


def _part(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number + 1:03d}")
