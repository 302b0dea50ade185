"""One capture as it is shown as a page: what it is, what stands next to it, and whether there is a page to show.

In: the archive, a capture id, whom the answer is for. Out: `ReplayedPage`; that it is viewed stands in the access
log first.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from access.rendering.translations import gettext
from access.views.captures import logged_capture
from access.views.custody_status import file_custody
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.catalogue.captures import Capture
from storage.catalogue.revisits import payload_capture
from storage.queries.replay import REPLAYED, capture_nearest
from storage.queries.timeline import neighbours_of

SCHEMES: Final = ("http://", "https://")


@dataclass(frozen=True, slots=True)
class ReplayedPage:
    """``why_not``: why there is nothing to show; None where there is. ``holding``: custody of its file."""

    capture: Capture
    before: Capture | None
    after: Capture | None
    holding: dict[str, Any] | None
    why_not: str | None


def replayed_page(archive: Archive, capture_id: str, *, viewer: Viewer = EVERYONE) -> ReplayedPage | None:
    """The capture and its neighbours; None where the viewer may see none of this name."""
    capture = logged_capture(archive, capture_id, viewer, "viewed")
    if capture is None:
        return None
    with archive.reader.connect() as connection:
        before, after = neighbours_of(connection, capture, viewer=viewer)
        holder = payload_capture(connection, capture, viewer=viewer)
    why_not = None
    if capture.record_type not in REPLAYED:
        why_not = gettext("There is no page to show: the server sent none.")
    elif not capture.url.lower().startswith(SCHEMES):
        why_not = gettext("There is no page to show: the crawler made this file. The site did not send it.")
    elif holder is None:
        why_not = gettext("There is no page to show: the capture that holds its content is not in the archive.")
    return ReplayedPage(capture, before, after, file_custody(archive, capture.warc_key), why_not)


def nearest_capture(archive: Archive, url: str, at: datetime, *, viewer: Viewer = EVERYONE) -> Capture | None:
    """The capture of the address that is nearest to the moment; None where there is none."""
    with archive.reader.connect() as connection:
        return capture_nearest(connection, url, at, viewer=viewer)
