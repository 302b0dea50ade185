"""Sources that people added beside the watch-list's file, for those who may know of them.

In: the desk, the archive, whom the answer is for. Out: rows of kind ``listed_source``. A source whose captures
have an access label is shown to those to whom that label is granted.
"""

from typing import Any

from access.sources_desk import SourcesDesk
from storage.access_labels import Viewer, labels_of
from storage.archive import Archive


def added_rows(desk: SourcesDesk, archive: Archive, *, viewer: Viewer) -> list[dict[str, Any]]:
    """Those with mistakes first, then those that do not count, those that are collected, the ended ones; by id."""
    order = {"broken": 0, "set_aside": 1, "collected": 2, "ended": 3}
    with archive.reader.connect() as connection:
        labels = labels_of(connection, viewer)
    rows = [
        row
        for row in desk.rows(archive)
        if row["origin"] == "added" and (labels is None or row["access_label"] in labels)
    ]
    return sorted(rows, key=lambda row: (order[row["state"]], row["id"]))


def one_added(desk: SourcesDesk, archive: Archive, source_id: str, *, viewer: Viewer) -> dict[str, Any] | None:
    """One of them; None where there is none that the viewer may know of."""
    return next((row for row in added_rows(desk, archive, viewer=viewer) if row["id"] == source_id), None)
