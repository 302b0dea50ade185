"""The command that only fetches: `crawl`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipeline.output import Exit, JsonOption, emit, err, fail, print_progress

if TYPE_CHECKING:
    from crawlers.model.job import CrawlJob
    from crawlers.model.report import CrawlReport
    from crawlers.watchlist.engines import Engine
    from crawlers.watchlist.source import Source
    from pipeline.config.settings import Settings

Watchlist = Annotated[
    Path | None, typer.Option("--watchlist", metavar="FILE", help="Crawl the sources of this watch-list.")
]
SourceIds = Annotated[
    list[str] | None, typer.Option("--source", metavar="ID", help="Crawl only this source. May be repeated.")
]
Urls = Annotated[
    list[str] | None, typer.Option("--url", metavar="URL", help="Crawl this page alone. May be repeated.")
]
MoreUrls = Annotated[list[str] | None, typer.Argument(metavar="[URL]...", help="More pages after --url.")]
SpoolDir = Annotated[Path, typer.Option("--spool", metavar="DIR", help="The folder for WARC files.")]
EngineName = Annotated[
    str | None,
    typer.Option("--engine", metavar="http|browser|direct", help="The engine, instead of the one of the source."),
]
EgressName = Annotated[
    str | None,
    typer.Option("--egress", metavar="NAME", help="The egress profile, instead of the one of the source."),
]
ConnectTo = Annotated[
    list[str] | None,
    typer.Option(
        "--connect-to",
        metavar="H1:P1:H2:P2",
        help="Connect to another host and port, as in curl. May be repeated.",
    ),
]
AllowAddress = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-address",
        metavar="CIDR",
        help="A network that may be reached besides public ones. May be repeated.",
    ),
]
UpstreamCa = Annotated[
    Path | None,
    typer.Option("--upstream-ca", metavar="FILE", help="A certificate authority to trust as well, as PEM."),
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
    """Crawl into WARC files of a spool folder, with a report per crawl (also as report.json beside them).

    Needs no store, database or Airflow. Pages named by --url are fetched alone: no link is followed, and
    robots.txt is not read. Exit code 3 if a source failed, 1 if a crawl could not continue.
    """
    from crawlers.address_policy import AddressPolicy
    from crawlers.extensions.crawl_code import code_of_source, write_code
    from crawlers.recorder.egress import ConnectTo as ConnectToRules
    from crawlers.watchlist.engines import engine_of_request
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
        raise fail(f"--upstream-ca: the file {upstream_ca} does not exist.", Exit.WRONG_USE)
    chosen = None if engine is None else engine_of_request(engine)
    if engine is not None and chosen is None:
        raise fail(f"--engine: expected http, browser or direct, found {engine!r}.", Exit.WRONG_USE)
    sources = _sources(watchlist, source or [], [*(url or []), *(more_urls or [])], chosen, settings)
    if chosen == "direct":
        _require_fit_for_direct_mode(sources)
    codes = {each.id: code_of_source(settings.extension_folder, each.parser, each.spider) for each in sources}
    jobs = [
        job_for(
            each,
            user_agent=settings.user_agent,
            collector=settings.collector,
            egress=egress,
            engine=chosen,
            connect_to=connect_to or settings.connect_to,
            allow_addresses=allow_address or settings.allow_addresses,
            upstream_ca=(upstream_ca or settings.upstream_ca),
            follow_links=watchlist is not None,
            code=codes[each.id],
        )
        for each in sources
    ]
    chromium = _chromium(settings, jobs)
    reports: list[CrawlReport] = []

    def run() -> Iterator[Mapping[str, Any]]:
        from crawlers.model.serialization import report_to_json

        for job in jobs:
            code = codes[job.source.id]
            err.print(f"{job.source.id}: crawl {job.crawl_id} starts", markup=False)
            report = run_crawl(
                job,
                spool,
                chromium=chromium,
                egress_url=settings.egress_url(job.egress),
                room=Room(settings.keep_free_mb * 10**6, store_beside=False),
                on_progress=print_progress,
                prepare_folder=None if code is None else partial(write_code, code=code),
            )
            reports.append(report)
            yield report_to_json(report)

    emit(run(), as_json=as_json, human=describe_report)
    if any(report.problem is not None for report in reports):
        raise typer.Exit(int(Exit.FAILED))
    if any(report.failures for report in reports):
        raise typer.Exit(int(Exit.SOURCES_FAILED))


def describe_report(report: Mapping[str, Any]) -> str:
    """A crawl's report for people."""
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in report["outcomes"].items()) or "none"
    lines = [
        f"{report['source']}: {report['pages']} pages ({outcomes}), {report['records']} records, "
        f"{report['exchanges']} exchanges, {report['bytes']} bytes, "
        f"{report['truncated']} truncated, {report['refused']} refused"
    ]
    lines += [f"  {file['path']} ({file['records']} records, {file['bytes']} bytes)" for file in report["files"]]
    lines += [f"  failed: {failure}" for failure in report["failures"]]
    lines += [f"  note: {remark}" for remark in report["remarks"]]
    lines += [f"  the crawl could not continue: {report['problem']}"] if report["problem"] else []
    return "\n".join(lines)


def _require_fit_for_direct_mode(sources: tuple[Source, ...]) -> None:
    """The watch-list refuses the same of a source whose own engine is ``direct``."""
    from crawlers.watchlist.engines import INVALID_CERTIFICATE_IN_DIRECT_MODE, refusal_of_direct_mode

    for each in sources:
        why = refusal_of_direct_mode("direct", video=each.video is not None, profile=each.profile)
        if why is None and each.allow_invalid_certificate:
            why = INVALID_CERTIFICATE_IN_DIRECT_MODE
        if why is not None:
            raise fail(f"{each.id}: {why}", Exit.WRONG_USE)


def _sources(
    watchlist: Path | None, ids: list[str], urls: list[str], engine: Engine | None, settings: Settings
) -> tuple[Source, ...]:
    from crawlers.watchlist.loader import InvalidWatchlist, read_watchlist, source_for_urls
    from processors.urls import absolute

    if (watchlist is None) == (not urls):
        raise fail("Expected either --watchlist FILE or --url URL.", Exit.WRONG_USE)
    if watchlist is None:
        if ids:
            raise fail("--source chooses from a watch-list. Add --watchlist FILE.", Exit.WRONG_USE)
        bad = [url for url in urls if absolute(url, url) != url]
        if bad:
            raise fail(
                f"Expected URLs like https://example.org/page, found: {', '.join(bad)}. Nothing was fetched.",
                Exit.WRONG_USE,
            )
        named = tuple(dict.fromkeys(urls))
        return (source_for_urls(named, follow="nothing", engine=engine or "http"),)
    try:
        listed = read_watchlist(watchlist, egress=settings.egress_names, extensions=settings.extension_folder)
    except InvalidWatchlist as errors:
        raise fail(str(errors), Exit.WRONG_USE) from errors
    unknown = [name for name in ids if name not in {each.id for each in listed.sources}]
    if unknown:
        known = ", ".join(each.id for each in listed.sources)
        raise fail(f"{watchlist} has no source {', '.join(unknown)}. It has: {known}.", Exit.WRONG_USE)
    return tuple(each for each in listed.sources if not ids or each.id in ids)


def _chromium(settings: Settings, jobs: list[CrawlJob]) -> Path | None:
    engines = {job.engine for job in jobs}
    if engines == {"http"}:
        return None
    from crawlers.watchlist.engines import IN_BROWSER
    from pipeline.chromium import HOW, find_chromium

    found = find_chromium(settings.chromium)
    if found is None and not engines & IN_BROWSER:
        return None  # pages are taken as they were fetched, and the report says of each why
    if found is None:
        raise fail(HOW)
    return found.program
