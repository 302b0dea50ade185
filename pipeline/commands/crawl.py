"""The command that only fetches: `crawl`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.output import Exit, JsonOption, emit, err, fail

if TYPE_CHECKING:
    from crawlers.model.job import CrawlJob
    from crawlers.model.report import CrawlReport
    from crawlers.watchlist.source import Source
    from pipeline.config.settings import Settings

Watchlist = Annotated[Path | None, typer.Option("--watchlist", metavar="FILE", help="Crawl sources of this file.")]
SourceIds = Annotated[
    list[str] | None, typer.Option("--source", metavar="ID", help="Only this source; repeatable.")
]
Urls = Annotated[list[str] | None, typer.Option("--url", metavar="URL", help="This page alone; repeatable.")]
MoreUrls = Annotated[list[str] | None, typer.Argument(metavar="[URL]...", help="More pages after --url.")]
SpoolDir = Annotated[Path, typer.Option("--spool", metavar="DIR", help="Folder for the WARC files.")]
EngineName = Annotated[
    str | None, typer.Option("--engine", metavar="http|browser", help="Instead of the source's.")
]
EgressName = Annotated[
    str | None,
    typer.Option("--egress", metavar="NAME", help="Leave by this egress profile instead of the source's."),
]
ConnectTo = Annotated[
    list[str] | None,
    typer.Option("--connect-to", metavar="H1:P1:H2:P2", help="As in curl: where to connect instead; repeatable."),
]
AllowAddress = Annotated[
    list[str] | None,
    typer.Option("--allow-address", metavar="CIDR", help="Network to open besides public ones; repeatable."),
]
UpstreamCa = Annotated[
    Path | None, typer.Option("--upstream-ca", metavar="FILE", help="PEM of an authority to trust besides.")
]


def register(app: typer.Typer) -> None:
    """Add this group's commands to the `letapis` command."""
    app.command()(crawl)


def crawl(
    spool: SpoolDir,
    watchlist: Watchlist = None,
    source: SourceIds = None,
    url: Urls = None,
    more_urls: MoreUrls = None,
    engine: EngineName = None,
    egress: EgressName = None,
    connect_to: ConnectTo = None,
    allow_address: AllowAddress = None,
    upstream_ca: UpstreamCa = None,
    as_json: JsonOption = False,
) -> None:
    """Only fetch: closed WARC files in the spool folder, one report per crawl (also as report.json beside them).

    Needs no store, no database, no Airflow. Pages named by --url are fetched as they are: no link is followed, and
    robots.txt is not asked. Exit code 3 when a source failed, 1 when a crawl could not go on.
    """
    from crawlers.address_policy import AddressPolicy
    from crawlers.recorder.egress import ConnectTo as ConnectToRules
    from pipeline.config.settings import SettingsError, load_settings
    from pipeline.crawl import job_for, run_crawl
    from pipeline.crawl.disk_space import Room

    try:
        settings = load_settings(running_stack=False)
        settings.egress_url(egress)
        ConnectToRules(connect_to or ())
        AddressPolicy(allow_address or ())
    except (SettingsError, ValueError) as problem:
        raise fail(str(problem), Exit.WRONG_USE) from problem
    if upstream_ca is not None and not upstream_ca.is_file():
        raise fail(f"{upstream_ca}: no such file", Exit.WRONG_USE)
    if engine not in (None, "http", "browser"):
        raise fail(f"--engine: expected http or browser, found {engine!r}", Exit.WRONG_USE)
    sources = _sources(watchlist, source or [], [*(url or []), *(more_urls or [])], settings.egress_names)
    jobs = [
        job_for(
            each,
            user_agent=settings.user_agent,
            collector=settings.collector,
            egress=egress,
            engine=engine,  # type: ignore[arg-type] # one of the two, checked above
            connect_to=connect_to or settings.connect_to,
            allow_addresses=allow_address or settings.allow_addresses,
            upstream_ca=(upstream_ca or settings.upstream_ca),
            follow_links=watchlist is not None,
        )
        for each in sources
    ]
    chromium = _chromium(settings, jobs)
    reports: list[CrawlReport] = []

    def run() -> Iterator[Mapping[str, Any]]:
        from crawlers.model.serialization import report_to_json

        for job in jobs:
            err.print(f"{job.source.id}: crawl {job.crawl_id} begins", markup=False)
            report = run_crawl(
                job,
                spool,
                chromium=chromium,
                egress_url=settings.egress_url(job.egress),
                room=Room(settings.keep_free_mb * 10**6, store_beside=False),
                on_progress=_print_progress,
            )
            reports.append(report)
            yield report_to_json(report)

    emit(run(), as_json=as_json, human=in_words)
    if any(report.problem is not None for report in reports):
        raise typer.Exit(int(Exit.FAILED))
    if any(report.failures for report in reports):
        raise typer.Exit(int(Exit.SOURCES_FAILED))


def in_words(report: Mapping[str, Any]) -> str:
    """A crawl's report for people."""
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in report["outcomes"].items()) or "none"
    lines = [
        f"{report['source']}: {report['pages']} pages ({outcomes}), {report['records']} records, "
        f"{report['exchanges']} exchanges, {report['bytes']} bytes, "
        f"{report['truncated']} cut short, {report['refused']} refused"
    ]
    lines += [f"  {file['path']} ({file['records']} records, {file['bytes']} bytes)" for file in report["files"]]
    lines += [f"  failed: {failure}" for failure in report["failures"]]
    lines += [f"  note: {remark}" for remark in report["remarks"]]
    lines += [f"  the crawl could not go on: {report['problem']}"] if report["problem"] else []
    return "\n".join(lines)


def _print_progress(progress: str) -> None:
    err.print(progress, markup=False)


def _sources(
    watchlist: Path | None, ids: list[str], urls: list[str], egress: tuple[str, ...]
) -> tuple[Source, ...]:
    from crawlers.watchlist.loader import InvalidWatchlist, read_watchlist, source_for_urls
    from processors.urls import absolute

    if (watchlist is None) == (not urls):
        raise fail("expected either --watchlist FILE or --url URL", Exit.WRONG_USE)
    if watchlist is None:
        if ids:
            raise fail("--source chooses from a watch-list: give --watchlist FILE, too", Exit.WRONG_USE)
        bad = [url for url in urls if absolute(url, url) != url]
        if bad:
            raise fail(f"not a web address (expected https://host/path): {', '.join(bad)}", Exit.WRONG_USE)
        return (source_for_urls(tuple(dict.fromkeys(urls)), follow="nothing"),)
    try:
        listed = read_watchlist(watchlist, egress=egress)
    except InvalidWatchlist as errors:
        raise fail(str(errors), Exit.WRONG_USE) from errors
    unknown = [name for name in ids if name not in {each.id for each in listed.sources}]
    if unknown:
        known = ", ".join(each.id for each in listed.sources)
        raise fail(f"{watchlist} has no source {', '.join(unknown)}; it has: {known}", Exit.WRONG_USE)
    return tuple(each for each in listed.sources if not ids or each.id in ids)


def _chromium(settings: Settings, jobs: list[CrawlJob]) -> Path | None:
    if all(job.engine != "browser" for job in jobs):
        return None
    from pipeline.chromium import HOW, find_chromium

    found = find_chromium(settings.chromium)
    if found is None:
        raise fail(HOW)
    return found.program
