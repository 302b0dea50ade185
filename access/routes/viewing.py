"""The choice of a user whether archived pictures are blurred.

In: the form in the header of every page. Out: the cookie of `access.rendering.viewing_choice`, and the way back to
the page that the form stood on, which is a path of this app and nothing else.
"""

from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from access.forms import sent_form
from access.own_page import require_own_page
from access.rendering.templates import viewer_of
from access.rendering.viewing_choice import COOKIE, shown_to

YEAR_S: Final = 365 * 86400

VIEWING: Final = APIRouter()


@VIEWING.post("/viewing")
async def choose_viewing(request: Request) -> Response:
    """Blur archived pictures for this user from now on, or show them."""
    require_own_page(request)
    async with sent_form(request, fields=2) as form:
        pictures, back = form.fields.get("pictures"), form.fields.get("back", "")
    base = request.scope.get("root_path", "")
    response = RedirectResponse(own_path(back, base), HTTPStatus.SEE_OTHER)
    path = base or "/"
    if pictures == "shown":
        response.set_cookie(
            COOKIE,
            shown_to(viewer_of(request)),
            max_age=YEAR_S,
            path=path,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
    else:
        response.delete_cookie(COOKIE, path=path, httponly=True, samesite="strict")
    return response


def own_path(back: str, base: str) -> str:
    """The path to go back to; the first page for whatever is no path of this app, another host's above all."""
    parts = urlsplit(back) if back.isprintable() and "\\" not in back else None
    if parts is None or parts.scheme or parts.netloc or not back.startswith(f"{base}/") or back.startswith("//"):
        return f"{base}/"
    return back
