"""That a form was sent from a page of the archive, so that no other site can act in a user's name.

In: a request that changes something. Out: nothing, or ``HTTPException(403)``. Browsers say where a request comes
from (Fetch Metadata, W3C; else the Origin header). A program that shows its own token in ``Authorization`` is no
browser that another site could lead here: no site can make a browser send that header across origins (Fetch
Standard, section 3.3).
"""

from http import HTTPStatus
from urllib.parse import urlsplit

from fastapi import Request
from starlette.exceptions import HTTPException

from access.rendering.translations import gettext


def require_own_page(request: Request) -> None:
    """Refuse a form that another site has sent."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    ours = site == "same-origin" if site else origin is not None and urlsplit(origin).netloc == request.url.netloc
    if not ours:
        raise HTTPException(
            HTTPStatus.FORBIDDEN,
            gettext(
                "This form was not sent from a page of the archive, so nothing was done. "
                "Open the archive in this browser and send the form again."
            ),
        )


def require_own_page_or_token(request: Request) -> None:
    """The same for a route that programs ask, too."""
    if not request.headers.get("authorization", "").lower().startswith("bearer "):
        require_own_page(request)
