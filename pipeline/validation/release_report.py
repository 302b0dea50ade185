"""The validation report of the running version: where it lies, and how packages find it again.

In: `Settings`, an archive, the digest that a frozen selection names. Out: `ValidationReport`. A report about
another tree is none of this version. What a selection names is kept in the store under its digest, so that the
package is the same when it is built again by a later version. Raises `ValidationReportError` and the errors of
the store.
"""

import json
import os
from pathlib import Path
from typing import Any

from pipeline.config.settings import Settings
from pipeline.crawl.warcinfo import tree_digest
from pipeline.validation.validation_report import ValidationReport, ValidationReportError
from processors.digest import Digest
from storage.archive import Archive
from storage.objects.keys import validation_report_key


def release_report(settings: Settings) -> ValidationReport | None:
    """The report of this very tree; None where there is no file, or one about another tree."""
    path = settings.validation_report_file
    try:
        report = ValidationReport.read(path.read_bytes(), str(path))
    except FileNotFoundError:
        return None
    except OSError as problem:
        raise ValidationReportError(str(path), "a file that can be read", str(problem.strerror)) from problem
    return report if report.tree == tree_digest() else None


def keep_report(archive: Archive, report: ValidationReport) -> Digest:
    """Have the store keep it under its digest; twice is once."""
    archive.objects.put_new(validation_report_key(report.digest), report.content, sha256=report.digest)
    return report.digest


def kept_report(archive: Archive, digest: Digest) -> ValidationReport:
    """The report that a selection names."""
    key = validation_report_key(digest)
    head = archive.objects.head(key)
    if head is None:
        raise ValidationReportError(key, "an object of the store", "none")
    content = archive.objects.read(key, head.version_id)
    report = ValidationReport.read(content, key)
    if report.digest != digest:
        raise ValidationReportError(key, str(digest), str(report.digest))
    return report


def write_report_file(report: ValidationReport, path: Path) -> None:
    """Write it under another name first; an older report in its place is replaced."""
    begun = path.with_name(f".{path.name}.begun")
    with begun.open("wb") as file:
        file.write(report.content)
        file.flush()
        os.fsync(file.fileno())
    begun.rename(path)


def report_row(report: ValidationReport, path: Path) -> dict[str, Any]:
    """JSON-ready row of kind ``validation_report``."""
    found = json.loads(report.content)
    tests = found["tests"]
    return {
        "kind": "validation_report",
        "file": str(path),
        "digest": str(report.digest),
        "tree": report.tree,
        "made_at": found["made_at"],
        "run": tests["run"],
        "passed": tests["passed"],
        "failed": tests["failed"],
        "skipped": tests["skipped"],
        "areas": len(found["areas"]),
        "measurements": len(found["measurements"]),
    }
