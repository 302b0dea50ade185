"""Makes the validation report of a release from what its tests and measurements came to, and reads it again.

In: a JUnit file of pytest, a JSON file of `benchmarks.quality`, both made by the tree that the report is about.
Out: `ValidationReport`, canonical JSON (RFC 8785) of the format ``letapis/validation-report/1``. Raises
`ValidationReportError`. Guaranteed: every outcome stands in one of the two files, which the report names by
their digests; nothing is filled in, and an area without tests says so.
"""

import json
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from typing import Any, Final, Self

import rfc8785
import yaml
from lxml import etree

from pipeline.config.settings import ROOT
from pipeline.crawl.warcinfo import tree_digest
from processors.digest import Digest, sha256
from storage.errors import StorageError

FORMAT: Final = "letapis/validation-report/1"
TREE_PROPERTY: Final = "letapis_tree"
"""The property of a JUnit file that says of which tree it is (`tests/conftest.py`)."""
LIMITS: Final = ROOT / "docs" / "limits.md"
PARTS: Final = ("cryptography", "lxml", "playwright", "rfc3161-client", "scrapy", "sqlalchemy", "typst")
LARGEST_BYTES: Final = 64 << 20
NAMED_AT_MOST: Final = 200


class ValidationReportError(StorageError):
    """The report cannot be made or read; the message names the file, what was expected and what was found."""

    def __init__(self, subject: str, expected: str, found: str) -> None:
        super().__init__(f"Validation report, {subject}: expected {expected}, found {found}. Nothing was written.")
        self.subject = subject
        self.expected = expected
        self.found = found


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """A report as its bytes; ``tree`` is the digest of the code that it is about."""

    content: bytes
    tree: str

    @property
    def digest(self) -> Digest:
        """The sha256 of the bytes."""
        return sha256(self.content)

    @classmethod
    def read(cls, content: bytes, subject: str) -> Self:
        """Read one, whoever laid it out; raises `ValidationReportError`."""
        found = _object(content, subject)
        if found.get("format") != FORMAT:
            raise ValidationReportError(subject, f"the format {FORMAT}", repr(found.get("format")))
        software = found.get("software")
        tree = software.get("tree") if isinstance(software, dict) else None
        if not isinstance(tree, str):
            raise ValidationReportError(subject, "the digest of the tree that it is about", repr(tree))
        return cls(content, tree)


def make_validation_report(junit: bytes, quality: bytes | None, *, at: datetime) -> ValidationReport:
    """The report of this tree; ``quality`` is None where nothing was measured."""
    tree = tree_digest()
    cases = _cases(junit, tree)
    measured = _measured(quality, tree)
    limits = LIMITS.read_bytes()
    content: dict[str, Any] = {
        "format": FORMAT,
        "made_at": at.astimezone(UTC).isoformat(timespec="seconds"),
        "software": {"name": "letapis", "version": version("letapis"), "tree": tree},
        "ran_on": {
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}",
            "parts": {name: version(name) for name in PARTS},
        },
        "made_from": {
            "tests": str(sha256(junit)),
            "measurements": None if quality is None else str(sha256(quality)),
        },
        "tests": _outcomes(cases),
        "areas": [_area(each, cases) for each in _areas()],
        "measurements": measured,
        "limits": {"sha256": str(sha256(limits)), "statements": _statements(limits.decode())},
    }
    return ValidationReport(rfc8785.dumps(content), tree)


@dataclass(frozen=True, slots=True)
class _Case:
    """One test of the run: its module, its name, and ``passed``, ``failed`` or ``skipped``."""

    module: str
    name: str
    outcome: str


def _cases(junit: bytes, tree: str) -> tuple[_Case, ...]:
    try:
        root = etree.fromstring(junit, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))
    except etree.XMLSyntaxError as problem:
        raise ValidationReportError("the JUnit file", "XML that pytest wrote", str(problem)) from problem
    trees = {each.get("value") for each in root.iter("property") if each.get("name") == TREE_PROPERTY}
    if trees != {tree}:
        found = ", ".join(sorted(map(str, trees))) or "none"
        raise ValidationReportError("the JUnit file", f"a run of this tree, {tree}", found)
    cases = []
    for case in root.iter("testcase"):
        inside = {each.tag for each in case}
        outcome = "failed" if inside & {"failure", "error"} else "skipped" if "skipped" in inside else "passed"
        cases.append(_Case(case.get("classname") or "", case.get("name") or "", outcome))
    if not cases:
        raise ValidationReportError("the JUnit file", "at least one test", "none")
    return tuple(cases)


def _measured(quality: bytes | None, tree: str) -> list[dict[str, Any]]:
    """Each figure with its error rate where it counts right ones of some."""
    if quality is None:
        return []
    found = _object(quality, "the measurements")
    if found.get("tree") != tree:
        raise ValidationReportError("the measurements", f"those of this tree, {tree}", repr(found.get("tree")))
    try:
        return [
            {
                "set": str(each["set"]),
                "what": str(each["what"]),
                "right": each["right"],
                "of": each["of"],
                "error_rate": round(1 - each["right"] / each["of"], 6) if each["of"] else None,
            }
            for each in found["figures"]
        ]
    except (KeyError, TypeError) as problem:
        expected = "figures of set, what, right, of"
        raise ValidationReportError("the measurements", expected, repr(problem)) from problem


def _outcomes(cases: Sequence[_Case]) -> dict[str, Any]:
    counted = Counter(each.outcome for each in cases)
    failed = sorted(f"{each.module}.{each.name}" for each in cases if each.outcome == "failed")
    return {
        "run": len(cases),
        "passed": counted["passed"],
        "failed": counted["failed"],
        "skipped": counted["skipped"],
        "failed_names": failed[:NAMED_AT_MOST],
    }


def _area(declared: Mapping[str, Any], cases: Sequence[_Case]) -> dict[str, Any]:
    """What the tests of one area came to; ``tested`` is false where none of them was run or all were skipped."""
    within = tuple(f"{name}." for name in declared["modules"])
    own = [each for each in cases if f"{each.module}.".startswith(within)]
    outcomes = _outcomes(own)
    return {
        "area": declared["area"],
        "claim": declared["claim"],
        "tested": bool(outcomes["passed"] or outcomes["failed"]),
        "holds": bool(outcomes["passed"]) and not outcomes["failed"],
        **outcomes,
        "modules": sorted({each.module for each in own}),
    }


def _areas() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((files(__package__) / "areas.yaml").read_text("utf-8"))
    return found


def _statements(text: str) -> list[dict[str, str]]:
    """The statements of the limits, each with its heading: a point of a list is one."""
    heading, found = "", list[dict[str, str]]()
    for line in text.splitlines():
        if line.startswith("## "):
            heading = line.removeprefix("## ")
        elif line.startswith("- "):
            found.append({"heading": heading, "statement": line.removeprefix("- ")})
        elif line.startswith("  ") and found:
            found[-1]["statement"] += f" {line.strip()}"
    return found


def _object(content: bytes, subject: str) -> dict[str, Any]:
    if len(content) > LARGEST_BYTES:
        raise ValidationReportError(subject, f"at most {LARGEST_BYTES} bytes", str(len(content)))
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as problem:
        raise ValidationReportError(subject, "JSON", str(problem)) from problem
    if not isinstance(found, dict):
        raise ValidationReportError(subject, "an object", type(found).__name__)
    return found
