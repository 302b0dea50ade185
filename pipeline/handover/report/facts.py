"""Everything that a report needs to know of one exhibit: frozen values without markup and without language.

Texts of the source stand as the source wrote them; whoever writes them out escapes them. No name of a person of
the archive, no case and no reason of a collection is in here: what a recipient may read of these is opened one by
one (`storage.ledger.crawl_facts`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.handover.exhibit_status import SubjectStatus
from pipeline.handover.selection import CaptureRole, ExhibitKind
from storage.ledger.received_files import is_received_file


@dataclass(frozen=True, slots=True)
class NamedText:
    """A field of a record with the source's words, by the name that programs know it under."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class NamedValue:
    """A field of our reading by the same name; the value is as in JSON, for whichever language writes it out."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class ReportPicture:
    """A picture of our own making, as JPEG; ``screenshot_at`` is when the collector made it, None of a file."""

    jpeg: bytes
    capture_id: str
    screenshot_at: datetime | None


@dataclass(frozen=True, slots=True)
class ObservedExchange:
    """One capture as it was observed. ``tls``: protocol, cipher and problem; None: not encrypted or not known.

    ``encrypted`` is None where nothing is known of the connection.
    """

    capture_id: str
    url: str
    captured_at: datetime
    record_type: str
    status: int | None
    media_type: str | None
    peer_address: str | None
    first_byte_at: str | None
    ended_at: str | None
    encrypted: bool | None
    tls: tuple[str, str, str | None] | None
    outcome: str | None
    outcome_reason: str | None
    source_id: str
    crawl_id: str
    software: str | None
    origin: str | None = None
    """Of the deposit: ``crawl``, ``import`` or ``received``; None where it is not known."""
    by_browser: bool = False
    """Taken in direct mode: the bytes are as the browser decoded them."""

    @property
    def failed(self) -> bool:
        """Whether no server answered."""
        return self.record_type == "metadata"

    @property
    def is_brought(self) -> bool:
        """Whether a person brought these very bytes, so that nothing of it was observed."""
        return is_received_file(self.url, self.capture_id, self.origin)


@dataclass(frozen=True, slots=True)
class ClockStatement:
    """What custody says of the collecting machine's clock; neither offset nor reason: nothing."""

    source: str | None
    offset_s: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class FileCustody:
    """How the WARC file of a capture was kept. ``copied_at`` is None where no copy is confirmed.

    ``received``: a person brought it, which makes it an import as well.
    ``second_store``: whether one is configured. ``outside_times``: authority and time of each token.
    """

    warc_key: str
    sha256: str
    length_bytes: int
    deposited_at: datetime
    seq: int
    locked_until: datetime | None
    second_store: bool
    copied_at: datetime | None
    imported: bool
    received: bool
    signed: bool
    recovered: bool
    outside_times: tuple[tuple[str, datetime], ...]


@dataclass(frozen=True, slots=True)
class RecordCheck:
    """What came of reading the record again: ``problem`` where it is not as it was; ``too_large``: not read."""

    agrees: bool
    too_large: bool = False
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class CaptureBeside:
    """A capture that goes along with an exhibit."""

    role: CaptureRole
    capture_id: str
    url: str
    captured_at: datetime
    outcome: str | None
    outcome_reason: str | None


@dataclass(frozen=True, slots=True)
class RedactionFacts:
    """A redacted copy that goes in place of its original; ``steps`` count what is covered, by its kind."""

    copy_id: str
    original_id: str
    original_digest: str
    made_at: datetime
    tool: str
    seq: int
    steps: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ExhibitFacts:
    """One exhibit. ``observed`` and what follows from it are None where its own capture is not there.

    ``wording`` is the source's, ``reading`` ours, ``parsers`` the versions that read it; ``wording_cut``: the text
    goes on. ``completeness`` is the row of `access.views.completeness`. ``media``: digests.
    ``statuses``: what analysts had found out.
    """

    number: str
    kind: ExhibitKind
    subject_id: str
    title: str
    wording: tuple[NamedText, ...]
    wording_cut: bool
    reading: tuple[NamedValue, ...]
    parsers: tuple[str, ...]
    picture: ReportPicture | None
    observed: ObservedExchange | None
    clock: ClockStatement
    custody: FileCustody | None
    check: RecordCheck | None
    completeness: Mapping[str, Any] | None
    block_digest: str | None
    payload_digest: str | None
    media: tuple[str, ...]
    beside: tuple[CaptureBeside, ...]
    statuses: tuple[SubjectStatus, ...] = ()
    redactions: tuple[RedactionFacts, ...] = ()
    is_covered: bool = False
    """Whether something of the exhibit is covered; then ``packed`` says whether any bytes of it go along."""
    packed: bool = True

    @property
    def files(self) -> tuple[str, str]:
        """Where the package has its evidence and its records."""
        return f"data/evidence/{self.number}.wacz", f"data/records/{self.number}.json"
