"""The load file: one line of CSV per exhibit, as review systems take it, safe against formulas.

In: exhibits, what was read and written of them. Out: bytes of ``data/records/load-file.csv``. Several values of
one cell are separated by a semicolon and a space. A cell that a spreadsheet would compute begins with an
apostrophe (`access.rendering.csv_export`); `exhibit_json` has the values as they are.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from access.rendering.csv_export import csv_lines
from pipeline.handover.exhibit_content import ExhibitContent
from pipeline.handover.exhibit_status import SubjectStatus
from pipeline.handover.exhibit_wacz import WrittenWacz
from pipeline.handover.media_formats import MediumFormat
from pipeline.handover.plain_json import iso_seconds
from storage.catalogue.records import RecordSighting

COLUMNS: Final = (
    "exhibit",
    "kind",
    "title",
    "source",
    "address",
    "first_captured_at",
    "last_captured_at",
    "published_at",
    "published_raw",
    "captures",
    "subject_sha256",
    "media_sha256",
    "language",
    "file",
    "file_bytes",
    "file_sha256",
    "verification",
    "verified_place",
    "verified_time",
    "verification_method",
)
DATED: Final = (("published_at", "published_raw"), ("starts_at", "starts_raw"))
"""Our reading of when a record says that it was, and the source's wording."""


@dataclass(frozen=True, slots=True)
class LoadedExhibit:
    """One exhibit as the tables of a package have it; ``formats`` are those of its media, by sha256."""

    content: ExhibitContent
    sightings: tuple[RecordSighting, ...]
    wacz: WrittenWacz | None
    """None where all bytes of the exhibit stay out, since something of each is covered."""
    formats: Mapping[str, MediumFormat]
    statuses: tuple[SubjectStatus, ...] = ()


def load_file(exhibits: Iterable[LoadedExhibit]) -> bytes:
    """The whole file."""
    return b"".join(csv_lines((_line(each) for each in exhibits), COLUMNS))


def _line(loaded: LoadedExhibit) -> dict[str, Any]:
    content, exhibit = loaded.content, loaded.content.exhibit
    subjects, observed, wacz = content.subjects, content.observed, loaded.wacz
    times = sorted(each.captured_at for each in observed)
    at, raw = _dated(loaded.sightings)
    return {
        "exhibit": exhibit.number,
        "kind": exhibit.kind.value,
        "title": exhibit.title,
        "source": _several(each.source_id for each in observed),
        "address": _several(each.address for each in observed),
        "first_captured_at": iso_seconds(times[0]),
        "last_captured_at": iso_seconds(times[-1]),
        "published_at": at,
        "published_raw": raw,
        "captures": str(len(content.captures)),
        "subject_sha256": _several(str(each.payload_digest or each.block_digest) for each in subjects),
        "media_sha256": _several(exhibit.media),
        "language": _several(_languages(loaded.sightings)),
        "file": "" if wacz is None else f"data/evidence/{wacz.path.name}",
        "file_bytes": "" if wacz is None else str(wacz.length_bytes),
        "file_sha256": "" if wacz is None else wacz.sha256.hex,
        "verification": _several(str(each.status) for each in loaded.statuses),
        "verified_place": _several(each.place for each in loaded.statuses if each.place),
        "verified_time": _several(each.happened for each in loaded.statuses if each.happened),
        "verification_method": _several(each.method for each in loaded.statuses if each.method),
    }


def _several(values: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(values))


def _languages(sightings: Iterable[RecordSighting]) -> Iterator[str]:
    return (each.content["language"] for each in sightings if isinstance(each.content.get("language"), str))


def _dated(sightings: Iterable[RecordSighting]) -> tuple[str, str]:
    """The newest sighting that says when; empty where none does."""
    for each in reversed([*sightings]):
        for at, raw in DATED:
            if each.content.get(at) or each.content.get(raw):
                return str(each.content.get(at) or ""), str(each.content.get(raw) or "")
    return "", ""
