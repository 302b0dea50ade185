"""Templates filled with JSON-ready values, every one of them escaped.

In: a request, the name of a template, its values. Out: HTML in the language of the request. Templates have the
functions of `access.rendering.formatting`, `labels`, `times` and `stored_sentences` as filters, under the same
names.

Texts go through gettext. A translation is escaped like every value: markup inside a sentence is an argument that
the template makes, so a catalogue can bring no markup of its own.
"""

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape
from starlette.exceptions import HTTPException

from access.rendering import (
    build_states,
    day_chart,
    formatting,
    labels,
    name_reasons,
    night_charts,
    quality_chart,
    stored_sentences,
    times,
    work_states,
)
from access.rendering.translations import current_language, gettext
from access.rendering.viewing_choice import is_safe
from storage.access_labels import Viewer
from storage.ledger.received_files import is_received_file

TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parents[1] / "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    extensions=["jinja2.ext.i18n"],
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.policies["ext.i18n.trimmed"] = True
TEMPLATES.filters |= {
    function.__name__: function
    for function in (
        build_states.build_step,
        build_states.build_tone,
        build_states.build_word,
        formatting.format_count,
        formatting.format_minute,
        formatting.format_minute_utc,
        formatting.format_percent,
        formatting.format_score,
        formatting.format_size,
        formatting.format_time,
        formatting.format_time_us,
        formatting.format_time_utc,
        formatting.format_timecode,
        formatting.short_digest,
        formatting.short_url,
        day_chart.outlines,
        formatting.sighting_fields,
        formatting.visible_fields,
        labels.change_label,
        labels.completeness_label,
        labels.event_label,
        labels.facet_label,
        labels.facet_value_label,
        labels.field_label,
        labels.interval_choice,
        labels.interval_word,
        labels.until_word,
        labels.level_label,
        labels.role_label,
        labels.status_label,
        labels.scope_label,
        labels.kind_label,
        labels.night_label,
        labels.records_label,
        labels.rendering_label,
        labels.quality_part_label,
        labels.reading_label,
        labels.resource_outcome_label,
        labels.step_outcome_label,
        labels.video_outcome_label,
        labels.verdict_label,
        name_reasons.why_found,
        quality_chart.score_tone,
        night_charts.format_duration,
        stored_sentences.database_reason,
        stored_sentences.handover_sentence,
        stored_sentences.origin_reason,
        stored_sentences.quality_reason,
        stored_sentences.similarity_meaning,
        times.minute,
        times.moment,
        times.moment_us,
        work_states.state_tone,
        work_states.state_word,
    )
}

TEMPLATES.globals["is_received_file"] = is_received_file
TEMPLATES.globals["work_states"] = tuple(work_states.WORDS)


def _escaped_gettext(message: str) -> Markup:
    return escape(current_language().catalogue.gettext(message))


def _escaped_ngettext(singular: str, plural: str, num: int) -> Markup:
    return escape(current_language().catalogue.ngettext(singular, plural, num))


# Jinja takes what these return for markup already, and escapes each value before it fills it in ("newstyle").
TEMPLATES.install_gettext_callables(  # type: ignore[attr-defined]  # comes with the extension
    _escaped_gettext, _escaped_ngettext, newstyle=True
)


def page(
    request: Request, template: str, content: Mapping[str, Any], *, here: str = "", status: int = HTTPStatus.OK
) -> HTMLResponse:
    """A template filled; ``base`` is the app's prefix, ``here`` the section that the page is in."""
    language = current_language().tag
    viewer = getattr(request.state, "viewer", None)
    html = TEMPLATES.get_template(template).render(
        base=request.scope.get("root_path", ""),
        viewer=viewer,
        sections=request.app.state.sections(viewer),
        offers=partial(request.app.state.is_offered, viewer),
        replays=request.app.state.replay() is not None,
        safe_viewing=is_safe(request),
        this_page=f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path,
        language=language,
        here=here,
        **content,
    )
    headers = {"Content-Language": language, "Vary": "Accept-Language"}
    return HTMLResponse(html, status_code=status, headers=headers)


def viewer_of(request: Request) -> Viewer:
    """The user of the request; the app's own dependency has put it there."""
    viewer = request.state.viewer
    assert isinstance(viewer, Viewer)
    return viewer


def not_in_archive() -> HTTPException:
    """The error 404 for something that is not there, or that this viewer may not see: nobody learns which."""
    return HTTPException(
        HTTPStatus.NOT_FOUND, gettext("The archive has nothing with this name. It may not be processed yet.")
    )


def or_404(found: Any) -> Any:
    """What was found; raises `not_in_archive` for None."""
    if found is None:
        raise not_in_archive()
    return found
