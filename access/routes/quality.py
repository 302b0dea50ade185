"""Quality scores of captures: the list with its filter and a chart for each source, and the same as JSON.

In: requests of a known user. Out: HTML and JSON of `access.views.quality`.
"""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BeforeValidator, Field

from access.answers.quality import QualityRows
from access.dependencies import ArchiveDependency
from access.query_parameters import Most, Offset, PageNumber, Paging, SourceId, query_string
from access.rendering.quality_chart import quality_chart
from access.rendering.templates import page, viewer_of
from access.rendering.translations import gettext
from access.views.quality import days_of_sources, quality_rows
from processors.quality.score import PartName
from storage.quality.history import ScoreFilter

QUALITY_PAGES: Final = APIRouter(default_response_class=HTMLResponse)
QUALITY_API: Final = APIRouter(tags=["Archive"])

ROWS: Final = 50
LIMITS: Final = ("0.97", "0.9", "0.5")
"""What the form offers; the first is what samples of our own must reach."""

MOST_CHARTS: Final = 40

Below = Annotated[
    Annotated[float, Field(ge=0, le=1)] | None,
    BeforeValidator(lambda value: value or None),
    Query(description="Only scores lower than this, and captures that could not be compared."),
]


@QUALITY_PAGES.get("/quality")
def quality_page(
    request: Request,
    archive: ArchiveDependency,
    source: SourceId = "",
    below: Below = None,
    number: PageNumber = 1,
) -> Response:
    """Scores with their captures, and a chart for each source."""
    viewer, source_id = viewer_of(request), source.strip() or None
    wanted = ScoreFilter(source_id, below)
    found = quality_rows(archive, wanted, viewer=viewer, most=ROWS, offset=(number - 1) * ROWS)
    days = days_of_sources(archive, source_id=source_id, viewer=viewer)
    chosen = "" if below is None else f"{below:g}"
    content = {
        "found": found,
        "charts": [(name, quality_chart(days[name])) for name in sorted(days)[:MOST_CHARTS]],
        "source": source,
        "below": chosen,
        "choices": [("", gettext("all")), *((limit, gettext("below %(limit)s", limit=limit)) for limit in LIMITS)],
        "parts": [str(name) for name in PartName],
        "paging": Paging(number, ROWS, found.total, query_string(source=source, below=chosen)),
    }
    return page(request, "quality.html", content, here="quality")


@QUALITY_API.get("/quality", response_model=QualityRows)
def quality_list(
    request: Request,
    archive: ArchiveDependency,
    source: SourceId = "",
    below: Below = None,
    most: Most = ROWS,
    offset: Offset = 0,
) -> dict[str, Any]:
    """Quality scores of captures, the newest capture first."""
    wanted = ScoreFilter(source.strip() or None, below)
    found = quality_rows(archive, wanted, viewer=viewer_of(request), most=most, offset=offset)
    onward = offset + most if offset + most < found.total else None
    return {"rows": found.rows, "total": found.total, "offset": offset, "next_offset": onward}
