"""What yt-dlp found on one page and what was taken of it, as JSON that grows while it works.

The process that runs yt-dlp writes the file anew after each step, so that whoever ends it, or finds it ended,
still knows what was found and taken by then. What stands in it comes from the page: hostile, and text alone.
"""

import json
import os
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

REPORT_NAME: Final = "report.json"
MOST_REPORT_BYTES: Final = 32 << 20
MOST_INFO_BYTES: Final = 8 << 20
"""Of what yt-dlp says of all videos of a page; beyond that it is left out, with that as the reason."""

MOST_CHARACTERS: Final = 1_000


class VideoOutcome(StrEnum):
    """What the search for video and audio on a page came to."""

    TAKEN = "taken"
    """All that was found within the limits, and that was all that was found."""
    PART = "part"
    """Some of what was found; the reason says why not the rest."""
    NONE = "none"
    """The page has no video or audio that yt-dlp finds."""
    OVER_LIMIT = "over_limit"
    """Something was found, and the limits let nothing of it be taken."""
    FAILED = "failed"
    """Nothing was taken, since a site or yt-dlp failed."""


def write_report(folder: Path, row: Mapping[str, Any]) -> None:
    """Write the report whole or not at all. Raises ``OSError``."""
    draft = folder / f"{REPORT_NAME}.draft"
    draft.write_text(json.dumps(row), "utf-8")
    draft.replace(folder / REPORT_NAME)


def read_report(folder: Path) -> dict[str, Any] | None:
    """The report as far as it came; None where there is none that can be read."""
    try:
        descriptor = os.open(folder / REPORT_NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            row = json.loads(file.read(MOST_REPORT_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None
