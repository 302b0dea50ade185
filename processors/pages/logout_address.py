"""Addresses that evidently end a session when they are opened."""

import re
from typing import Final
from urllib.parse import unquote, urlsplit

_LOGS_OUT: Final = re.compile(r"(?:^|[^a-z0-9])(?:log|sign)[-_ ]?(?:out|off)(?:$|[^a-z0-9])", re.IGNORECASE)


def is_logout_address(url: str) -> bool:
    """Whether path or query name it in the usual words: ``/logout``, ``/user/sign-out``, ``?action=logoff``.

    Other words, and pages that log out without any, are not recognised.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return _LOGS_OUT.search(unquote(f"{parts.path}?{parts.query}")) is not None
