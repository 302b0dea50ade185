"""How pages are fetched: the engines, and what goes with each."""

from typing import Final, Literal

Engine = Literal["http", "browser", "auto", "direct"]
"""`auto` fetches, and turns single pages to the browser where what came shows the need. `direct` has the browser
speak with the site by itself, and takes what it decoded.
"""

IN_BROWSER: Final[frozenset[Engine]] = frozenset(("browser", "direct"))
"""The engines by which every page is shown in the browser."""

NO_VIDEO_IN_DIRECT_MODE: Final = (
    "Video is fetched through the recorder, which direct mode goes without: choose one. Nothing was fetched."
)
NO_LOGIN_IN_DIRECT_MODE: Final = (
    "A login is kept out of the files by the recorder, which direct mode goes without: choose one. Nothing was "
    "fetched."
)

INVALID_CERTIFICATE_IN_DIRECT_MODE: Final = (
    "In direct mode the browser verifies certificates, and `allow_invalid_certificate` does nothing: choose one. "
    "Nothing was fetched."
)


def engine_of_request(name: str) -> Engine | None:
    """The engine that a person names for single pages; None where it is none of these."""
    found: dict[str, Engine] = {"http": "http", "browser": "browser", "direct": "direct"}
    return found.get(name)


def refusal_of_direct_mode(engine: str, *, video: bool, profile: str | None) -> str | None:
    """The sentence that refuses what does not go with direct mode; None where all goes together."""
    if engine != "direct":
        return None
    if (profile or "").strip():
        return NO_LOGIN_IN_DIRECT_MODE
    return NO_VIDEO_IN_DIRECT_MODE if video else None
