"""Where a captured redirect leads, and what the same crawl captured there.

In: the archive, a capture, whom the answer is for. Out: a JSON-ready row; None of what is no redirect.
"""

from typing import Any

from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.catalogue.captures import Capture, captures_of
from storage.deposit.redirects import redirect_target


def redirect_row(archive: Archive, capture: Capture, *, viewer: Viewer = EVERYONE) -> dict[str, Any] | None:
    """``url`` is the address to which it leads, ``capture_id`` the first capture of it by this crawl from then on;
    None where there is none, or none that the viewer may see.
    """
    target = redirect_target(archive, capture)
    if target is None:
        return None
    with archive.reader.connect() as connection:
        reached = next(
            (
                each
                for each in captures_of(connection, target, viewer=viewer)
                if each.crawl_id == capture.crawl_id and each.captured_at >= capture.captured_at
            ),
            None,
        )
    return {"url": target, "capture_id": None if reached is None else reached.id}
