"""The page of help: what each section shows, the keys, and the licences of what the archive stands on."""

from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from access.rendering.templates import page
from access.views.licences import PROGRAMS, packages

HELP: Final = APIRouter(default_response_class=HTMLResponse)


@HELP.get("/help")
def help_page(request: Request) -> Response:
    """What the pages show, in plain words."""
    return page(request, "help.html", {"packages": packages(), "programs": PROGRAMS}, here="help")
