"""The formats of an exhibit's media by PRONOM, so that whoever keeps a package knows what opens them.

In: an exhibit, an identifier. Out: for the sha256 of each medium a `MediumFormat`. Media are read from the
captures that go along, one after another, each in memory up to ``BLOCK_LIMIT_BYTES``.
"""

from dataclasses import dataclass
from typing import Any, Final

from access.views.safe_images import payload_of
from pipeline.handover.exhibit_content import ExhibitContent
from processors.formats.file_format import FormatIdentifier, FormatReading
from storage.archive import Archive
from storage.deposit.record_reader import BLOCK_LIMIT_BYTES

NOT_READ: Final = f"its bytes do not go along, or are more than {BLOCK_LIMIT_BYTES >> 20} MB"


@dataclass(frozen=True, slots=True)
class MediumFormat:
    """What was read of one medium; ``length_bytes`` is None where its bytes were not."""

    reading: FormatReading
    length_bytes: int | None

    def to_json(self) -> dict[str, Any]:
        """The same, ready for JSON."""
        return {**self.reading.to_json(), "length_bytes": self.length_bytes}


def formats_of_media(
    archive: Archive, content: ExhibitContent, identifier: FormatIdentifier
) -> dict[str, MediumFormat]:
    """For each medium, in the exhibit's order."""
    return {medium: _format(archive, content, medium, identifier) for medium in content.exhibit.media}


def _format(archive: Archive, content: ExhibitContent, medium: str, identifier: FormatIdentifier) -> MediumFormat:
    for each in content.captures:
        if str(each.capture.payload_digest) == medium:
            payload = payload_of(archive, each.capture, BLOCK_LIMIT_BYTES)
            if payload is not None:
                return MediumFormat(identifier.identify(payload), len(payload))
    return MediumFormat(FormatReading((), NOT_READ, None), None)
