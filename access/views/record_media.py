"""The pictures and files that a record names, each with the capture that shows it.

In: the archive, a record's content, the capture it was read from. Out: JSON-ready rows in the record's order.
"""

from collections.abc import Mapping
from typing import Any

from access.rendering.formatting import format_value
from access.views.safe_images import may_be_picture
from storage.access_labels import EVERYONE, Viewer
from storage.archive import Archive
from storage.catalogue.revisits import payload_capture
from storage.queries.record_media import fetched_with
from storage.similarity.media import sniffed_type


def media_of_record(
    archive: Archive, content: Mapping[str, Any], capture_id: str, *, viewer: Viewer = EVERYONE
) -> list[dict[str, Any]]:
    """``url``, ``said`` (what the record says of it), ``capture_id`` and ``picture``.

    The capture is of the file itself, else of the small picture that stands for it, else None: not fetched.
    """
    named = [each for name in ("media", "images") for each in content.get(name) or () if isinstance(each, Mapping)]
    urls = {each[name] for each in named for name in ("url", "thumb_url") if each.get(name)}
    rows = []
    with archive.reader.connect() as connection:
        fetched = fetched_with(connection, urls, capture_id, viewer=viewer)
        for each in named:
            shown = fetched.get(each.get("url") or "") or fetched.get(each.get("thumb_url") or "")
            holder = None if shown is None else payload_capture(connection, shown, viewer=viewer)
            said = [
                format_value(value) for name, value in each.items() if name not in ("url", "thumb_url", "path")
            ]
            rows.append(
                {
                    "url": each.get("url") or each.get("thumb_url") or each.get("path"),
                    "said": ", ".join(filter(None, said)),
                    "capture_id": None if shown is None else shown.id,
                    "picture": holder is not None and may_be_picture(holder, sniffed_type(connection, holder.id)),
                }
            )
    return rows
