"""Whether archived pictures are blurred for a user: yes, until this user chose otherwise in this browser.

In: a request of a known user. Out: the choice. It lies in a cookie that names the user by a digest, so that it
holds for whoever made it and for nobody else at the same desk; a browser without it blurs. It is not signed: who
forges it shows themselves pictures that they may see anyway. Losing it is safe, so no database keeps it.
"""

import hashlib
from typing import Final

from fastapi import Request

from storage.access_labels import Viewer

COOKIE: Final = "letapis-pictures"


def shown_to(viewer: Viewer) -> str:
    """The value of the cookie of a user who wants to see pictures as they are."""
    return f"shown-{hashlib.sha256(viewer.name.encode()).hexdigest()[:32]}"


def is_safe(request: Request) -> bool:
    """Whether pictures are blurred on the page that answers this request."""
    viewer = getattr(request.state, "viewer", None)
    return not isinstance(viewer, Viewer) or request.cookies.get(COOKIE) != shown_to(viewer)
