"""What reading one capture came to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CaptureResult:
    """What a capture was: a page (with how many records), a medium, neither.

    ``waits_for`` names the operator's parser that reads the page and is not here.
    """

    page: bool = False
    records: int = 0
    unreadable: bool = False
    medium: bool = False
    refused: bool = False
    waits_for: str | None = None
