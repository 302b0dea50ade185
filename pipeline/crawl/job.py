"""Makes the job of one crawl out of a source and what this installation says."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from crawlers.model.job import CrawlJob, CrawlLimits, KnownContent
from crawlers.watchlist.engines import Engine
from crawlers.watchlist.source import Source
from pipeline.config.parsing import DIRECT
from processors.extension.code import ExtensionCode


def crawl_id_of_now() -> str:
    """A new crawl id; sorts by time."""
    from ulid import ULID  # brings pydantic, which a crawl's own process does without

    return str(ULID())


def job_for(
    source: Source,
    *,
    user_agent: str,
    collector: str,
    crawl_id: str | None = None,
    known: KnownContent | None = None,
    engine: Engine | None = None,
    egress: str | None = None,
    connect_to: Sequence[str] = (),
    allow_addresses: Sequence[str] = (),
    upstream_ca: Path | None = None,
    commitments: Mapping[str, str] | None = None,
    one_warc_per_url: bool = False,
    follow_links: bool = True,
    code: ExtensionCode | None = None,
) -> CrawlJob:
    """A job with the source's own seeds and limits. ``engine`` and ``egress`` override the source's."""
    limits = source.limits
    profile = egress or source.egress
    return CrawlJob(
        crawl_id=crawl_id or crawl_id_of_now(),
        source=source,
        seeds=source.seeds,
        engine=engine or source.engine,
        limits=CrawlLimits(pages=limits.pages, bytes=limits.bytes, seconds=limits.seconds),
        known=known or KnownContent(),
        connect_to=tuple(connect_to),
        allow_addresses=tuple(allow_addresses),
        upstream_ca=upstream_ca,
        egress=None if profile == DIRECT else profile,
        user_agent=user_agent,
        collector=collector,
        commitments=dict(commitments or {}),
        one_warc_per_url=one_warc_per_url,
        follow_links=follow_links,
        extension=None if code is None else f"{code.name} {code.digest}",
    )
