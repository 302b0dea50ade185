"""The JSON form of jobs and reports, in which they pass between the processes of a crawl.

Reading back what ``job_to_json`` and ``report_to_json`` give makes an equal object. Keys are the fields of the
types (``crawlers.model.json_form``). Reading raises ``KeyError``, ``TypeError`` or ``ValueError`` on all else.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from crawlers.model.job import CrawlJob
from crawlers.model.json_form import from_json, to_json
from crawlers.model.report import CrawlReport


def job_to_json(job: CrawlJob) -> dict[str, Any]:
    """The job as JSON-ready values."""
    return to_json(job)


def job_from_json(row: Mapping[str, Any]) -> CrawlJob:
    """The job that ``job_to_json`` wrote."""
    return from_json(CrawlJob, row)


def report_to_json(report: CrawlReport) -> dict[str, Any]:
    """The report with the JSON keys of kind ``crawl`` (architecture, section 7)."""
    return {"kind": "crawl", **to_json(report)}


def report_from_json(row: Mapping[str, Any]) -> CrawlReport:
    """The report that ``report_to_json`` wrote; keys that are no field of it are left out."""
    names = {each.name for each in fields(CrawlReport)}
    return from_json(CrawlReport, {name: value for name, value in row.items() if name in names})
