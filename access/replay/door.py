"""The door to the replay host as the pages know it: where it stands, and the addresses that let somebody in.

In: a capture, who looks, and where the frame stands. Out: an address that is good for `LIFETIME`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from access.replay.capability import LIFETIME, CapabilitySeal, ReplayCapability, ScriptMode
from access.replay.index_lines import replay_path
from storage.access_labels import Viewer
from storage.catalogue.captures import Capture


@dataclass(frozen=True, slots=True)
class ReplayDoor:
    """``url`` is the replay host as browsers reach it."""

    url: str
    seal: CapabilitySeal

    def address(self, capture: Capture, viewer: Viewer, *, archive_origin: str, with_scripts: bool = False) -> str:
        """Where the capture is shown; with scripts, where the browser is checked first."""
        scripts: ScriptMode = "asked" if with_scripts else "none"
        capability = ReplayCapability(
            viewer=viewer,
            crawl_id=capture.crawl_id,
            capture_id=capture.id,
            expires_at=datetime.now(UTC) + LIFETIME,
            archive_origin=archive_origin,
            scripts=scripts,
        )
        text = self.seal.seal(capability)
        if with_scripts:
            return f"{self.url}/{text}/check"
        return f"{self.url}/{text}/{replay_path(capture)}"
