"""Which site answers for which host name."""

from samples.messages import Site
from samples.telegram import files, site

SITES: dict[str, Site] = {
    "t.me": site.answer,
    **dict.fromkeys(files.MEDIA_HOSTS, files.answer),
}

UNTRUSTED_HOSTS: tuple[str, ...] = ()
MISNAMED_HOSTS: tuple[str, ...] = ()
HOSTS = tuple(sorted(SITES))


def site_of(host: str) -> Site | None:
    """The site of that host name, or None."""
    return SITES.get(host)
