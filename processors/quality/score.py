"""The quality score of a capture: how much of what was seen at capture is there again when it is replayed.

In: what was seen and what was replayed, as `Seen` and `Replayed`. Out: `Quality`: a value from 0 to 1 for each
of three parts, or None with the reason, and one score of them. The score is their mean with `WEIGHTS`; a part
without a value is left out, and named. A page that is missing from the replay is 0, whatever else there is. The
weights are ours (decision 55): a picture is what a reader sees; a text alone is still there when everything
else is gone.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from processors.quality.pictures import picture_likeness
from processors.quality.resources import Resource, share_loaded
from processors.quality.texts import text_likeness

METHOD: Final = "2"
"""Goes up with every change of what a score means; scores of two methods are not to be compared."""


class PartName(StrEnum):
    """What is compared."""

    SCREENSHOT = "screenshot"
    TEXT = "text"
    RESOURCES = "resources"


WEIGHTS: Final = {PartName.SCREENSHOT: 0.5, PartName.TEXT: 0.2, PartName.RESOURCES: 0.3}


@dataclass(frozen=True, slots=True)
class Part:
    """``value`` from 0 (nothing is there again) to 1 (all of it), None where ``reason`` says why there is none."""

    name: PartName
    value: float | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Quality:
    """``score`` is None where no part has a value; ``reason`` says so, or why the page is missing."""

    score: float | None
    parts: tuple[Part, ...]
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What the capture holds of the page as it was seen; None: the crawl made none."""

    text: str | None
    screenshot: bytes | None
    resources: Sequence[Resource] | None


@dataclass(frozen=True, slots=True)
class Replayed:
    """The same of the replay; ``loaded`` are the keys of the resources whose records were given to it."""

    text: str | None
    screenshot: bytes | None
    loaded: Collection[str]


def missing_page(reason: str) -> Quality:
    """The page was captured, and the replay does not have it."""
    return Quality(0.0, tuple(Part(name, None, reason) for name in PartName), reason)


def quality_of(seen: Seen, replayed: Replayed) -> Quality:
    """The three comparisons and their mean."""
    parts = (
        _screenshot(seen.screenshot, replayed.screenshot),
        _text(seen.text, replayed.text),
        _resources(seen.resources, replayed.loaded),
    )
    return scored(parts)


def scored(parts: Sequence[Part]) -> Quality:
    """The weighted mean of the parts that have a value."""
    valued = [(WEIGHTS[part.name], part.value) for part in parts if part.value is not None]
    if not valued:
        return Quality(None, tuple(parts), "nothing that was seen at capture can be compared")
    total = sum(weight for weight, _ in valued)
    return Quality(round(sum(weight * value for weight, value in valued) / total, 4), tuple(parts))


def _screenshot(seen: bytes | None, replayed: bytes | None) -> Part:
    if seen is None:
        return Part(PartName.SCREENSHOT, None, "the crawl made no screenshot")
    if replayed is None:
        return Part(PartName.SCREENSHOT, None, "no screenshot could be made of the replay")
    found = picture_likeness(seen, replayed)
    if found is None:
        return Part(PartName.SCREENSHOT, None, "a screenshot could not be decoded")
    return Part(PartName.SCREENSHOT, round(found, 4))


def _text(seen: str | None, replayed: str | None) -> Part:
    if seen is None:
        return Part(PartName.TEXT, None, "the crawl kept no visible text")
    if replayed is None:
        return Part(PartName.TEXT, None, "the text of the replay could not be taken")
    found = text_likeness(seen, replayed)
    if found is None:
        return Part(PartName.TEXT, None, "no text was seen, neither at capture nor in the replay")
    return Part(PartName.TEXT, round(found, 4))


def _resources(seen: Sequence[Resource] | None, loaded: Collection[str]) -> Part:
    if seen is None:
        return Part(PartName.RESOURCES, None, "the crawl kept no list of resources")
    found = share_loaded(seen, loaded)
    if found is None:
        return Part(PartName.RESOURCES, None, "no resource was recorded that a replay could load")
    return Part(PartName.RESOURCES, round(found, 4))
