"""What the page Sources needs in order to take sources: whoever mounts it brings a desk that checks and writes.

In: what a person entered, whom it is for. Out: rows of kind ``listed_source``. The desk of a running installation
is `pipeline.sources.sources_desk`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from storage.access_labels import Viewer
from storage.archive import Archive


class SourceRefusedError(Exception):
    """The source is not one that can be taken; the message says why, and that nothing was written."""


@dataclass(frozen=True, slots=True)
class SentSource:
    """What the form holds: a channel or address; ``kind`` and ``name`` where the address does not say enough.

    ``settings`` are further fields of the watch-list, as YAML.
    """

    address: str
    kind: str = ""
    name: str = ""
    engine: str = ""
    publisher: str = ""
    settings: str = ""
    reason: str = ""


class SourcesDesk(Protocol):
    """Takes sources. Refusals are `SourceRefusedError`s; a database that does not answer raises its own errors."""

    def kinds(self) -> tuple[str, ...]:
        """The kinds of sources there are."""

    def rows(self, archive: Archive) -> list[dict[str, Any]]:
        """Every source of the watch-list's file and every one that was added."""

    def add(self, archive: Archive, sent: SentSource, viewer: Viewer) -> Mapping[str, Any]:
        """Add a source in the viewer's name; returns its row."""

    def change(
        self, archive: Archive, source_id: str, settings: str, seen_seq: int, viewer: Viewer
    ) -> Mapping[str, Any]:
        """Replace the settings of an added source by this YAML, unless it was changed since entry ``seen_seq``."""

    def end(self, archive: Archive, source_id: str, reason: str, viewer: Viewer) -> Mapping[str, Any]:
        """Collect an added source no more."""
