"""The desk of a running installation behind the page for files that people bring.

In: an uploaded file with what the person says of it. Out: the row of its receipt. Raises `FileNotReceivedError`
and the errors of `storage`. Fingerprints of media follow with the next run of the DAG `process`.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from access.receiving_desk import RoomLacking, SentFile
from access.views.received import received_row
from pipeline.collect.received_statement import BroughtFile, OriginStatement
from pipeline.collect.receiving import receive_file, room_lacking
from pipeline.config.settings import Settings
from storage.access_labels import Viewer
from storage.archive import Archive
from storage.private_folder import closed_folder


class FilesDesk:
    """Takes files in for the installation that ``load`` gives the settings of."""

    def __init__(self, load: Callable[[], Settings]) -> None:
        self._load = load

    def limit_bytes(self) -> int:
        """As `access.receiving_desk.ReceivingDesk` has it."""
        return self._load().receive_limit_mb << 20

    def upload_dir(self) -> Path:
        """As `access.receiving_desk.ReceivingDesk` has it."""
        return closed_folder(self._load().receiving_dir)

    def room_lacking(self, length_bytes: int) -> RoomLacking | None:
        """As `access.receiving_desk.ReceivingDesk` has it."""
        return room_lacking(self._load(), length_bytes, uploaded=False)

    def receive(self, archive: Archive, sent: SentFile, viewer: Viewer) -> Mapping[str, Any]:
        """As `access.receiving_desk.ReceivingDesk` has it."""
        brought = BroughtFile(sent.file, sent.name, sent.declared_type)
        stated = OriginStatement(sent.received_raw, sent.from_raw, sent.origin_raw, sent.note, sent.case)
        receipt = receive_file(archive, self._load(), brought, stated, person=viewer)
        return received_row(receipt.received, viewer, shown_as=receipt.received.capture_id)
