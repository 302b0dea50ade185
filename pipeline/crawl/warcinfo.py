"""What the first record of a crawl's WARC files says: software, versions, settings; nothing of who, why or
where.

In: the job. Out: fields for the ``warcinfo`` record. Facts of collection appear only as the salted commitments
the job brings.
"""

import hashlib
import json
import platform
from functools import cache
from importlib.metadata import version
from typing import Final

from crawlers.model.job import CrawlJob
from crawlers.model.serialization import job_to_json
from pipeline.config.settings import ROOT
from pipeline.crawl.video_search import TOOL, tool_version

PACKAGES: Final = ("access", "crawlers", "dags", "pipeline", "plugins", "processors", "storage")

PARTS: Final = ("scrapy", "playwright", "uvloop", "cryptography")
"""Whose versions stand beside our own."""


@cache
def tree_digest() -> str:
    """sha256 over the names and bytes of the program's files: tells by which code a capture was made."""
    digest = hashlib.sha256()
    for path in sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        digest.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return f"sha256:{digest.hexdigest()}"


def warcinfo_facts(job: CrawlJob) -> dict[str, str]:
    """Fields in the order in which they are written."""
    row = job_to_json(job)
    settings = {name: row[name] for name in ("engine", "limits", "follow_links", "one_warc_per_url", "user_agent")}
    settings |= {name: row["source"][name] for name in ("delay_s", "robots", "allow_invalid_certificate")}
    source = {name: value for name, value in row["source"].items() if name != "egress"}
    versions = {name: version(name) for name in PARTS}
    if job.source.video is not None and (found := tool_version()) is not None:
        versions[TOOL] = found
    parts = " ".join(f"{name}/{each}" for name, each in versions.items())
    return {
        "software": f"letapis/{version('letapis')} Python/{platform.python_version()} {parts}",
        "program-digest": tree_digest(),
        **({} if job.extension is None else {"extension": job.extension}),
        "crawl-id": job.crawl_id,
        "source": json.dumps(source, ensure_ascii=False, sort_keys=True),
        "collector": job.collector,
        "robots": job.source.robots,
        "settings": json.dumps(settings, ensure_ascii=False, sort_keys=True),
        **{f"commitment-{name}": value for name, value in sorted(job.commitments.items())},
    }
