"""What the pages that cover evidence need: whoever mounts them brings a desk that draws, covers and keeps.

In: names of captures and records, steps as `processors.redaction.steps` reads them, whom it is for. Out: what can
be covered of a thing, pictures, redacted copies, rows of kind ``redaction`` (architecture, section 7). The desk of
a running installation is `pipeline.handover.redaction.desk`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from storage.access_labels import Viewer
from storage.archive import Archive


@dataclass(frozen=True, slots=True)
class Coverable:
    """A capture with pages of pictures, or with a stretch of pictures or sound; ``pages`` is 0 of the latter."""

    capture_id: str
    url: str
    media_type: str
    pages: int
    is_video: bool


@dataclass(frozen=True, slots=True)
class DraftedCopy:
    """A redacted copy that nobody keeps yet: its bytes and their type."""

    content: bytes
    media_type: str


class RedactionDesk(Protocol):
    """Draws, covers, keeps. Refusals are `storage.errors.StorageError`s, or a `RedactionStepsError`."""

    def coverable(self, archive: Archive, capture_id: str, viewer: Viewer) -> Coverable | None:
        """What can be covered of a capture; None where the viewer has none of this name."""

    def page(
        self, archive: Archive, capture_id: str, number: int, steps: Mapping[str, Any] | None, viewer: Viewer
    ) -> bytes:
        """One page as PNG, with the regions of the steps covered."""

    def draft(self, archive: Archive, name: str, steps: Mapping[str, Any], viewer: Viewer) -> DraftedCopy:
        """The redacted copy of a capture or record; nothing is kept."""

    def keep(self, archive: Archive, name: str, steps: Mapping[str, Any], viewer: Viewer) -> Mapping[str, Any]:
        """Make the copy and keep it under lock: its row."""

    def copies(self, archive: Archive, original: str | None, viewer: Viewer) -> Sequence[Mapping[str, Any]]:
        """The copies, of one original or of all, that the viewer may see, the newest first."""
