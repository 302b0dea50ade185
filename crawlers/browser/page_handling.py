"""What is done with each page that a crawl shows in the browser, as its source declares it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from crawlers.model.capture import RenderingKind
from crawlers.model.login import LoginSign
from crawlers.watchlist.page_step import PageStep
from crawlers.watchlist.source import USUAL_RENDERINGS, RenderingName, Source

KINDS: Final[Mapping[RenderingName, RenderingKind]] = {
    "screenshot": RenderingKind.FULL_PAGE,
    "viewport": RenderingKind.VIEW,
    "thumbnail": RenderingKind.THUMBNAIL,
    "text": RenderingKind.TEXT,
    "mhtml": RenderingKind.MHTML,
    "pdf": RenderingKind.PDF,
}
"""What the names of the watch-list stand for."""


@dataclass(frozen=True, slots=True)
class PageHandling:
    """``renderings`` are made besides the final DOM; one that is larger or takes longer than the limits is left
    out. ``steps`` are done before anything is made. ``login_sign`` is looked for
    on each page of a crawl with a login.
    """

    renderings: frozenset[RenderingKind] = frozenset(KINDS[name] for name in USUAL_RENDERINGS)
    rendering_bytes: int = 64 << 20
    rendering_seconds: float = 45.0
    reject_consent: bool = False
    steps: tuple[PageStep, ...] = ()
    login_sign: LoginSign | None = None


def handling_of(source: Source) -> PageHandling:
    """What the source declares."""
    names = USUAL_RENDERINGS if source.renderings is None else source.renderings
    return PageHandling(
        renderings=frozenset(KINDS[name] for name in names),
        reject_consent=source.consent == "reject",
        steps=source.steps or (),
    )
