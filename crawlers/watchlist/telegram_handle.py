"""The handle of a public Telegram channel out of the forms in which people and programs write it.

In: text of a watch-list or of a list of sources. Out: the handle as it is written, or None for what names no
public channel: invitations, posts of private channels, folders. Source: Telegram's documentation of deep links
(https://core.telegram.org/api/links, read 2026-11).
"""

import re
from typing import Final

HANDLE: Final = r"[A-Za-z][A-Za-z0-9_]{3,31}"
NO_HANDLES: Final = frozenset(
    {"joinchat", "addlist", "addstickers", "addemoji", "proxy", "socks", "share", "login"}
)
"""First parts of paths that lead elsewhere (the documentation's list, as far as they could be handles)."""
WWW: Final = frozenset({"www", "web", "telegram"})
ADDRESS: Final = re.compile(
    rf"(?:https?://)?(?:www\.)?(?:t|telegram)\.(?:me|dog)/+(?:s/+)?({HANDLE})(?:/\d+)?/?(?:[?#]\S*)?",
    re.IGNORECASE,
)
SUBDOMAIN: Final = re.compile(rf"(?:https?://)?({HANDLE})\.t\.me(?:/(?:s/?|\d+)?/?)?(?:[?#]\S*)?", re.IGNORECASE)
APP_LINK: Final = re.compile(rf"tg:(?://)?resolve/?\?(?:\S*&)?domain=({HANDLE})(?:[&#]\S*)?", re.IGNORECASE)
MENTION: Final = re.compile(rf"@({HANDLE})")


def handle_in(text: str) -> str | None:
    """``t.me/NAME``, ``t.me/s/NAME/12?single``, ``NAME.t.me``, ``tg://resolve?domain=NAME``, ``@NAME``."""
    found = next(
        (match for form in (ADDRESS, SUBDOMAIN, APP_LINK, MENTION) if (match := form.fullmatch(text)) is not None),
        None,
    )
    if found is None or found[1].lower() in NO_HANDLES:
        return None
    if found.re is SUBDOMAIN and found[1].lower() in WWW:
        return None
    return found[1]


def handle_or_name(text: str) -> str | None:
    """The same, where a bare word is meant as a handle, too."""
    bare = re.fullmatch(HANDLE + "/?", text)
    return bare[0].rstrip("/") if bare is not None else handle_in(text)
