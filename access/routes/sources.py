"""The sources over time: the list of all, one of them, and the same as JSON.

In: requests of a known user. Out: HTML and JSON of `access.views.sources`.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse

from access.answers.home import OneSource, SourceHealthRows
from access.dependencies import ArchiveDependency
from access.rendering.source_chart import source_chart
from access.rendering.templates import or_404, page, viewer_of
from access.sources_desk import SentSource, SourceRefusedError, SourcesDesk
from access.views import sources
from access.views.added_sources import added_rows
from storage.access_labels import Role
from storage.archive import Archive

SourceName = Annotated[str, Path(description="The id of a source.", examples=["kanal"])]

SOURCES_PAGES: Final = APIRouter(default_response_class=HTMLResponse)
SOURCES_API: Final = APIRouter(tags=["Archive"])


@SOURCES_PAGES.get("/sources")
def sources_page(request: Request, archive: ArchiveDependency) -> Response:
    """Every source with a small drawing of its last nights."""
    return shown(request, archive)


@SOURCES_PAGES.get("/sources/{source_id}")
def source_page(request: Request, archive: ArchiveDependency, source_id: str) -> Response:
    """One source: its nights of a quarter, gaps, and what to do."""
    row = or_404(sources.one_source(archive, source_id, viewer=viewer_of(request)))
    content = {"row": row, "chart": source_chart(row["nights"], row["expected"]["records"])}
    return page(request, "source.html", content, here="sources")


@SOURCES_API.get("/sources", response_model=SourceHealthRows)
def source_rows(request: Request, archive: ArchiveDependency) -> dict[str, Any]:
    """Every source with its last nights."""
    found = sources.sources(archive, viewer=viewer_of(request))
    return {"rows": found["sources"], "night": found["night"], "nights": found["nights"]}


@SOURCES_API.get("/sources/{source_id}", response_model=OneSource)
def source_row(request: Request, archive: ArchiveDependency, source_id: SourceName) -> dict[str, Any]:
    """One source with its nights of a quarter."""
    row: dict[str, Any] = or_404(sources.one_source(archive, source_id, viewer=viewer_of(request)))
    return row


def shown(
    request: Request,
    archive: Archive,
    *,
    values: Mapping[str, str] | None = None,
    refused: str | None = None,
    status: int = HTTPStatus.OK,
) -> Response:
    """The page, with the form that adds a source and what people added, where this server takes sources."""
    viewer = viewer_of(request)
    found = sources.sources(archive, viewer=viewer)
    charts = {
        row["source"]: source_chart(row["nights"], row["expected"]["records"], described=False)
        for row in found["sources"]
    }
    desk: SourcesDesk | None = request.app.state.sources_desk
    added, unreadable = [], None
    if desk is not None:
        try:
            added = added_rows(desk, archive, viewer=viewer)
        except SourceRefusedError as problem:
            unreadable = str(problem)
    content = {
        "found": found,
        "charts": charts,
        "may_add": desk is not None and viewer.may(Role.COLLECTOR),
        "kinds": () if desk is None else desk.kinds(),
        "added": added,
        "unreadable": unreadable,
        "values": {name: (values or {}).get(name, "") for name in SentSource.__dataclass_fields__},
        "refused": refused,
    }
    return page(request, "sources.html", content, here="sources", status=status)
