"""What a crawl is lent of a login: the state of a browser that is logged in, and the sign by which that is seen.

Nothing of it stands in a job, a report or a WARC file; it goes from process to process through memory alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class LoginSign:
    """What a page shows to those alone who are logged in: a CSS selector that matches something visible, or a
    text. At least one of them; with both, both have to be there.
    """

    selector: str | None = None
    text: str | None = None

    def __post_init__(self) -> None:
        if not self.selector and not self.text:
            raise ValueError("the sign of a login: expected a selector or a text, found neither")

    def __str__(self) -> str:
        shown = (self.selector, None if self.text is None else f"the text {self.text!r}")
        return " and ".join(each for each in shown if each)


@dataclass(frozen=True, slots=True)
class BrowserLogin:
    """``profile`` is its name in the watch-list, ``state`` what Playwright keeps of a context."""

    profile: str
    sign: LoginSign
    state: Mapping[str, Any] = field(repr=False)
