"""The address of one post of a public Telegram channel, and the pages on which it stands.

In: an address as people copy it: ``t.me/NAME/12``, with ``?single`` (one picture of an album) or ``?comment=7``,
``t.me/s/NAME/12``, ``NAME.t.me/12``. Out: a `PostAddress`, None for anything else: posts of private channels
(``t.me/c/...``) have no page. Source: Telegram's documentation of deep links (https://core.telegram.org/api/links,
read 2026-11).
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

TELEGRAM_HOSTS: Final = frozenset({"t.me", "telegram.me", "telegram.dog"})
"""Hosts of the public preview (core.telegram.org/api/links, read 2026-11-23)."""

_HANDLE: Final = r"[A-Za-z][A-Za-z0-9_]{3,31}"
_PATH: Final = re.compile(rf"/+(?:s/+)?(?P<channel>{_HANDLE})/+(?P<post>\d{{1,15}})/?")
_SUBDOMAIN: Final = re.compile(rf"(?P<channel>{_HANDLE})\.t\.me")


@dataclass(frozen=True, slots=True)
class PostAddress:
    """A post by its channel and number."""

    channel: str
    post_id: int

    @property
    def frame_url(self) -> str:
        """The post alone, whole albums included, as its card and other sites show it in a frame."""
        return f"https://t.me/{self.channel}/{self.post_id}?embed=1&mode=tme"

    @property
    def context_url(self) -> str:
        """The channel's preview around the post."""
        return f"https://t.me/s/{self.channel}/{self.post_id}"


def is_on_telegram(url: str) -> bool:
    """Whether it is an address of the public preview."""
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    return host in TELEGRAM_HOSTS or _SUBDOMAIN.fullmatch(host) is not None


def post_in(url: str) -> PostAddress | None:
    """The post that the address names."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    if parts.scheme not in ("http", "https"):
        return None
    if host in TELEGRAM_HOSTS:
        found = _PATH.fullmatch(parts.path)
        return None if found is None else PostAddress(found["channel"], int(found["post"]))
    owner = _SUBDOMAIN.fullmatch(host)
    number = parts.path.strip("/").removeprefix("s/")
    if owner is None or not re.fullmatch(r"\d{1,15}", number):
        return None
    return PostAddress(owner["channel"], int(number))
