"""The stored pages of an extension and what is expected of them, tried with its parsers as they run in the
product.

In: the operator's folder. Out: a `PageTrial` for each stored page, with every difference in words. A page is two
files in ``pages``: its bytes, and beside them a JSON file with its address, its time and its parser. What is
expected of it stands in ``expected``, and counts only once a person has read it beside the page
(``read_by_a_person``). Raises `ExtensionFault` for an extension that cannot be used.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

from crawlers.extensions.folder import ExtensionFolder
from processors.extension.code import ExtensionFault, parse_reference
from processors.pages.page import Page
from processors.parsing.confined_extensions import ConfinedExtension
from processors.parsing.parsers import PageNotRead
from processors.record_keys import record_json

PAGES: Final = "pages"
EXPECTED: Final = "expected"
SHOWN: Final = 200
"""Characters of a value in a sentence."""


class TrialResult(StrEnum):
    """What reading one stored page came to."""

    AS_EXPECTED = "as_expected"
    DIFFERENT = "different"
    NOT_READ_BY_A_PERSON = "not_read_by_a_person"
    WITHOUT_EXPECTATION = "without_expectation"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class PageTrial:
    """One stored page, read. ``found`` is what an expectation of it would say, None where it could not be read."""

    extension: str
    page: str
    parser: str
    result: TrialResult
    problems: tuple[str, ...]
    found: Mapping[str, Any] | None

    def as_json(self) -> dict[str, Any]:
        """The row of kind ``extension_page``."""
        return {
            "kind": "extension_page",
            "extension": self.extension,
            "page": self.page,
            "parser": self.parser,
            "result": self.result.value,
            "records": None if self.found is None else len(self.found["records"]),
            "problems": list(self.problems),
        }


def try_pages(folder: ExtensionFolder, name: str) -> Iterator[PageTrial]:
    """Read every stored page of an extension, in the order of their names."""
    assert folder.path is not None
    here = folder.path / name
    with ConfinedExtension(folder.code(name)) as extension:
        for described in sorted((here / PAGES).glob("*.json")):
            yield _tried(here, described, extension)


def expectation(found: Mapping[str, Any]) -> str:
    """The text of a file of expectations, for a person to read beside the page."""
    return json.dumps({"read_by_a_person": False, **found}, ensure_ascii=False, indent=2) + "\n"


def accept(folder: ExtensionFolder, trial: PageTrial) -> Path:
    """Write what was found in the place of what was expected; a person has yet to read it."""
    assert folder.path is not None
    assert trial.found is not None
    file = folder.path / trial.extension / EXPECTED / f"{trial.page}.json"
    file.parent.mkdir(mode=0o755, exist_ok=True)
    file.write_text(expectation(trial.found), "utf-8")
    file.chmod(0o644)
    return file


def _tried(here: Path, described: Path, extension: ConfinedExtension) -> PageTrial:
    name, facts = described.stem, _json(described)
    parser = str(facts.get("parser"))

    def trial(result: TrialResult, problems: Sequence[str], found: Mapping[str, Any] | None = None) -> PageTrial:
        return PageTrial(here.name, name, parser, result, tuple(problems), found)

    try:
        reading = extension.read_page(_page(described, facts), parse_reference(parser))
    except PageNotRead as why:
        return trial(TrialResult.UNREADABLE, [str(why)])
    except (KeyError, TypeError, ValueError, OSError) as wrong:
        raise ExtensionFault(
            f"{described}: expected `file`, `url`, `captured_at` (with its zone), `status`, `content_type` and "
            f"`parser` of a stored page, found {wrong!r}"
        ) from wrong
    found = {
        "outcome": reading.outcome.value,
        "outcome_reason": reading.outcome_reason,
        "next_pages": list(reading.links.next_pages),
        "records": [record_json(record) for record in reading.records],
    }
    file = here / EXPECTED / described.name
    if not file.exists():
        return trial(TrialResult.WITHOUT_EXPECTATION, [f"{file} is missing; --accept writes it"], found)
    expected = _json(file)
    if problems := list(_differences(expected, found)):
        return trial(TrialResult.DIFFERENT, problems, found)
    if expected.get("read_by_a_person") is not True:
        wanted = f"read {file} beside the page, then set `read_by_a_person` there to true"
        return trial(TrialResult.NOT_READ_BY_A_PERSON, [wanted], found)
    return trial(TrialResult.AS_EXPECTED, (), found)


def _page(described: Path, facts: Mapping[str, Any]) -> Page:
    captured_at = datetime.fromisoformat(facts["captured_at"])
    if captured_at.tzinfo is None:
        raise ValueError("captured_at has no zone")
    return Page(
        url=str(facts["url"]),
        body=(described.parent / Path(str(facts["file"])).name).read_bytes(),
        captured_at=captured_at,
        status=facts["status"],
        content_type=facts["content_type"],
    )


def _json(file: Path) -> Mapping[str, Any]:
    try:
        value = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as wrong:
        raise ExtensionFault(f"{file}: cannot be read as JSON: {wrong}") from wrong
    if not isinstance(value, dict):
        raise ExtensionFault(f"{file}: expected an object, found {type(value).__name__}")
    return value


def _differences(expected: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    """Every difference as a sentence."""
    for name in ("outcome", "outcome_reason", "next_pages"):
        if expected.get(name) != found[name]:
            yield f"{name}: expected {_shown(expected.get(name))}, found {_shown(found[name])}"
    records = expected.get("records")
    for number, (wanted, read) in enumerate(zip_longest(records or (), found["records"]), start=1):
        if read is None:
            yield f"record {number} was expected and not found: {_shown(wanted)}"
        elif wanted is None:
            filled = {name: value for name, value in read.items() if value not in (None, "", [], {})}
            yield f"record {number} was found and not expected: {_shown(filled)}"
        else:
            for name in dict.fromkeys((*wanted, *read)):
                if wanted.get(name) != read.get(name):
                    yield (
                        f"record {number}, {name}: expected {_shown(wanted.get(name))}, "
                        f"found {_shown(read.get(name))}"
                    )


def _shown(value: Any) -> str:
    text = "nothing" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
