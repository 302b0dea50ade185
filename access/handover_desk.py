"""What the page Hand over needs: whoever mounts it brings a desk that chooses and freezes.

In: a `HandoverForm` of a viewer. Out: rows of kinds that architecture, section 7, names, the bytes of a frozen
selection, or the order of a package, which is built outside the web request. The desk of a running installation is
`pipeline.handover.desk`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Protocol

from storage.access_labels import Viewer
from storage.archive import Archive
from storage.errors import StorageError

LEVELS: Final = ("court", "prosecutor", "partner", "public")
"""From the one that is shown the most."""


@dataclass(frozen=True, slots=True)
class HandoverForm:
    """What is chosen, and for whom: ``ids`` stand one a line; an empty text is nothing.

    ``opened`` names committed values of custody that are opened to the recipient, with commas or spaces between.
    """

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
    opened: str = ""
    part_mb: str = "2000"

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


class BuildState(StrEnum):
    """How the building of a package stands.

    ``STOPPED``: its process ended before it was done. ``REMOVED``: it was built, and its files were removed.
    """

    WAITING = "waiting"
    NOT_STARTED = "not_started"
    BUILDING = "building"
    STOPPED = "stopped"
    FAILED = "failed"
    READY = "ready"
    REMOVED = "removed"


AT_WORK: frozenset[BuildState] = frozenset((BuildState.WAITING, BuildState.BUILDING))
"""States that change by themselves."""


@dataclass(frozen=True, slots=True)
class PackageFile:
    """A file of a finished package; ``sha256`` is None of the list of the others' digests."""

    name: str
    length_bytes: int
    sha256: str | None


@dataclass(frozen=True, slots=True)
class PackageBuild:
    """A package that somebody ordered, as a page shows it.

    ``step`` and ``percent`` say how far it is while it is built, ``reason`` why it was not, or why it was removed.
    ``digest`` is the one of the register of disclosures; ``not_proved`` counts the sealed files that no checkpoint
    covered.
    """

    package_id: str
    recipient: str
    level: str
    request: str | None
    ordered_by: str
    ordered_at: datetime
    exhibits: int
    state: BuildState
    step: str | None = None
    percent: int = 0
    reason: str | None = None
    digest: str | None = None
    not_proved: int = 0
    files: tuple[PackageFile, ...] = ()


class HandoverRefusedError(StorageError):
    """The choice is not one that can be handed over; the message says why, and that nothing was disclosed."""


class HandoverDesk(Protocol):
    """Chooses, freezes, and knows what was handed over. Raises `HandoverRefusedError`, or the storage's own errors
    where store or disk are not as they should be.
    """

    def preview(self, archive: Archive, form: HandoverForm, viewer: Viewer) -> Sequence[Mapping[str, Any]]:
        """Rows of what would go and what stays out, and last their sum."""

    def freeze(self, archive: Archive, form: HandoverForm, viewer: Viewer) -> FrozenFile:
        """Give numbers and freeze the selection."""

    def disclosures(self, archive: Archive, viewer: Viewer) -> Sequence[Mapping[str, Any]]:
        """What was handed over, the newest first."""

    def changes(self, archive: Archive, recipient: str, viewer: Viewer) -> Sequence[Mapping[str, Any]]:
        """What of all that a recipient has received has changed since."""

    def order(self, archive: Archive, form: HandoverForm, viewer: Viewer) -> str:
        """Freeze the selection, keep it and have its package built; returns the id of the package.

        Where no run could be started, the order stands all the same, and says so.
        """

    def builds(self, archive: Archive, viewer: Viewer) -> Sequence[PackageBuild]:
        """What was ordered, the newest first; what the viewer may know of it."""

    def build(self, archive: Archive, package_id: str, viewer: Viewer) -> PackageBuild | None:
        """One of them; None where the viewer may know of none."""

    def start(self, archive: Archive, package_id: str, viewer: Viewer) -> None:
        """Have it built again; nothing happens to one that is there or is being built."""

    def file(self, archive: Archive, package_id: str, name: str, viewer: Viewer) -> Path | None:
        """A file of a finished package, for somebody who downloads it now; None where there is none.

        Raises `HandoverRefusedError` where something of the package may not go any more.
        """

    def selection(self, archive: Archive, package_id: str, viewer: Viewer) -> bytes | None:
        """The frozen selection of an order; None where the viewer may know of none."""

    def remove(self, archive: Archive, package_id: str, viewer: Viewer) -> None:
        """Remove the files of a finished package; the order and the register stay."""
