"""What the page for files that people bring needs: whoever mounts it brings a desk that takes a file in.

In: an open file, what the person says of it, whom it is for. Out: a row of kind ``received_file`` (architecture,
section 7). The desk of a running installation is `pipeline.collect.receiving_desk`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from storage.access_labels import Viewer
from storage.archive import Archive


@dataclass(frozen=True, slots=True)
class SentFile:
    """An uploaded file that seeks, and what the form says of it; ``case`` makes it confidential to its members."""

    file: BinaryIO
    name: str
    declared_type: str | None
    received_raw: str
    from_raw: str
    origin_raw: str
    note: str | None
    case: str | None


@dataclass(frozen=True, slots=True)
class RoomLacking:
    """How many bytes an upload needs free on the disk of the server, and how many there are."""

    needed_bytes: int
    free_bytes: int


class ReceivingDesk(Protocol):
    """Takes files in. Refusals are `storage.errors.StorageError`s."""

    def limit_bytes(self) -> int:
        """How many bytes a file may have."""

    def upload_dir(self) -> Path:
        """The folder in which an upload lies until it is whole."""

    def room_lacking(self, length_bytes: int) -> RoomLacking | None:
        """What the disk lacks for an upload of so many bytes that is still to come; None where there is room."""

    def receive(self, archive: Archive, sent: SentFile, viewer: Viewer) -> Mapping[str, Any]:
        """Deposit the file in the viewer's name: the row of its receipt."""
