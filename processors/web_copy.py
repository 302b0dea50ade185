"""The address of a copy that another web archive serves of a page: whose copy it is, and of which moment.

In: an address such as ``https://web.archive.org/web/20240102030405/https://example.org/``. Out: a `WebCopy`, None
for anything else. A copy is what that archive says that a page was; whoever captures it has captured the copy, and
never the page. Source: the Internet Archive's help on its addresses (https://archive.org/help/wayback_api.php, and
``id_``, ``if_``, ``im_`` and their like after the time; read 2026-11).
"""

import re
from dataclasses import dataclass
from typing import Final

WAYBACK: Final = "web.archive.org"
WAYBACK_SURT: Final = "org,archive,web)/web/"
"""How the sort keys of all copies begin."""

_COPY: Final = re.compile(
    r"https?://web\.archive\.org(?::(?:80|443))?/web/(?P<time>\d{4,14})(?P<form>[a-z]{2}_)?/(?P<of>\S+)",
    re.IGNORECASE,
)
_SCHEME: Final = re.compile(r"https?:/{1,2}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class WebCopy:
    """``time_raw``: the moment of the copy as its address states it (``YYYYMMDDhhmmss``, or the beginning)."""

    archive: str
    url: str
    time_raw: str

    @property
    def stated_at(self) -> str:
        """The moment for people, as far as the address states it: ``2024-01-02 03:04:05``."""
        digits = self.time_raw
        day = "-".join(filter(None, (digits[:4], digits[4:6], digits[6:8])))
        clock = ":".join(filter(None, (digits[8:10], digits[10:12], digits[12:14])))
        return f"{day} {clock}".rstrip()


def copy_in(url: str) -> WebCopy | None:
    """Of which page and moment the address says that it has a copy."""
    found = _COPY.fullmatch(url.partition("#")[0])
    if found is None:
        return None
    of = found["of"]
    scheme = _SCHEME.match(of)
    scheme_of_page = "http:" if scheme is None else scheme[0].rstrip("/").lower()
    rest = of if scheme is None else of[scheme.end() :]
    return WebCopy(WAYBACK, f"{scheme_of_page}//{rest}", found["time"])
