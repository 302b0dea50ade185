"""What an engine reports of its crawl while it goes on: one JSON object per line.

An engine is a process of its own and may be ended at any moment, so it accounts for each visit when it is over
and keeps nothing for the end. ``encode_event`` and ``decode_event`` are each other's inverse.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from processors.pages.outcome import Outcome


@dataclass(frozen=True, slots=True)
class PageVisited:
    """What the request for one page came to. ``url`` is what was requested.

    ``records`` counts what the page says, ``known`` what it leads to and is known already. ``seed``: the operator
    named the page. ``filled`` counts by field the records in which it says something. ``linked_from`` is the page
    by whose link this one was found, where that is to be known.
    """

    url: str
    page_id: str
    outcome: Outcome
    reason: str | None = None
    records: int = 0
    known: int = 0
    seed: bool = False
    filled: Mapping[str, int] = field(default_factory=dict)
    linked_from: str | None = None


@dataclass(frozen=True, slots=True)
class CrawlNote:
    """Something whoever runs the crawl should know, in a sentence. ``is_failure``: the source failed by it."""

    text: str
    is_failure: bool = False


@dataclass(frozen=True, slots=True)
class StepsDone:
    """What came of the steps that a source declares, on one page: the outcome of each, by number and step."""

    url: str
    outcomes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class EngineChosen:
    """With which engine a page of a source with ``engine: auto`` is read; ``reason``: why by the browser."""

    url: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class EngineFinished:
    """The engine came to its own end; ``problem`` says why it could not work, None where it could."""

    problem: str | None = None


EngineEvent = PageVisited | CrawlNote | StepsDone | EngineChosen | EngineFinished
_KINDS: dict[str, type[EngineEvent]] = {
    "visit": PageVisited,
    "remark": CrawlNote,
    "steps": StepsDone,
    "engine": EngineChosen,
    "finished": EngineFinished,
}


def encode_event(event: EngineEvent) -> str:
    """The event as one line of JSON, line end included."""
    name = next(name for name, kind in _KINDS.items() if isinstance(event, kind))
    return json.dumps({"event": name, **asdict(event)}, ensure_ascii=False) + "\n"


def decode_event(line: str) -> EngineEvent | None:
    """The event that a line holds; None for a line that holds none."""
    try:
        row = json.loads(line)
        kind = _KINDS[row.pop("event")]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if kind is PageVisited:
        row["outcome"] = Outcome(row["outcome"])
    return kind(**row)
