"""The format of a file by PRONOM, by a process that a hostile file may kill but not leave.

In: the bytes of a file. Out: `FormatReading`. The bytes alone are looked at, no name and nothing that a server
declared. The signatures are those that the library Siegfried brings along; ``signatures`` names their version,
since a later one may know more. Raises ``DecoderUnavailable`` alone.

Source: PRONOM, https://www.nationalarchives.gov.uk/PRONOM.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, Final, Self

from processors.sandbox.content_worker import ContentWorker
from processors.sandbox.process import SandboxDied

SECONDS: Final = 20.0
MEMORY_BYTES: Final = 4 << 30
"""Address space: the library's runtime reserves about 2 GB of it (measured with 2.2.0), and uses 30 MB."""
NO_SIGNATURE: Final = "no signature of PRONOM fits its bytes"
EMPTY: Final = "it has no bytes"


@dataclass(frozen=True, slots=True)
class FileFormat:
    """One format: ``pronom_id`` such as ``fmt/43``; ``basis`` says at which bytes the signature was found."""

    pronom_id: str
    name: str
    version: str | None
    media_type: str | None
    basis: str


@dataclass(frozen=True, slots=True)
class FormatReading:
    """Every format whose signature fits; where there is none, ``reason`` says why.

    ``signatures`` names the version of the signatures; None where nothing was compared with them.
    """

    formats: tuple[FileFormat, ...]
    reason: str | None
    signatures: str | None

    def to_json(self) -> dict[str, Any]:
        """The same, ready for JSON."""
        return {**asdict(self), "formats": [asdict(each) for each in self.formats]}


class FormatIdentifier:
    """A context manager, for any number of files, one after another; its process starts when first needed."""

    def __init__(self) -> None:
        self._worker: ContentWorker | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def identify(self, content: bytes) -> FormatReading:
        """Read one file; raises only ``DecoderUnavailable``."""
        if not content:
            return FormatReading((), EMPTY, None)
        if self._worker is None:
            self._worker = ContentWorker(
                "processors.formats.format_worker", {"memory_bytes": MEMORY_BYTES, "seconds": SECONDS}, SECONDS
            )
        try:
            return _read(json.loads(self._worker.ask(content)))
        except (SandboxDied, ValueError, TypeError, KeyError) as problem:
            self._end()
            return FormatReading((), str(problem), None)

    def _end(self) -> None:
        if self._worker is not None:
            self._worker.end()
            self._worker = None


def _read(answer: Mapping[str, Any]) -> FormatReading:
    """Raises ``ValueError``, ``TypeError`` or ``KeyError`` for what no worker of ours answers."""
    problem, signatures = answer["problem"], answer["signatures"]
    if type(signatures) is not str or not isinstance(problem, str | None):
        raise TypeError("format: expected the version of the signatures, and a problem or null")
    found = tuple(_format(each) for each in answer["matches"])
    reason = problem or (None if found else NO_SIGNATURE)
    return FormatReading(found, reason, signatures)


def _format(match: Mapping[str, Any]) -> FileFormat:
    values = [match[key] for key in ("id", "format", "version", "mime", "basis")]
    if any(type(each) is not str for each in values):
        raise TypeError("format: expected text alone")
    pronom_id, name, version, media_type, basis = values
    return FileFormat(pronom_id, name, version or None, media_type or None, basis)
