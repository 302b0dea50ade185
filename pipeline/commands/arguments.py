"""Names of things in the archive, as a person types them: checked before they are looked up.

In: an argument. Out: the same argument. Raises ``typer.Exit`` (wrong use) with a sentence for text that
cannot be a name in any archive: "none found" is a result, and it must not follow from a typing error.
"""

import re
from datetime import datetime
from typing import Final

from pipeline.output import Exit, fail
from processors.urls import is_address

_DIGEST: Final = re.compile(r"(?:sha256:)?[0-9a-f]{64}")
_RECORD_ID: Final = re.compile(
    r"<?urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}>?", re.IGNORECASE
)
_WARC_KEY: Final = re.compile(r"warc/\S+")

NAMES: Final = (
    "urn:uuid:... of a capture, 64 hexadecimal digits of a record or an imported capture, sha256:... of a medium"
)


def web_address(text: str, *, what: str = "URL") -> str:
    """A URL as captures have it; a host alone means its first page."""
    if is_address(text):
        return text
    raise fail(f"{what}: expected a URL like https://example.org/page, found {text!r}.", Exit.WRONG_USE)


def archived_name(text: str) -> str:
    """The id of a capture, a record or a medium."""
    if _DIGEST.fullmatch(text) or _RECORD_ID.fullmatch(text):
        return text
    raise fail(f"ID: expected {NAMES}; found {text!r}.", Exit.WRONG_USE)


def custody_name(text: str) -> str:
    """The id of a capture, the key of a WARC file, or a URL."""
    if _DIGEST.fullmatch(text) or _RECORD_ID.fullmatch(text) or _WARC_KEY.fullmatch(text):
        return text
    if "://" in text and is_address(text):
        return text
    expected = "urn:uuid:... of a capture, warc/... of a file, or a URL like https://example.org/page"
    raise fail(f"ID|KEY|URL: expected {expected}; found {text!r}.", Exit.WRONG_USE)


def days_in_order(since: datetime | None, until: datetime | None) -> None:
    """Refuse a first day after the last: nothing could be found between them."""
    if since is not None and until is not None and since > until:
        raise fail(
            f"--since {since:%Y-%m-%d} is after --until {until:%Y-%m-%d}. Exchange the two.",
            Exit.WRONG_USE,
        )
