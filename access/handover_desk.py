"""What the page Hand over needs: whoever mounts it brings a desk that chooses and freezes.

In: a `HandoverForm` of a viewer. Out: rows of kinds that architecture, section 7, names, or the bytes of a frozen
selection, of which a package is built. The desk of a running installation is
`pipeline.handover.desk`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Protocol

from storage.access_labels import Viewer
from storage.archive import Archive

LEVELS: Final = ("court", "prosecutor", "partner", "public")
"""From the one that is shown the most."""


@dataclass(frozen=True, slots=True)
class HandoverForm:
    """What is chosen, and for whom: ``ids`` stand one a line; an empty text is nothing."""

    text: str = ""
    source: str = ""
    since: date | None = None
    until: date | None = None
    case: str = ""
    ids: str = ""
    supplement_of: str = ""
    context: bool = True
    recipient: str = ""
    level: str = ""
    request: str = ""
    language: str = "en"

    @property
    def chooses(self) -> bool:
        """Whether it names anything."""
        return bool(
            self.text or self.source or self.since or self.until or self.case or self.ids or self.supplement_of
        )


@dataclass(frozen=True, slots=True)
class FrozenFile:
    """A frozen selection as a file to keep, and the package that is built of it."""

    name: str
    content: bytes


class HandoverDesk(Protocol):
    """Chooses, freezes, and knows what was handed over. Refusals are `storage.errors.StorageError`s."""

    def preview(self, archive: Archive, form: HandoverForm, viewer: Viewer) -> Sequence[Mapping[str, Any]]:
        """Rows of what would go and what stays out, and last their sum."""

    def freeze(self, archive: Archive, form: HandoverForm, viewer: Viewer) -> FrozenFile:
        """Give numbers and freeze the selection."""

    def disclosures(self, archive: Archive, viewer: Viewer) -> Sequence[Mapping[str, Any]]:
        """What was handed over, the newest first."""

    def changes(self, archive: Archive, recipient: str, viewer: Viewer) -> Sequence[Mapping[str, Any]]:
        """What of all that a recipient has received has changed since."""
