"""What is known of a crawl's browser before its job is: enough to start it. Light to import."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BrowserWanted:
    """The browser of a crawl: whom it trusts, its program (None: Playwright's own), and what it calls itself."""

    authority_spki_sha256: str
    program: str | None
    user_agent: str
