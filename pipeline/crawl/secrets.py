"""Passes the addresses of the egress proxy and of the slots' database to a crawl's own process, not to its engine.

The addresses may hold a password: they go from process to process in the environment, which other users cannot
read, and never into a file. The engine needs neither it nor any other secret of this installation.
"""

import os
from collections.abc import Mapping
from typing import Final

from crawlers.address_policy import AddressPolicy
from crawlers.model.job import CrawlJob
from crawlers.rate_limit.limiter import HostRateLimiter
from crawlers.rate_limit.slots import MAX_WAIT_S
from crawlers.recorder.egress import ConnectTo, Egress, egress_for

EGRESS_URL_VARIABLE: Final = "LETAPIS_CRAWL_LEAVES_BY"
SLOTS_DATABASE_VARIABLE: Final = "LETAPIS_CRAWL_TURNS_FROM"

BACKFILL_WAITS_S: Final = 3600.0
"""A backfill waits until others leave its host: what runs it ends the crawl in good time before a night."""

SECRETS: Final = (
    EGRESS_URL_VARIABLE,
    SLOTS_DATABASE_VARIABLE,
    "AIRFLOW__",
    "LETAPIS_AIRFLOW_",
    "LETAPIS_DATABASE_",
    "LETAPIS_EGRESS_",
    "LETAPIS_LOGIN_",
    "LETAPIS_METRICS_",
    "LETAPIS_MORNING_",
    "LETAPIS_REPLICA_",
    "LETAPIS_S3_",
    "OTEL_",
)
"""How the names of variables begin that no engine is shown: a hostile page may take over a browser."""


class EgressNotConfigured(Exception):
    """The job names an egress profile whose address is not known; nothing may leave any other way."""


def egress_from_environment(job: CrawlJob) -> Egress:
    """The job's egress, by the address in the environment, which is removed from it. Raises
    ``EgressNotConfigured``.
    """
    proxy_url = os.environ.pop(EGRESS_URL_VARIABLE, None)
    if (job.egress is None) != (proxy_url is None):
        raise EgressNotConfigured(
            f"egress profile {job.egress!r}: its address is not known here; nothing was fetched"
        )
    return egress_for(proxy_url, AddressPolicy(job.allow_addresses), ConnectTo(job.connect_to))


def rate_limiter_from_environment(job: CrawlJob) -> HostRateLimiter:
    """The crawl's rate limiter, shared with all other crawls over the database in the environment, which is
    removed.

    Without one, as in `letapis crawl`, the crawl keeps its own.
    """
    writer_url = os.environ.pop(SLOTS_DATABASE_VARIABLE, None)
    delay_s = job.source.delay_s
    if writer_url is None:
        return HostRateLimiter(delay_s)
    from storage.rate_limit.shared_limiter import (
        DatabaseSlots,  # a crawl by itself needs no database, nor its client
    )

    # what a person asks for may take the places that are kept free of the nightly crawls
    backfill = bool(job.backfill)
    slots = DatabaseSlots(writer_url, job.crawl_id, on_demand=job.one_warc_per_url, backfill=backfill)
    rate_limiter = HostRateLimiter(delay_s, slots, max_wait_s=BACKFILL_WAITS_S if backfill else MAX_WAIT_S)
    slots.on_backoff = rate_limiter.notify_backoff
    return rate_limiter


def engine_environment() -> Mapping[str, str]:
    """The environment without secrets."""
    return {name: value for name, value in os.environ.items() if not name.startswith(SECRETS)}
