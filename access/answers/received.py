"""Answers about files that people brought."""

from typing import Literal

from pydantic import Field

from access.answers.model import Answer, DigestText, Rows, Timestamp


class ReceivedFileRow(Answer):
    """One receipt of a file that a person brought. Nothing of it was observed by the collector."""

    kind: Literal["received_file"] = "received_file"
    custody_seq: int
    """The entry of custody that says so."""
    first_seq: int | None
    """The entry of the first receipt of the same bytes; null: this is the first."""
    at: Timestamp
    actor: str | None
    """Who brought the file into the archive; null where no key opens that."""
    received_raw: str | None = Field(examples=["2026-11-20"])
    """When that person received it, as they wrote it."""
    from_raw: str | None
    """From whom, in their words; null where the user may not read that, or no key opens it."""
    origin_raw: str | None
    """Where it comes from, in their words."""
    note: str | None
    """What they added."""
    file_name: str | None
    """The name that the file had."""
    names_withheld: bool
    """Whether `from_raw`, `note` and `file_name` are kept from the user."""
    confidential: bool
    """Whether only members of a case see the file."""
    sha256: DigestText
    length_bytes: int
    media_type: str | None
    """What the bytes are; null: they do not say."""
    declared_type: str | None
    """What the file was called by its name or by the browser."""
    warc_key: str
    """The WARC file in the store that holds it; of a WARC or WACZ file, the file itself."""
    capture_id: str | None
    """The capture that holds the bytes; null of a WARC or WACZ file."""
    shown_as: str | None
    """The capture on whose page it is shown."""
    remark: str | None
    """Why a file was kept without being opened as what it seems to be."""


class ReceivedFileRows(Rows):
    """Receipts, the newest first."""

    rows: list[ReceivedFileRow]
