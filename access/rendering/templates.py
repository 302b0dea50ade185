"""Templates filled with JSON-ready values, every one of them escaped.

In: a request, the name of a template, its values. Out: HTML. The templates speak in the words of
`access.rendering.formatting`.
"""

from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.exceptions import HTTPException

from access.rendering import formatting
from storage.access_labels import Viewer

NOT_THERE: Final = "The archive has nothing with this name. It may not be processed yet."

TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parents[1] / "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.filters |= {
    "moment": formatting.moment,
    "minute": formatting.format_minute,
    "minute_in_column": formatting.format_minute_in_column,
    "in_column": formatting.format_time,
    "exactly": formatting.format_time_us,
    "counted": formatting.sighting_fields,
    "short": formatting.short,
    "brief": formatting.short_url,
    "filled": formatting.visible_fields,
    "label": formatting.label,
    "kind_of": formatting.humanize,
    "sized": formatting.format_size,
    "many": formatting.format_count,
    "clock": formatting.format_timecode,
    "percent": formatting.percent,
}


def page(
    request: Request, template: str, content: Mapping[str, Any], *, here: str = "", status: int = HTTPStatus.OK
) -> HTMLResponse:
    """A template filled; ``base`` is the prefix under which the app is mounted."""
    html = TEMPLATES.get_template(template).render(
        base=request.scope.get("root_path", ""),
        viewer=getattr(request.state, "viewer", None),
        here=here,
        **content,
    )
    return HTMLResponse(html, status_code=status)


def viewer_of(request: Request) -> Viewer:
    """Who asks; the app's own dependency has put it there."""
    viewer = request.state.viewer
    assert isinstance(viewer, Viewer)
    return viewer


def or_404(found: Any) -> Any:
    """What was found; 404 for nothing, whether it is not there or not for this viewer."""
    if found is None:
        raise HTTPException(HTTPStatus.NOT_FOUND, NOT_THERE)
    return found
