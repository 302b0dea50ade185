"""What a court's list says: the record of a hearing. Reading is in `processors.court_list.page`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from processors.records.name_reading import NameReading
from processors.records.official import Official
from processors.records.struck import Struck


@dataclass(frozen=True, slots=True, kw_only=True)
class CourtDocument:
    """A decision or other paper the row links to."""

    url: str
    title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """One row of a court list.

    ``starts_at`` is aware UTC, read in the time zone of the layout or court; None where the day, or the zone of a
    time, is not known (``Reading.remarks`` says why). A day without a time is its midnight, in UTC where the zone
    is not known: ``starts_raw`` shows it. ``extra`` holds every column that no field fits, under its
    own heading.
    """

    kind: Literal["hearing"] = "hearing"
    url: str
    court: str | None = None
    room: str | None = None
    judge: str | None = None
    panel: tuple[str, ...] = ()
    prosecutor_raw: str | None = None
    clerk_raw: str | None = None
    instance_raw: str | None = None
    case_number: str | None = None
    parties_raw: str | None = None
    charges_raw: str | None = None
    article_codes: tuple[str, ...] = ()
    hearing_kind: str | None = None
    starts_at: datetime | None = None
    starts_raw: str | None = None
    status_raw: str | None = None
    verdict_raw: str | None = None
    sentence_raw: str | None = None
    documents: tuple[CourtDocument, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)
    officials: tuple[Official, ...] = ()
    struck: tuple[Struck, ...] = ()
    remarks: tuple[str, ...] = ()
    names: tuple[NameReading, ...] = ()
