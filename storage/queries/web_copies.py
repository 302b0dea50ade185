"""Captures of copies that another web archive serves of a page: found by the address of that page.

In: the address of a page, a reading connection, whom the answer is for. Out: captures of copies, newest first.
They stand in the catalogue under the copy's own address, never under the page's: what was captured is the copy.
"""

from typing import Final

from sqlalchemy import Connection, func, literal_column

from processors.surt import surt_key
from processors.urls import host_of
from processors.web_copy import WAYBACK_SURT, copy_in
from storage.access_labels import EVERYONE, Viewer
from storage.catalogue.captures import Capture, capture_of, captures_joined
from storage.catalogue.tables import SURT_INDEXED, captures

LOOKED_AT: Final = 2000
"""Copies of one host that are looked at, the newest first."""

_LAST_LETTER: Final = "\U0010ffff"


def copies_of(
    connection: Connection, url: str, *, viewer: Viewer = EVERYONE, limit: int = 20
) -> tuple[Capture, ...]:
    """Captures of copies of the page at ``url``, also under forms of the URL that mean the same page."""
    key, host = surt_key(url), host_of(url).removeprefix("www.")
    if not host:
        return ()
    indexed = func.left(captures.c.surt, literal_column(str(SURT_INDEXED)))
    query = (
        captures_joined(viewer)
        .where(
            indexed >= WAYBACK_SURT,
            indexed < WAYBACK_SURT + _LAST_LETTER,
            captures.c.url.icontains(host, autoescape=True),
        )
        .order_by(captures.c.captured_at.desc(), captures.c.id.desc())
        .limit(LOOKED_AT)
    )
    found = (capture_of(row) for row in connection.execute(query))
    of_page = (each for each in found if (copy := copy_in(each.url)) is not None and surt_key(copy.url) == key)
    return tuple(capture for capture, _ in zip(of_page, range(limit), strict=False))
