"""One crawl as a process group of its own: its launch, its job, and its report."""

from pipeline.crawl.job import crawl_id_of_now, job_for
from pipeline.crawl.launcher import GRACE_S, run_crawl

__all__ = ["GRACE_S", "crawl_id_of_now", "job_for", "run_crawl"]
