"""The command that extracts records from a page file: `parse`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.commands.arguments import web_address
from pipeline.commands.kinds import one_of
from pipeline.output import Exit, JsonOption, emit, err, fail
from processors.kinds import KINDS, is_complete_list

if TYPE_CHECKING:
    from processors.kinds import PageKind
    from processors.pages.parse_result import Reading
    from processors.tables.layout import Layout

LARGEST_PAGE_BYTES = 256 << 20


def page_kinds() -> Mapping[str, PageKind]:
    """Kinds of pages as the command spells them, with their parsers' names."""
    return {kind.page.replace("_", "-"): kind.page for kind in KINDS.values()}


Url = Annotated[str, typer.Option("--url", metavar="URL", help="The URL of the page.")]
At = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="TIME",
        help="The time of capture, ISO 8601, in UTC unless it names a zone; decides the parser version. "
        "Default: now.",
    ),
]
LayoutName = Annotated[
    str | None, typer.Option("--layout", metavar="NAME", help="The name of a layout declared in the watch-list.")
]
WatchlistFile = Annotated[
    Path | None,
    typer.Option(
        "--watchlist",
        metavar="FILE",
        help="The watch-list that declares --layout, instead of the one in the settings.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    app.command()(parse)


def parse(
    kind: Annotated[str, typer.Argument(metavar="|".join(page_kinds()), parser=one_of(page_kinds))],
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file of the page; it may be compressed with gzip.")
    ],
    url: Url,
    at: At = None,
    layout: LayoutName = None,
    watchlist: WatchlistFile = None,
    as_json: JsonOption = False,
) -> None:
    """Extract records from a page file, or a document of a list: first the outcome, then each record.

    A page without content (a captcha, a refusal, an empty list) has an outcome with a reason, and no records.
    """
    from processors.documents.sandboxed_reader import DocumentReader
    from processors.pages.page import Page
    from processors.parsing.parsers import PageNotRead
    from processors.parsing.sandboxed_parsers import ConfinedParsers

    web_address(url, what="--url")
    page = Page(url=url, body=_content(file), captured_at=_moment(at))
    if is_complete_list(page_kinds()[kind]):
        with DocumentReader() as documents:
            page = replace(page, document=documents.read(page.body))
    try:
        with ConfinedParsers() as parsers:
            reading = parsers.read_page(page, page_kinds()[kind], layout=_layout(layout, watchlist))
    except PageNotRead as problem:
        raise fail(f"{file}: {problem}. The file was not changed.") from problem
    emit(_rows(reading), as_json=as_json, human=_describe_record)
    for remark in reading.remarks:
        err.print(f"note: {remark}", markup=False)


def _content(file: Path) -> bytes:
    import gzip
    import io

    if not file.is_file():
        raise fail(f"{file}: the file does not exist.", Exit.WRONG_USE)
    content = file.read_bytes()
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        unpacked = gzip.GzipFile(fileobj=io.BytesIO(content)).read(LARGEST_PAGE_BYTES + 1)
    except (OSError, EOFError) as problem:
        raise fail(f"{file}: the gzip file is damaged ({problem}). Nothing was read.") from problem
    if len(unpacked) > LARGEST_PAGE_BYTES:
        raise fail(f"{file}: expected a page of at most {LARGEST_PAGE_BYTES} bytes, found more after unpacking.")
    return unpacked


def _moment(at: str | None) -> datetime:
    if at is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            moment = datetime.fromisoformat(f"{moment.isoformat()}+00:00")
    except ValueError as problem:
        raise fail(
            f"--at: expected a time like 2026-03-01T12:00:00+03:00, found {at!r}.", Exit.WRONG_USE
        ) from problem
    return moment.astimezone(UTC)


def _layout(name: str | None, watchlist: Path | None) -> Layout | None:
    if name is None:
        return None
    from crawlers.watchlist.loader import InvalidWatchlist, read_watchlist
    from pipeline.config.settings import SettingsError, load_settings

    try:
        file = watchlist or load_settings(running_stack=False).watchlist
        declared = read_watchlist(file)
    except (SettingsError, InvalidWatchlist, OSError) as problem:
        raise fail(f"--layout {name}: {problem}", Exit.WRONG_USE) from problem
    layouts = dict(declared.layouts)
    layouts |= {source.layout.name: source.layout for source in declared.sources if source.layout is not None}
    if name not in layouts:
        known = ", ".join(sorted(layouts)) or "none"
        raise fail(f"--layout: {file} declares no layout {name!r}. It declares: {known}.", Exit.WRONG_USE)
    return layouts[name]


def _rows(reading: Reading) -> Iterator[dict[str, Any]]:
    from processors.record_keys import record_json

    yield {
        "kind": "page",
        "url": reading.url,
        "outcome": reading.outcome.value,
        "outcome_reason": reading.outcome_reason,
        "layout": reading.layout,
        "parser_version": reading.parser_version,
        "remarks": list(reading.remarks),
    }
    for record in reading.records:
        yield record_json(record)


def _describe_record(row: Mapping[str, Any]) -> str:
    """One record as a person reads it: its first line names it, the rest are the fields that are filled."""
    if row["kind"] == "page":
        reason = f" ({row['outcome_reason']})" if row["outcome_reason"] else ""
        return f"{row['url']}: {row['outcome']}{reason}, read by {row['parser_version']}"
    fields = [
        f"  {key}: {value}"
        for key, value in row.items()
        if key not in ("kind", "url") and value not in (None, [], {})
    ]
    return "\n".join([f"{row['kind']} {row['url']}", *fields])
