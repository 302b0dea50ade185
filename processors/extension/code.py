"""The code of an extension as one archive of fixed bytes, and the names by which the watch-list calls its classes.

In: the files of an extension. Out: `ExtensionCode`: a tar archive that is the same wherever it is packed, and its
sha256. Raises `ExtensionFault` for what is no extension. Reads and runs nothing.
"""

import io
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from processors.digest import Digest, sha256

MOST_FILES: Final = 200
LARGEST_BYTES: Final = 4 << 20
"""Of an archive: code and the tables it looks up, no collection of pages."""

SHORT_DIGITS: Final = 16

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_PATH: Final = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,60}/){0,5}[A-Za-z0-9_][A-Za-z0-9_.-]{0,60}")
_LONGEST_PATH: Final = 99
"""Characters that the header of a tar archive takes."""


class ExtensionFault(Exception):
    """An extension cannot be used; whoever keeps it mends what the message names."""


@dataclass(frozen=True, slots=True)
class ClassReference:
    """A class as the watch-list names it: ``extension.module:Class``; ``module`` may have several parts."""

    extension: str
    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.extension}.{self.module}:{self.name}"


def parse_reference(text: str) -> ClassReference:
    """The class that a text names; raises ``ValueError`` with what was expected."""
    dotted, _, name = text.partition(":")
    extension, *module = dotted.split(".")
    sound = NAME.fullmatch(extension) and module and all(NAME.fullmatch(part) for part in module)
    if not sound or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,79}", name):
        raise ValueError(
            f"{text!r} names no class of an extension: expected extension.module:Class, as in "
            "courts.parser:CourtList"
        )
    return ClassReference(extension, ".".join(module), name)


@dataclass(frozen=True)
class ExtensionCode:
    """An extension: its name and its archive."""

    name: str
    archive: bytes

    @cached_property
    def digest(self) -> Digest:
        """The sha256 of the archive."""
        return sha256(self.archive)

    @property
    def short_digest(self) -> str:
        """The first digits of it, as parser versions name it."""
        return self.digest.value.hex()[:SHORT_DIGITS]

    @cached_property
    def files(self) -> Mapping[str, bytes]:
        """Content by path below the extension's folder."""
        return _unpacked(self.name, self.archive)


def pack(name: str, files: Mapping[str, bytes]) -> ExtensionCode:
    """The extension of these files, by their paths below its folder (with ``/``)."""
    if not NAME.fullmatch(name):
        raise ExtensionFault(f"extension {name!r}: expected a name of a-z, 0-9 and _, a letter first, at most 40")
    if not any(path.endswith(".py") for path in files):
        raise ExtensionFault(f"extension {name}: expected a file with Python code, found {len(files)} files")
    if len(files) > MOST_FILES:
        raise ExtensionFault(f"extension {name}: expected at most {MOST_FILES} files, found {len(files)}")
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(files):
            stored = f"{name}/{path}"
            if not _PATH.fullmatch(path) or len(stored) > _LONGEST_PATH:
                raise ExtensionFault(
                    f"extension {name}: {path!r}: expected a path of letters, digits, '.', '_' and '-', at most 6 "
                    f"deep and {_LONGEST_PATH} long"
                )
            entry = tarfile.TarInfo(stored)  # its time, owner and group are 0, its mode 0644
            entry.size = len(files[path])
            archive.addfile(entry, io.BytesIO(files[path]))
    if output.tell() > LARGEST_BYTES:
        raise ExtensionFault(f"extension {name}: expected at most {LARGEST_BYTES} bytes, found {output.tell()}")
    return ExtensionCode(name, output.getvalue())


def _unpacked(name: str, content: bytes) -> dict[str, bytes]:
    """The files of an archive that `pack` made; raises `ExtensionFault` for any other."""
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:") as archive:
            for entry in archive:
                folder, _, path = entry.name.partition("/")
                file = archive.extractfile(entry) if entry.isreg() else None
                if folder != name or file is None or not _PATH.fullmatch(path) or len(files) == MOST_FILES:
                    raise ExtensionFault(
                        f"extension {name}: its archive holds {entry.name!r}, which is no file of it"
                    )
                files[path] = file.read()
    except tarfile.TarError as damage:
        raise ExtensionFault(f"extension {name}: its archive cannot be read: {damage}") from damage
    return files
