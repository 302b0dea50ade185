"""How a site lays out what it shows, as the watch-list declares it: headings of lists, fields of articles."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """A declared layout.

    ``columns`` maps a field of the record (``case_number``, ``starts``, ``judge`` ...) to the headings that
    mean it, in the page's own words; what it leaves out is still guessed from the lexicon of headings.
    ``timezone`` is an IANA name (``Europe/Minsk``); ``court`` and ``register`` are used where the page itself
    names none. ``article`` maps a field of an article to the selector of its place (`processors.pages.selectors`),
    for sites that the generic reader does not understand.
    """

    name: str
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    timezone: str | None = None
    language: str | None = None
    court: str | None = None
    register: str | None = None
    article: Mapping[str, str] = field(default_factory=dict)
